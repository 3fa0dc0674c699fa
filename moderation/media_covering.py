"""One picture from its file to its covered JPEG: decode, find, fill, encode, and look again at what was made."""

import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image

from moderation.detector import Pixels
from moderation.finding import Box, BoxKind
from moderation.media_boxes import enlarged, iou, merged, scaled, within
from moderation.media_cover import covered, encoded, fill, in_output, sides_of
from moderation.media_decode import Decoded, decode
from moderation.media_job import CoveredPhoto, Job, Tier
from moderation.media_passes import Sight, Stage

REMEMBERED: Final = 256
"""Pictures whose boxes are kept (under their hash), so that adding a box by hand needs no second detection."""
AGAIN: Final = 2
"""How often what the second look sees is covered as well, before it is reported as left over."""
GONE: Final = 0.6
"""Something of which more than this share is filled is covered."""
HARD: Final = frozenset({BoxKind.PLATE})
"""Nobody lifts these."""

Breathe = Callable[[], None]


class Covering:
    """`load` is called at the first picture, and again after it failed."""

    def __init__(self, load: Callable[[], Sight] = Sight.load) -> None:
        self._load = load
        self._sight: Sight | None = None
        self._known: OrderedDict[tuple[str, Tier], tuple[Box, ...]] = OrderedDict()

    def warm(self) -> None:
        """Load the detectors and let each look once. Raises DetectorFailed."""
        self._loaded().look(np.zeros((320, 320, 3), np.uint8), Stage.FAST)

    def cover(self, job: Job, breathe: Breathe = lambda: None) -> CoveredPhoto:
        """`breathe` is called between two looks. Raises PhotoRefused, DetectorFailed."""
        decoded = decode(job.original)
        name = hashlib.sha256(job.original).hexdigest()
        found = self._found(name, job.tier, decoded.pixels, breathe)
        photo = _finished(decoded, found, job)
        if job.tier is Tier.FAST:
            return photo
        for _ in range(AGAIN):
            left = self._left_over(photo, breathe)
            if not left:
                return photo
            found = self._remember(name, job.tier, merged(found, _in_source(left, photo, decoded.pixels)))
            photo = _finished(decoded, found, job)
        return replace(photo, leftover=self._left_over(photo, breathe))

    def _loaded(self) -> Sight:
        if self._sight is None:
            self._sight = self._load()
        return self._sight

    def _found(self, name: str, tier: Tier, picture: Pixels, breathe: Breathe) -> tuple[Box, ...]:
        """What is seen in a picture; the boxes of the default tier begin with those of the fast one."""
        if (name, tier) in self._known:
            return self._known[name, tier]
        if tier is Tier.FAST:
            return self._remember(name, tier, self._loaded().look(picture, Stage.FAST, breathe=breathe))
        fast = self._found(name, Tier.FAST, picture, breathe)
        return self._remember(name, tier, self._loaded().look(picture, Stage.MORE, fast, breathe))

    def _remember(self, name: str, tier: Tier, boxes: Sequence[Box]) -> tuple[Box, ...]:
        self._known[name, tier] = tuple(boxes)
        self._known.move_to_end((name, tier))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return tuple(boxes)

    def _left_over(self, photo: CoveredPhoto, breathe: Breathe) -> tuple[Box, ...]:
        """What the second look sees in a finished picture, except what a person left open."""
        picture = np.asarray(Image.open(io.BytesIO(photo.jpeg), formats=["JPEG"]))
        filled = np.zeros(picture.shape[:2], np.uint8)
        for index, box in enumerate(photo.boxes):
            if index not in photo.lifted:
                filled[box.y1 : box.y2, box.x1 : box.x2] = 1
        seen = self._loaded().look(picture, Stage.SECOND, breathe=breathe)
        opened = [photo.boxes[index] for index in photo.lifted]
        return tuple(
            box
            for box in seen
            if filled[box.y1 : box.y2, box.x1 : box.x2].mean() < GONE
            and not any(iou(box, other) > 0.3 or within(box, other) > 0.5 for other in opened)
        )


def _finished(decoded: Decoded, found: Sequence[Box], job: Job) -> CoveredPhoto:
    """The output picture with everything covered that nobody lifted. Raises DetectorFailed if it holds more."""
    size = (decoded.pixels.shape[1], decoded.pixels.shape[0])
    output = sides_of(size, job.side)
    added = [replace(scaled(box, size[0] / output[0], size[1] / output[1]), kind=BoxKind.ADDED) for box in job.added]
    boxes = [enlarged(box, size) for box in (*found, *added)]
    lifted = frozenset(index for index in job.lifted if index < len(boxes) and boxes[index].kind not in HARD)
    picture = covered(decoded.pixels, (box for index, box in enumerate(boxes) if index not in lifted), job.side)
    shown = in_output(boxes, size, output)
    for index, box in enumerate(shown):
        if index not in lifted:
            fill(picture, box)
    jpeg = encoded(picture)
    return CoveredPhoto(
        jpeg=jpeg,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        width=output[0],
        height=output[1],
        boxes=shown,
        lifted=lifted,
        leftover=(),
        tier=job.tier,
        source_format=decoded.format,
    )


def _in_source(boxes: Sequence[Box], photo: CoveredPhoto, picture: Pixels) -> list[Box]:
    """Boxes of a finished picture in the pixels of the picture that it was made from."""
    height, width = picture.shape[:2]
    return [scaled(box, width / photo.width, height / photo.height) for box in boxes]
