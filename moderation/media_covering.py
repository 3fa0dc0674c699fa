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
from moderation.finding import NEVER_LIFTED, Box, BoxKind
from moderation.media_boxes import WITHIN, enlarged, iou, merged, scaled, within
from moderation.media_cover import covered, encoded, fill, in_output, sides_of
from moderation.media_decode import Decoded, PhotoRefused, decode
from moderation.media_job import CoveredPhoto, Job, Tier
from moderation.media_passes import Sight, Stage
from moderation.media_reading import Reader

REMEMBERED: Final = 256
"""Pictures whose boxes are kept (under their hash), so that adding a box by hand needs no second detection."""
AGAIN: Final = 2
"""How often what the second look sees is covered as well, before it is reported as left over."""
LEAST_SIDE: Final = 16
"""The short side of a finished picture, in pixels: the decoder asks the same of the one that was sent."""
GONE: Final = 0.8
"""Something of which less than this share is filled is not covered."""
AROUND: Final = 0.6
"""The same of writing or a screen with a whole fill inside it: fills look like screens, their borders like letters."""

_LIKE_A_FILL: Final = frozenset({BoxKind.TEXT, BoxKind.SCREEN})

Breathe = Callable[[], None]


class Covering:
    """`load` is called at the first picture, and again after it failed."""

    def __init__(self, load: Callable[[], Sight] = Sight.load) -> None:
        self._load = load
        self._sight: Sight | None = None
        self._reader: Reader | None = None
        self._known: OrderedDict[tuple[str, Tier], tuple[Box, ...]] = OrderedDict()

    def warm(self) -> None:
        """Load the detectors and let each look once. Raises DetectorFailed."""
        self.loaded().look(np.zeros((320, 320, 3), np.uint8), Stage.FAST)
        self.reader()

    def cover(self, job: Job, breathe: Breathe = lambda: None) -> CoveredPhoto:
        """`breathe` is called between two looks. Raises PhotoRefused, DetectorFailed."""
        decoded = _decoded(job)
        name = hashlib.sha256(job.original).hexdigest()
        match job.tier:
            case Tier.FAST:
                return _finished(decoded, self._fast(name, decoded, breathe), job)
            case Tier.DEFAULT:
                found = self._default(name, decoded, job, breathe)
                photo = _finished(decoded, found, job)
                words = self.reader().words(decoded.pixels, found)
                return replace(photo, leftover=self._left_over(photo, breathe), words=words)

    def loaded(self) -> Sight:
        """The detectors. Raises DetectorFailed."""
        if self._sight is None:
            self._sight = self._load()
        return self._sight

    def reader(self) -> Reader:
        """What reads writing. Raises DetectorFailed."""
        if self._reader is None:
            self._reader = Reader.load()
        return self._reader

    def _fast(self, name: str, decoded: Decoded, breathe: Breathe) -> tuple[Box, ...]:
        known = self._known.get((name, Tier.FAST))
        if known is not None:
            return known
        return self._remember(name, Tier.FAST, self.loaded().look(decoded.pixels, Stage.FAST, breathe=breathe))

    def _default(self, name: str, decoded: Decoded, job: Job, breathe: Breathe) -> tuple[Box, ...]:
        """All that is seen, in the picture and again in what was made of it; begins with the boxes of the fast tier.

        What a person adds or lifts plays no part, so that the numbers of the boxes never depend on it."""
        known = self._known.get((name, Tier.DEFAULT))
        if known is not None:
            return known
        found = self.loaded().look(decoded.pixels, Stage.MORE, self._fast(name, decoded, breathe), breathe)
        for _ in range(AGAIN):
            photo = _finished(decoded, found, replace(job, added=(), lifted=frozenset()))
            left = self._left_over(photo, breathe)
            if not left:
                break
            found = merged(found, _in_source(left, photo, decoded.pixels))
        return self._remember(name, Tier.DEFAULT, found)

    def _remember(self, name: str, tier: Tier, boxes: Sequence[Box]) -> tuple[Box, ...]:
        self._known[name, tier] = tuple(boxes)
        self._known.move_to_end((name, tier))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return tuple(boxes)

    def _left_over(self, photo: CoveredPhoto, breathe: Breathe) -> tuple[Box, ...]:
        """What the second look sees in a finished picture, except what a person left open: that thing, and nothing of
        another kind inside it."""
        picture = np.asarray(Image.open(io.BytesIO(photo.jpeg), formats=["JPEG"]))
        filled = np.zeros(picture.shape[:2], np.uint8)
        fills = [box for index, box in enumerate(photo.boxes) if index not in photo.lifted]
        for box in fills:
            filled[box.y1 : box.y2, box.x1 : box.x2] = 1
        seen = self.loaded().look(picture, Stage.SECOND, breathe=breathe)
        left = [box for box in seen if filled[box.y1 : box.y2, box.x1 : box.x2].mean() < _enough(box, fills)]
        excused = {id(box) for index in photo.lifted for box in _excused(photo.boxes[index], left)}
        return tuple(box for box in left if id(box) not in excused)


def _decoded(job: Job) -> Decoded:
    """Raises PhotoRefused, also for what is so long that nothing is left of its short side: no square fits into it."""
    decoded = decode(job.original)
    height, width = decoded.pixels.shape[:2]
    if min(sides_of((width, height), job.side)) < LEAST_SIDE:
        raise PhotoRefused("too_small")
    return decoded


def _enough(box: Box, fills: Sequence[Box]) -> float:
    around = box.kind in _LIKE_A_FILL and any(within(each, box) >= WITHIN for each in fills)
    return AROUND if around else GONE


def _excused(opened: Box, left: Sequence[Box]) -> list[Box]:
    """What is seen because it was left open: of a face only the one that fits best, for somebody else may look over
    a shoulder."""
    same = [box for box in left if _same(box, opened)]
    return sorted(same, key=lambda box: -iou(box, opened))[:1] if opened.kind is BoxKind.FACE else same


def _same(box: Box, opened: Box) -> bool:
    """Whether what is seen is what was left open. A second look draws its borders a little otherwise."""
    return box.kind == opened.kind and (iou(box, opened) > 0.3 or within(box, opened) > 0.5)


def _finished(decoded: Decoded, found: Sequence[Box], job: Job) -> CoveredPhoto:
    """The output picture with everything covered that nobody lifted. Raises DetectorFailed if it holds more."""
    size = (decoded.pixels.shape[1], decoded.pixels.shape[0])
    output = sides_of(size, job.side)
    added = [replace(scaled(box, size[0] / output[0], size[1] / output[1]), kind=BoxKind.ADDED) for box in job.added]
    boxes = [enlarged(box, size) for box in (*found, *added)]
    lifted = frozenset(index for index in job.lifted if index < len(boxes) and boxes[index].kind not in NEVER_LIFTED)
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
        moved=decoded.moved,
    )


def _in_source(boxes: Sequence[Box], photo: CoveredPhoto, picture: Pixels) -> list[Box]:
    """Boxes of a finished picture in the pixels of the picture that it was made from."""
    height, width = picture.shape[:2]
    return [scaled(box, width / photo.width, height / photo.height) for box in boxes]
