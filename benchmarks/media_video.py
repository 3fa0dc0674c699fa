"""Videos: how many faces, plates and words are covered in how many frames, what leaks, and how long it takes.

    python benchmarks/media_video.py [MANIFEST.jsonl] [--quick] [--check] [--clips N] [--seconds S]

The clips pan and zoom over the pictures of MANIFEST (of benchmarks/media.py): the truth of every frame is known.
Something counts as covered in a frame if four fifths of its box are. Prints every frame in which something is not, and
which of these the second pass lists itself, then a line a set, then the figures."""

import argparse
import asyncio
import io
import json
import math
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from moderation.media_video import CoveredVideo, Videos

SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "media" / "manifest.jsonl"
SIZE = (1280, 720)
RATE = 30
ENOUGH = 0.8
SMALL = 12
"""Faces with a shorter side than this, in pixels of the picture that the clip is made from, are counted apart."""
SHOWN = 0.8
"""Something counts in a frame if this share of it is in the picture."""
COVERED, SECONDS, MEGABYTES = 0.998, 150.0, 2400
TIMED = 15.0
"""The length, in seconds, that the bar on time is for."""


@dataclass
class Score:
    """What was seen of the clips of one set."""

    frames: int = 0
    covered: int = 0
    true: int = 0
    small_covered: int = 0
    small: int = 0
    leaked: int = 0
    unlisted: int = 0
    """Frames in which something is open, of which the second pass says nothing."""
    painted: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0


Matrix = np.ndarray[Any, np.dtype[np.float64]]


def camera(number: int, count: int, size: tuple[int, int]) -> Matrix:
    """From the pixels of a picture to those of a frame: across and back, swaying, zooming in by a half."""
    share = number / count
    factor = max(SIZE[0] / size[0], SIZE[1] / size[1]) * (1 + 0.5 * share)
    room = (factor * size[0] - SIZE[0], factor * size[1] - SIZE[1])
    across, down = 0.5 - 0.5 * math.cos(2 * math.pi * share), 0.5 + 0.5 * math.sin(2 * math.pi * share)
    return np.array([[factor, 0, -room[0] * across], [0, factor, -room[1] * down]])


def clip(picture: np.ndarray[Any, Any], seconds: float) -> bytes:
    """H.264 as a phone writes it."""
    stream = io.BytesIO()
    count = round(seconds * RATE)
    size = (picture.shape[1], picture.shape[0])
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "veryfast"})
        track.width, track.height = SIZE
        track.pix_fmt = "yuv420p"
        for number in range(count):
            frame = cv2.warpAffine(picture, camera(number, count, size), SIZE, flags=cv2.INTER_LINEAR)
            container.mux(track.encode(av.VideoFrame.from_ndarray(np.asarray(frame, np.uint8), format="bgr24")))
        container.mux(track.encode(None))
    return stream.getvalue()


def edges_in(matrix: Matrix, edges: list[float]) -> tuple[list[int], float]:
    """A box of the picture in a frame, cut at its borders, and which share of it is to be seen."""
    x1, y1 = (float(value) for value in matrix @ np.array([edges[0], edges[1], 1.0]))
    x2, y2 = (float(value) for value in matrix @ np.array([edges[2], edges[3], 1.0]))
    cut = [max(0.0, x1), max(0.0, y1), min(float(SIZE[0]), x2), min(float(SIZE[1]), y2)]
    seen = max(0.0, cut[2] - cut[0]) * max(0.0, cut[3] - cut[1]) / max((x2 - x1) * (y2 - y1), 1e-9)
    return [round(edge) for edge in cut], seen


def mask_of(video: CoveredVideo, number: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.zeros((video.height, video.width), bool)
    for box in video.frames[number].boxes:
        mask[box.y1 : box.y2, box.x1 : box.x2] = True
    return mask


def count(score: Score, video: CoveredVideo, row: dict[str, Any]) -> Iterator[str]:
    """Adds a clip to the score of its set; gives every miss: what is open, small faces too, and in which frames."""
    score.frames += len(video.frames)
    score.leaked += len(video.leaked_frames)
    open_ones: dict[str, list[int]] = defaultdict(list)
    for number in range(len(video.frames)):
        mask = mask_of(video, number)
        score.painted.append(float(mask.mean()))
        matrix = camera(number, len(video.frames), (row["width"], row["height"]))
        for each in row["boxes"]:
            (x1, y1, x2, y2), seen = edges_in(matrix, each["box"])
            if each.get("ignore") or seen < SHOWN:
                continue
            good = float(mask[y1:y2, x1:x2].mean()) >= ENOUGH
            left, top, right, bottom = each["box"]
            tiny = each["kind"] == "face" and min(right - left, bottom - top) < SMALL
            if not good:
                what = f"{'small ' * tiny}{each['kind']} {[round(edge) for edge in each['box']]}"
                open_ones[what].append(number)
            if tiny:
                score.small += 1
                score.small_covered += good
                continue
            score.true += 1
            score.covered += good
    listed = set(video.leaked_frames)
    score.unlisted += len({number for numbers in open_ones.values() for number in numbers} - listed)
    for what, numbers in open_ones.items():
        unlisted = [number for number in numbers if number not in listed]
        yield f"missed {what} of {row['image']} in frames {stretches(numbers)}; not listed: {stretches(unlisted)}"


def stretches(numbers: list[int]) -> str:
    """Frames in order, as one writes them: 3-6, 9."""
    ends: list[list[int]] = []
    for number in numbers:
        if ends and number == ends[-1][1] + 1:
            ends[-1][1] = number
        else:
            ends.append([number, number])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in ends) or "none"


