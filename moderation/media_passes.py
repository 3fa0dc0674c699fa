"""How a picture is looked at: which detector sees it at which size, turned how, from which score on.

The numbers were chosen by measurement; `benchmarks/media.py` prints what they give."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final

import cv2
import numpy as np

from moderation import media_detectors
from moderation.detector import MediaDetector, Pixels
from moderation.finding import Box
from moderation.media_boxes import Side, area, merged, moved, reading_order, scaled, turned_back

DARK: Final = 70
"""A picture whose mean brightness (0 to 255) is lower is also looked at with its shadows lifted."""
GAMMA: Final = 0.45
ON_REQUEST: Final = frozenset({"screens"})
"""Detectors that look only where the force has switched them on."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One look of a detector; boxes below the score `least` are not believed.

    `side`: the picture's long side is brought to this, enlarging at most `zoom` times; None is full resolution. In
    squares of `tile` pixels that overlap by `lap`, where there is a `tile`, as at full resolution. `turns`: quarter
    turns to look at. `over`: only for pictures whose long side is longer. `dark`: only for dark pictures, with their
    shadows lifted. `every`: in a video, one frame of so many, the first of them after `shift` frames, so that not all
    look at the same. `mirrored`: left is right.
    `most`: the largest share of a view that one box may take to be believed."""

    least: float
    side: int | None = None
    zoom: float = 1.0
    tile: int = 0
    lap: int = 0
    turns: tuple[int, ...] = (0,)
    over: int = 0
    dark: bool = False
    every: int = 1
    shift: int = 0
    mirrored: bool = False
    most: float = 1.0


class Stage(StrEnum):
    """FAST is for the card, MORE makes it the default tier, SECOND looks at the finished file; for videos likewise."""

    FAST = "fast"
    MORE = "more"
    SECOND = "second"
    VIDEO = "video"
    VIDEO_SECOND = "video_second"


@dataclass(frozen=True, slots=True)
class Looks:
    """How one detector looks at each stage. Every module of `media_detectors/` has one as `LOOKS`, and a `load()`."""

    fast: tuple[Pass, ...] = ()
    more: tuple[Pass, ...] = ()
    second: tuple[Pass, ...] = ()
    video: tuple[Pass, ...] = ()
    video_second: tuple[Pass, ...] = ()

    def at(self, stage: Stage) -> tuple[Pass, ...]:
        match stage:
            case Stage.FAST:
                return self.fast
            case Stage.MORE:
                return self.more
            case Stage.SECOND:
                return self.second
            case Stage.VIDEO:
                return self.video
            case Stage.VIDEO_SECOND:
                return self.video_second


class Sight:
    """All detectors, loaded once, in one order."""

    def __init__(self, detectors: Sequence[tuple[MediaDetector, Looks]]) -> None:
        self._detectors = detectors

    @classmethod
    def load(cls, asked: Collection[str] = ()) -> "Sight":
        """Every module of `media_detectors/`, of those on request the ones that are `asked` for.

        Raises DetectorFailed if one cannot be loaded: none looks alone."""
        cv2.setNumThreads(1)
        wanted = [name for name in names() if name not in ON_REQUEST or name in asked]
        modules = [importlib.import_module(f"{media_detectors.__name__}.{name}") for name in wanted]
        return cls([(module.load(), module.LOOKS) for module in modules])

    def look(
        self,
        picture: Pixels,
        stage: Stage,
        known: Sequence[Box] = (),
        breathe: Callable[[], None] = lambda: None,
        frame: int | None = None,
    ) -> list[Box]:
        """What is seen at a stage: the known boxes first and in their order, then new ones in reading order.

        `breathe` is called between two looks; `frame` is the number of a frame of a video (None: every detector
        looks, however seldom it does otherwise). Raises DetectorFailed."""
        found: list[Box] = []
        for detector, looks in self._detectors:
            for each in looks.at(stage):
                if _due(each, frame) and _applies(each, picture):
                    found = merged(found, _seen(detector, picture, each))
                    breathe()
        return merged(known, reading_order(found))


def names() -> list[str]:
    """The photo detectors there are: the files of `media_detectors/`."""
    return sorted(module.name for module in pkgutil.iter_modules(media_detectors.__path__))


def _seen(detector: MediaDetector, picture: Pixels, each: Pass) -> Iterator[Box]:
    for part, back in _views(picture, each):
        for box in detector.find(part):
            if box.score >= each.least and area(box) <= each.most * part.shape[0] * part.shape[1]:
                yield back(box)


def _due(each: Pass, frame: int | None) -> bool:
    return frame is None or frame % each.every == each.shift


def _applies(each: Pass, picture: Pixels) -> bool:
    if max(picture.shape[:2]) <= each.over:
        return False
    return not each.dark or float(picture[::8, ::8].mean()) < DARK


def _views(picture: Pixels, each: Pass) -> Iterator[tuple[Pixels, Callable[[Box], Box]]]:
    """What a pass looks at, piece by piece, each with the way back to the pixels of the picture."""
    if each.dark:
        picture = _lifted(picture)
    if each.side is None:
        yield from _tiles(picture, each.tile, each.lap)
        return
    small, back = resized(picture, each.side, each.zoom)
    if each.tile:
        for part, there in _tiles(small, each.tile, each.lap):
            yield part, partial(_both, first=there, then=back)
        return
    size = (small.shape[1], small.shape[0])
    if each.mirrored:
        small, back = small[:, ::-1], partial(_unmirrored, width=size[0], back=back)
    for turn in each.turns:
        view = np.ascontiguousarray(np.rot90(small, turn))
        yield view, partial(_straightened, turn=turn, size=size, back=back)


def _both(box: Box, first: Callable[[Box], Box], then: Callable[[Box], Box]) -> Box:
    return then(first(box))


def _unmirrored(box: Box, width: int, back: Callable[[Box], Box]) -> Box:
    return back(replace(box, x1=width - box.x2, x2=width - box.x1))


def _straightened(box: Box, turn: int, size: Side, back: Callable[[Box], Box]) -> Box:
    return back(turned_back(box, turn, size))


def resized(picture: Pixels, side: int, zoom: float = 1.0) -> tuple[Pixels, Callable[[Box], Box]]:
    """The picture with its long side brought to `side` (enlarged at most `zoom` times), and the way back for boxes."""
    height, width = picture.shape[:2]
    factor = min(side / max(height, width), zoom)
    small: Side = (max(1, round(width * factor)), max(1, round(height * factor)))
    if small == (width, height):
        return picture, lambda box: box
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    view = np.asarray(cv2.resize(picture, small, interpolation=how), np.uint8)
    return view, lambda box: scaled(box, width / small[0], height / small[1])


def _tiles(picture: Pixels, tile: int, lap: int) -> Iterator[tuple[Pixels, Callable[[Box], Box]]]:
    height, width = picture.shape[:2]
    for top in _starts(height, tile, lap):
        for left in _starts(width, tile, lap):
            part = np.ascontiguousarray(picture[top : top + tile, left : left + tile])
            yield part, partial(moved, right=left, down=top)


def _starts(length: int, tile: int, lap: int) -> list[int]:
    """Where tiles begin so that they cover `length`, overlap by at least `lap` and are all of full size."""
    if length <= tile:
        return [0]
    count = -(-(length - lap) // (tile - lap))
    return [round(index * (length - tile) / (count - 1)) for index in range(count)]


def _lifted(picture: Pixels) -> Pixels:
    curve = (255 * (np.arange(256) / 255) ** GAMMA).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, curve), np.uint8)
