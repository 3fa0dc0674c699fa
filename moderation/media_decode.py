"""Decoding of untrusted pictures, in a child process that is used once and can reach nothing of ours."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from moderation.detector import DetectorFailed, Pixels

SECONDS: Final = 40
"""The child counts its own CPU time; this is the clock on the wall, for a machine that is busy."""
CHILD_KILLED: Final = (-signal.SIGKILL, -signal.SIGXCPU)


class PhotoRefused(Exception):
    """The picture is not taken, now or later. `reason` is a key below [media] in config/languages."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Decoded:
    """An upright sRGB picture, and the format that it had ("JPEG", "HEIF", ...). `moved`: the first one of several."""

    pixels: Pixels
    format: str
    moved: bool = False


def decode(original: bytes) -> Decoded:
    """The pixels of a file, and nothing else of it. Raises PhotoRefused, DetectorFailed."""
    try:
        child = subprocess.run(_command(), input=original, capture_output=True, timeout=SECONDS, env={}, check=False)
    except subprocess.TimeoutExpired as error:
        raise PhotoRefused("too_heavy") from error
    except OSError as error:
        raise DetectorFailed("the decoder of pictures does not start") from error
    if child.returncode in CHILD_KILLED:
        raise PhotoRefused("too_heavy")
    if child.returncode < 0:
        raise PhotoRefused("damaged")
    if child.returncode > 0:
        raise DetectorFailed("the decoder of pictures does not run")
    return _read(child.stdout)


def _command() -> list[str]:
    spec = find_spec("moderation.media_decoder")
    if spec is None or spec.origin is None:
        raise DetectorFailed("the decoder of pictures is not there")
    return [sys.executable, "-I", spec.origin]


def _read(output: bytes) -> Decoded:
    end = output.index(b"\n") + 1
    head: dict[str, Any] = json.loads(output[:end])
    if "refused" in head:
        raise PhotoRefused(str(head["refused"]))
    width, height = int(head["width"]), int(head["height"])
    if len(output) - end != width * height * 3:
        raise PhotoRefused("damaged")
    pixels = np.frombuffer(output, np.uint8, offset=end).reshape(height, width, 3)
    return Decoded(pixels, str(head["format"]), bool(head["moved"]))
