"""Flashing: whether a video flashes more often than three times within a second, which can cause seizures.

By the general flash of WCAG 2.3.1: brightness that changes by a tenth to and fro, over enough of the screen."""

from collections import deque
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from moderation.detector import Pixels

ACROSS, DOWN = 32, 18
"""Brightness is measured in this many cells."""
CHANGE: Final = 0.1
"""Of the brightest white: less is no change."""
DARKER: Final = 0.8
"""A change between two states that are both brighter than this does not count."""
MOST: Final = 7
"""Changes within a second that are allowed: three flashes are six, and one more begins no fourth."""
SPREAD: Final = 0.028
"""A quarter of ten degrees of sight, as a share of the screen: less of it may flash."""
SECOND: Final = 1_000_000
TOGETHER: Final = 0.6
"""While the camera moves, cells get lighter and darker by turns: changes count only if so many go the same way."""

Cells = NDArray[np.floating[Any]]


class Flashing:
    """Told frame after frame; `found` is true once the video flashed too often."""

    def __init__(self) -> None:
        self.found = False
        self._turning: Cells | None = None
        self._rising = np.zeros((DOWN, ACROSS), np.int8)
        self._changes: deque[tuple[int, NDArray[np.bool_]]] = deque()

    def told(self, micros: int, frame: Pixels, moving: bool) -> None:
        """`moving`: the camera moved since the last frame."""
        bright = _brightness(frame)
        if self._turning is None:
            self._turning = bright
        changed = self._changed(bright, self._turning)
        if moving and abs(float(self._rising[changed].sum())) < TOGETHER * float(changed.sum()):
            changed = np.zeros_like(changed)
        self._changes.append((micros, changed))
        while micros - self._changes[0][0] >= SECOND:
            self._changes.popleft()
        often = np.sum([each for _, each in self._changes], axis=0) > MOST
        self.found = self.found or float(often.mean()) >= SPREAD

    def _changed(self, bright: Cells, turning: Cells) -> NDArray[np.bool_]:
        """The cells that now go the other way than before, by enough. Remembers where each cell turned."""
        step = bright - turning
        dark_enough = np.minimum(bright, turning) < DARKER
        way = (np.sign(step) * (np.abs(step) >= CHANGE)).astype(np.int8)
        changed = (way != 0) & (way != self._rising) & dark_enough
        further = (way != 0) | (step * self._rising > 0)
        self._turning = np.where(further, bright, turning)
        self._rising = np.where(changed, way, self._rising).astype(np.int8)
        return np.asarray(changed, np.bool_)


def _brightness(frame: Pixels) -> Cells:
    """Relative luminance of each cell, 0 to 1."""
    small = np.asarray(cv2.resize(frame, (ACROSS, DOWN), interpolation=cv2.INTER_AREA), np.float32) / 255
    return np.asarray((small**2.2) @ np.array((0.2126, 0.7152, 0.0722), np.float32))
