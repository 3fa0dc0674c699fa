"""Boxes from what a network answers: corners and scores, of which the doubled ones are dropped."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from moderation.finding import Box, BoxKind
from moderation.media_boxes import Side, area, clipped


def boxes_from(
    corners: NDArray[np.float32], scores: NDArray[np.float32], kind: BoxKind, name: str, size: Side, same: float
) -> list[Box]:
    """Boxes from a network's answer, best first; what overlaps a better one by more than `same` (IoU) is dropped."""
    if not len(corners):
        return []
    sides = np.hstack((corners[:, :2], corners[:, 2:] - corners[:, :2]))
    kept = cv2.dnn.NMSBoxes(sides.tolist(), scores.tolist(), 0.0, same)
    found = [_outwards(corners[index], float(scores[index]), kind, name) for index in kept]
    inside = [clipped(box, size) for box in found]
    return [box for box in inside if area(box)]


def _outwards(corners: NDArray[np.float32], score: float, kind: BoxKind, name: str) -> Box:
    x1, y1 = (math.floor(value) for value in corners[:2])
    x2, y2 = (math.ceil(value) for value in corners[2:])
    return Box(kind, x1, y1, x2, y2, score, name)
