"""Decoding of untrusted videos, frame by frame, in a child process that is used once and can reach nothing of ours."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import IO, Any, Final

import numpy as np

from moderation.detector import DetectorFailed, Pixels
from moderation.media_boxes import Side
from moderation.media_decode import PhotoRefused

CHILD_KILLED: Final = (-signal.SIGKILL, -signal.SIGXCPU)
END: Final = b"\xff" * 8
MOST_LINE: Final = 1000


class VideoRefused(PhotoRefused):
    """The video is not taken, now or later. `reason` is a key below [media] in config/languages."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright frame; `micros` is its time from the start of the video, in microseconds."""

    micros: int
    pixels: Pixels


class VideoFrames:
    """The frames of one file, in order, once; `size` (width, height), `format` ("mov", "matroska"), and
    `seconds` as the file says.

    `with VideoFrames(original) as frames: for frame in frames`. Raises VideoRefused, DetectorFailed."""

    def __init__(self, original: bytes) -> None:
        try:
            self._child = subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
        except OSError as error:
            raise DetectorFailed("the decoder of videos does not start") from error
        assert self._child.stdin is not None and self._child.stdout is not None  # noqa: S101, PT018 - for the types
        self._output: IO[bytes] = self._child.stdout
        try:
            self._give(self._child.stdin, original)
            head = self._head()
        except BaseException:
            self._stop()
            raise
        self.size: Side = (int(head["width"]), int(head["height"]))
        self.seconds = float(head["seconds"])
        self.format = str(head["format"])

    def __enter__(self) -> "VideoFrames":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __iter__(self) -> Iterator[Frame]:
        width, height = self.size
        while (stamp := self._read(8)) != END:
            pixels = np.frombuffer(self._read(width * height * 3), np.uint8).reshape(height, width, 3)
            yield Frame(int.from_bytes(stamp, "big"), pixels)
        self._line()

    @staticmethod
    def _give(into: IO[bytes], original: bytes) -> None:
        try:
            with into:
                into.write(original)
        except BrokenPipeError:
            return  # what the child says of it comes next

    def _head(self) -> dict[str, Any]:
        start = self._read(8)
        return self._line(b"" if start == END else start)

    def _line(self, start: bytes = b"") -> dict[str, Any]:
        line: dict[str, Any] = json.loads(start + self._output.readline(MOST_LINE) or b"{}")
        if not line:
            raise self._ended()
        if "refused" in line:
            raise VideoRefused(str(line["refused"]))
        return line

    def _read(self, length: int) -> bytes:
        found = self._output.read(length)
        if len(found) < length:
            raise self._ended()
        return found

    def _ended(self) -> Exception:
        """Why the child ended before it was done."""
        code = self._child.wait()
        if code in CHILD_KILLED:
            return VideoRefused("video_too_heavy")
        if code < 0:
            return VideoRefused("video_damaged")
        return DetectorFailed("the decoder of videos does not run")

    def _stop(self) -> None:
        self._child.kill()
        self._output.close()
        self._child.wait()


def command() -> list[str]:
    """How the decoder is run. Raises DetectorFailed if it is not there."""
    spec = find_spec("moderation.media_video_decoder")
    if spec is None or spec.origin is None:
        raise DetectorFailed("the decoder of videos is not there")
    return [sys.executable, "-I", spec.origin]