def cpu(pid: int) -> float:
    """The processor time of a process and its ended children, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return sum(int(each) for each in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> int:
    """The most memory that a process had, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


class Meter:
    """Reads processor time and memory of the process that covers videos, whenever it tells its progress."""

    def __init__(self, videos: Videos, name: str) -> None:
        self._videos, self._name = videos, name
        self.cpu, self.megabytes = 0.0, 0

    def told(self, share: float) -> None:
        print(f"\r{self._name} {share:4.0%}", end="", file=sys.stderr, flush=True)
        if self._videos.pid is not None:
            self.cpu, self.megabytes = cpu(self._videos.pid), max(self.megabytes, peak(self._videos.pid))


async def measure(
    rows: list[dict[str, Any]], folder: Path, seconds: float
) -> tuple[dict[str, Score], dict[str, float]]:
    """Scores a set, and the times and memory of the whole."""
    scores: dict[str, Score] = defaultdict(Score)
    megabytes = 0
    async with Videos() as videos:
        for row in rows:
            picture = cv2.imread(str(folder / row["image"]))
            meter, score, began = Meter(videos, row["image"]), scores[row["set"]], time.perf_counter()
            video = await videos.cover(clip(np.asarray(picture), seconds), progress=meter.told)
            score.seconds += time.perf_counter() - began
            score.cpu += meter.cpu
            megabytes = max(megabytes, meter.megabytes)
            if video.leaks:
                print(f"{row['image']}: the second pass doubts frames {stretches(list(video.leaked_frames))}")
            for miss in count(score, video, row):
                print(miss)
    print(file=sys.stderr)
    figures: dict[str, float] = {"clips": len(rows), "clip_seconds": seconds, "peak_megabytes": megabytes}
    figures["seconds_of_15"] = sum(each.seconds for each in scores.values()) / (len(rows) * seconds) * TIMED
    figures["cpu_seconds_of_15"] = sum(each.cpu for each in scores.values()) / (len(rows) * seconds) * TIMED
    return scores, figures


def chosen(manifest: Path, clips: int) -> list[dict[str, Any]]:
    """Some pictures of each set, in turn, those with most to cover first."""
    sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in map(json.loads, manifest.read_text("utf-8").splitlines()):
        sets[row["set"]].append(row)
    ordered = [sorted(each, key=lambda row: (-min(len(row["boxes"]), 8), row["image"])) for each in sets.values()]
    turns = [row for turn in zip(*ordered, strict=False) for row in turn]
    return turns[:clips]


def print_table(scores: dict[str, Score]) -> None:
    print(
        f"{'set':16} {'frames':>6} {'seen':>6} {'covered':>8} {'<12px':>12} {'painted':>8} {'leaked':>6}"
        f" {'unlisted':>8} {'cpu s':>6}"
    )
    for name, score in scores.items():
        share = score.covered / score.true if score.true else 1.0
        small = f"{score.small_covered}/{score.small}" if score.small else "-"
        print(
            f"{name:16} {score.frames:6} {score.true:6} {share:8.4f} {small:>12} {np.mean(score.painted):8.3f}"
            f" {score.leaked:6} {score.unlisted:8} {score.cpu:6.1f}"
        )


def missed_bars(scores: dict[str, Score], figures: dict[str, float], quick: bool) -> Iterator[str]:
    faces = [score for name, score in scores.items() if name.startswith("face")]
    true, covered = sum(score.true for score in faces), sum(score.covered for score in faces)
    if true and covered / true < COVERED:
        yield f"faces: covered in {covered / true:.4f} of {true} face-frames, wanted {COVERED}"
    if not quick and figures["cpu_seconds_of_15"] > SECONDS:
        yield f"15 s of 720p: {figures['cpu_seconds_of_15']:.0f} processor seconds, wanted at most {SECONDS:.0f}"
    if figures["peak_megabytes"] > MEGABYTES:
        yield f"peak_megabytes: {figures['peak_megabytes']}, wanted at most {MEGABYTES}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--quick", action="store_true", help="one clip of a second")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--clips", type=int, default=12, help="how many")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each is")
    options = parser.parse_args()
    if not options.manifest.is_file():
        print("There are no pictures to make videos of; name a manifest.")
        return 0
    seconds, clips = (1.0, 1) if options.quick else (options.seconds, options.clips)
    rows = chosen(options.manifest, clips)
    scores, figures = asyncio.run(measure(rows, options.manifest.parent, seconds))
    print_table(scores)
    missed = list(missed_bars(scores, figures, options.quick))
    print(*missed, sep="\n") if missed else print("every bar is met")
    figures["unlisted_frames"] = sum(score.unlisted for score in scores.values())
    figures |= {f"{name}_covered": score.covered / max(score.true, 1) for name, score in scores.items()}
    print(" ".join(f"{name}={value:.4g}" for name, value in figures.items()))
    return int(options.check and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
