"""The poster of a video: the still that stands for it, and goes to networks that take none."""

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from moderation.detector import Pixels
from moderation.finding import Box
from moderation.media_boxes import enlarged
from moderation.media_cover import FILL, encoded, fill, in_output
from moderation.media_passes import Sight, Stage

SHARE: Final = 0.33
"""It is a frame from here on, as a share of the length."""
AGAIN: Final = 3
"""How often what is still seen in it is covered as well, before nothing of it is shown."""
ASKED: Final = 5
GONE: Final = 0.8
"""Something of which less than this share is filled is not covered."""


class Poster:
    """The first frame in which nothing was left, from a third of the video on; else the last one before."""

    def __init__(self, length: int) -> None:
        self._wanted = length * SHARE
        self._number = -1
        self._pixels: Pixels | None = None
        self._asked = 0

    def asks_for(self, number: int) -> bool:
        """Whether every detector is to look at this frame, which becomes the poster if nothing is left in it.

        In a crowd many frames may not do: only the first few are asked for."""
        wanted = self._number < self._wanted <= number and self._asked < ASKED
        self._asked += wanted
        return wanted

    def told(self, number: int, pixels: Pixels, boxes: Sequence[Box]) -> None:
        if self._number >= self._wanted:
            return
        self._number, self._pixels = number, pixels.copy()
        for box in boxes:
            fill(self._pixels, box)

    def jpeg(self, sight: Sight) -> bytes:
        """Looked at as a finished photo is: what is still seen is covered too. Without a good frame, a grey one."""
        for _ in range(AGAIN if self._pixels is not None else 0):
            picture = np.array(self._pixels)
            jpeg = encoded(picture)
            left = _left_over(sight, np.asarray(Image.open(io.BytesIO(jpeg)), np.uint8))
            if not left:
                return jpeg
            for box in left:
                fill(picture, box)
            self._pixels = picture
        return encoded(np.full((180, 320, 3), FILL, np.uint8))


def _left_over(sight: Sight, picture: Pixels) -> tuple[Box, ...]:
    """What is seen and not filled, as it would be covered."""
    size = (picture.shape[1], picture.shape[0])
    filled = (picture == FILL).all(axis=2)
    seen = [box for box in sight.look(picture, Stage.SECOND) if filled[box.y1 : box.y2, box.x1 : box.x2].mean() < GONE]
    return in_output([enlarged(box, size) for box in seen], size, size)
