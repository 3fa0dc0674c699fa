"""QR codes and bar codes by OpenCV: a code is text that only a machine reads."""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from moderation.detector import DetectorFailed, MediaDetector, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_found import boxes_from
from moderation.media_passes import Looks, Pass

LOOKS: Final = Looks(
    fast=(Pass(0.5, side=1280),),
    more=(Pass(0.5, side=2560, zoom=2.0),),
    second=(Pass(0.5, side=1280),),
    video=(Pass(0.5, side=960, every=10),),
)
SOFT: Final = 1.2
"""How much the noise of a dark picture is smoothed before its light is spread out."""
SURE: Final = 1.0
"""OpenCV gives no score: what it finds is covered."""


class Codes:
    def __init__(self) -> None:
        self._square = cv2.QRCodeDetector()
        self._bars = cv2.barcode.BarcodeDetector()

    def find(self, picture: Pixels) -> Sequence[Box]:
        height, width = picture.shape[:2]
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        try:
            seen = [self._squares(grey), self._bars.detectMulti(grey)]
        except cv2.error as error:
            raise DetectorFailed("codes could not look") from error
        corners = np.array([_around(quad) for there, quads in seen if there for quad in quads], np.float32)
        scores = np.full(len(corners), SURE, np.float32)
        return boxes_from(corners.reshape(-1, 4), scores, BoxKind.CODE, "codes", (width, height), 0.5)

    def _squares(self, grey: NDArray[Any]) -> tuple[bool, Any]:
        """Whether there are any, and their corners. Raises cv2.error."""
        try:
            return self._square.detectMulti(grey)
        except cv2.error:
            # Several codes in the dark are too much for it: it sees them when the light is spread out.
            light = cv2.normalize(cv2.GaussianBlur(grey, (0, 0), SOFT), grey.copy(), 0, 255, cv2.NORM_MINMAX)
            return self._square.detectMulti(light)


def _around(quad: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate((quad.reshape(-1, 2).min(axis=0), quad.reshape(-1, 2).max(axis=0)))


def load() -> MediaDetector:
    return Codes()
