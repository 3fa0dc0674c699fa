"""How the camera moves: from frame to frame, and so from each frame to one plane in which the world stands still.

A face that was seen in one frame is then held where the camera now sees it, also while the phone pans or zooms."""

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from moderation.detector import Pixels
from moderation.finding import Box

SIDE: Final = 320
"""Motion is measured in frames brought to this long side, in pixels."""
POINTS: Final = 120
ENOUGH: Final = 12
"""With fewer points that move together the frame counts as a cut: no motion is known."""
MOST_ZOOM: Final = 1.25
"""More than this between two frames is taken for an error."""

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Place:
    """A box as real numbers: its centre and its half sides."""

    x: float
    y: float
    wide: float
    high: float


@dataclass(frozen=True, slots=True)
class Camera:
    """A turn, a zoom and a shift, as one complex factor and one complex shift: z becomes factor * z + shift."""

    factor: complex = 1
    shift: complex = 0

    def then(self, other: "Camera") -> "Camera":
        return Camera(other.factor * self.factor, other.factor * self.shift + other.shift)

    def back(self) -> "Camera":
        return Camera(1 / self.factor, -self.shift / self.factor)

    def moved(self, place: Place) -> Place:
        """Where a box comes to lie; it stays upright."""
        centre = self.factor * complex(place.x, place.y) + self.shift
        zoom = abs(self.factor)
        return Place(centre.real, centre.imag, place.wide * zoom, place.high * zoom)


def place_of(box: Box) -> Place:
    return Place((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, (box.x2 - box.x1) / 2, (box.y2 - box.y1) / 2)


def box_at(place: Place, like: Box) -> Box:
    """A box of the kind of `like`, rounded outwards."""
    return replace(
        like,
        x1=math.floor(place.x - place.wide),
        y1=math.floor(place.y - place.high),
        x2=math.ceil(place.x + place.wide),
        y2=math.ceil(place.y + place.high),
    )


class CameraPath:
    """Told frame after frame, says how each maps to the plane of the first."""

    def __init__(self) -> None:
        self._last: Grey | None = None
        self._now = Camera()

    def told(self, frame: Pixels) -> Camera:
        """From the pixels of this frame to the plane."""
        zoom = SIDE / max(frame.shape[:2])
        small = cv2.resize(frame, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        if self._last is not None:
            self._now = _between(grey, self._last, zoom).then(self._now)
        self._last = grey
        return self._now


def _between(grey: Grey, before: Grey, zoom: float) -> Camera:
    """How a frame maps to the one before it, in full pixels; no motion if that cannot be seen."""
    points: NDArray[Any] | None = cv2.goodFeaturesToTrack(grey, POINTS, 0.01, 6)
    if points is None or len(points) < ENOUGH:
        return Camera()
    # mypy: the stubs want the answer's buffer, which OpenCV makes itself when it gets None.
    found, good, _ = cv2.calcOpticalFlowPyrLK(grey, before, points, None)  # type: ignore[call-overload]  # see above
    kept = good.ravel() == 1
    if kept.sum() < ENOUGH:
        return Camera()
    matrix, inliers = cv2.estimateAffinePartial2D(points[kept], found[kept], ransacReprojThreshold=1.0)
    if matrix is None or int(inliers.sum()) < ENOUGH:
        return Camera()
    factor = complex(matrix[0, 0], matrix[1, 0])
    if not 1 / MOST_ZOOM < abs(factor) < MOST_ZOOM:
        return Camera()
    return Camera(factor, complex(matrix[0, 2], matrix[1, 2]) / zoom)
