"""Detectors of the RetinaFace family: one network, three strides, two anchors a cell. Faces and plates share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from moderation.detector import DetectorFailed, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_found import boxes_from

STRIDES: Final = (8, 16, 32)
CENTRE_VARIANCE: Final = 0.1
SIZE_VARIANCE: Final = 0.2
OVERLAP: Final = 0.4
"""Two boxes that overlap more than this (IoU) are one thing seen twice."""

Sizes = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class AnchorDetector:
    """`mean` is taken from the BGR channels; `sizes` are the anchors' sides per stride; `floor` the least score."""

    network: onnxruntime.InferenceSession
    kind: BoxKind
    name: str
    mean: tuple[int, int, int]
    sizes: Sizes
    floor: float = 0.2

    def find(self, picture: Pixels) -> Sequence[Box]:
        height, width = picture.shape[:2]
        padded = pad(picture, 32)
        planes = (padded[:, :, ::-1].astype(np.float32) - np.array(self.mean, np.float32)).transpose(2, 0, 1)[None]
        try:
            offsets, scores = self.network.run(None, {self.network.get_inputs()[0].name: planes})[:2]
        except Exception as error:  # onnxruntime raises its own classes, all of them straight under Exception
            raise DetectorFailed(f"{self.name} could not look") from error
        likely = scores[0][:, 1] >= self.floor
        cells = anchors(padded.shape[1], padded.shape[0], self.sizes)[likely]
        corners = _decode(offsets[0][likely], cells)
        return boxes_from(corners, scores[0][likely, 1], self.kind, self.name, (width, height), OVERLAP)


def pad(picture: Pixels, to: int) -> Pixels:
    """The picture with black added at the right and the bottom until both sides are multiples of `to`."""
    height, width = picture.shape[:2]
    down, right = -height % to, -width % to
    return picture if not (down or right) else np.pad(picture, ((0, down), (0, right), (0, 0)))


@lru_cache(maxsize=16)
def anchors(width: int, height: int, sizes: Sizes) -> NDArray[np.float32]:
    """Centre and side of every anchor, in pixels: shape (n, 4), in the order of the network's answer."""
    grids = []
    for stride, sides in zip(STRIDES, sizes, strict=True):
        x, y = np.meshgrid(np.arange(-(-width // stride)), np.arange(-(-height // stride)))
        centres = (np.column_stack((x.ravel(), y.ravel())).astype(np.float32) + 0.5) * stride
        square = np.array(sides, np.float32).repeat(2).reshape(-1, 2)
        grids.append(np.hstack((centres.repeat(len(sides), axis=0), np.tile(square, (len(centres), 1)))))
    return np.vstack(grids).astype(np.float32)


def _decode(offsets: NDArray[np.float32], cells: NDArray[np.float32]) -> NDArray[np.float32]:
    centres = cells[:, :2] + cells[:, 2:] * offsets[:, :2] * CENTRE_VARIANCE
    sides = cells[:, 2:] * np.exp(offsets[:, 2:] * SIZE_VARIANCE)
    return np.hstack((centres - sides / 2, centres + sides / 2)).astype(np.float32)
