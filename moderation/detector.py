"""The two ports of detection: one for texts, one for pictures. Detectors propose; they never change and never log."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moderation.finding import Box, Finding

Pixels = NDArray[np.uint8]
"""An oriented sRGB picture: shape (height, width, 3), RGB order."""


class DetectorFailed(Exception):
    """A detector could not look. What it should have looked at is held, never taken for clean."""


class Detector(Protocol):
    def find(self, text: str, language: str) -> Sequence[Finding]:
        """What it sees in `text`, in code points of `text`. Raises DetectorFailed."""
        ...


class MediaDetector(Protocol):
    def find(self, picture: Pixels) -> Sequence[Box]:
        """What it sees in `picture`. Raises DetectorFailed."""
        ...
