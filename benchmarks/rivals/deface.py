"""Sets `deface` up in an environment of its own below build/, outside the lock, and asks it what it would cover."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PLACE = Path(__file__).resolve().parents[2] / "build" / "rivals" / "deface"
BOXES = Path(__file__).with_name("deface_boxes.py")
ALONE = ("deface==1.5.0",)
BESIDES = "opencv-python-headless numpy onnxruntime onnx scikit-image imageio imageio-ffmpeg tqdm".split()
"""What it needs for pictures; it asks for a windowed OpenCV, which servers cannot load."""

Found = tuple[list[tuple[int, int, int, int]], float]
"""The boxes that it covers in a picture, and the processor seconds that it took."""


def set_up() -> bool:
    """Whether it is there, or could be installed."""
    if (PLACE / "ready").exists():
        return True
    python = PLACE / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", *ALONE], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *BESIDES], check=True)
    except (subprocess.CalledProcessError, OSError):
        return False
    (PLACE / "ready").touch()
    return True


def boxes_of(pictures: Sequence[Path]) -> list[Found]:
    """What it covers in each picture."""
    # -P: beside the script lies this module, which has the name of its package.
    ran = subprocess.run(
        [PLACE / "bin" / "python", "-P", BOXES],
        input="".join(f"{path}\n" for path in pictures),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    return [([(x1, y1, x2, y2) for x1, y1, x2, y2 in line["boxes"]], line["seconds"]) for line in lines]
