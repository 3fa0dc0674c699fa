"""How a picture is looked at: which detector sees it at which size, turned how, from which score on.

The numbers were chosen by measurement; `benchmarks/media.py` prints what they give."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np

from moderation.detector import MediaDetector, Pixels
from moderation.finding import Box
from moderation.media_boxes import Side, merged, moved, reading_order, scaled, turned_back

DARK: Final = 70
"""A picture whose mean brightness (0 to 255) is lower is also looked at with its shadows lifted."""
GAMMA: Final = 0.45


@dataclass(frozen=True, slots=True)
class Pass:
    """One look of one detector; boxes below the score `least` are not believed.

    `side`: the picture's long side is brought to this, enlarging at most `zoom` times; None is full resolution, in
    squares of `tile` pixels that overlap by `lap`. `turns`: quarter turns to look at. `over`: only for pictures whose
    long side is longer. `dark`: only for dark pictures, with their shadows lifted."""

    detector: str
    least: float
    side: int | None = None
    zoom: float = 1.0
    tile: int = 0
    lap: int = 0
    turns: tuple[int, ...] = (0,)
    over: int = 0
    dark: bool = False


FAST: Final = (
    Pass("retinaface", 0.2, side=1280, zoom=2.0),
    Pass("centerface", 0.25, side=1280, zoom=2.0),
    Pass("plates", 0.2, side=1280),
    Pass("text", 0.3, side=1280),
    Pass("codes", 0.5, side=1280),
)
MORE: Final = (
    Pass("retinaface", 0.3, side=2560, over=1600),
    Pass("retinaface", 0.4, tile=2048, lap=192, over=2800),
    Pass("retinaface", 0.6, side=960, turns=(1, 2, 3)),
    Pass("retinaface", 0.3, side=1280, zoom=2.0, dark=True),
    Pass("centerface", 0.3, side=1920, zoom=3.0),
    Pass("plates", 0.2, side=2560, over=1600),
    Pass("text", 0.3, tile=1600, lap=160, over=1600),
    Pass("codes", 0.5, side=2560, over=1600),
)
SECOND: Final = (
    Pass("retinaface", 0.5, side=1280, zoom=2.0),
    Pass("centerface", 0.4, side=1280, zoom=2.0),
    Pass("plates", 0.5, side=1280),
)
"""The look at the finished file."""


class Sight:
    """The detectors, loaded once. Their names in a pass are the names of their files in `media_detectors/`."""

    def __init__(self, detectors: Mapping[str, MediaDetector]) -> None:
        self._detectors = detectors

    @classmethod
    def load(cls) -> "Sight":
        """Raises DetectorFailed if any of them cannot be loaded: there is no looking with only some."""
        cv2.setNumThreads(1)
        names = sorted({each.detector for each in (*FAST, *MORE, *SECOND)})
        return cls({name: _load(name) for name in names})

    def look(
        self,
        picture: Pixels,
        passes: Sequence[Pass],
        known: Sequence[Box] = (),
        breathe: Callable[[], None] = lambda: None,
    ) -> list[Box]:
        """What the passes see: the known boxes first and in their order, then new ones in reading order.

        `breathe` is called between two passes. Raises DetectorFailed."""
        found: list[Box] = []
        for each in passes:
            if _applies(each, picture):
                found = merged(found, self._seen(picture, each))
                breathe()
        return merged(known, reading_order(found))

    def _seen(self, picture: Pixels, each: Pass) -> Iterator[Box]:
        detector = self._detectors[each.detector]
        for part, back in _views(picture, each):
            for box in detector.find(part):
                if box.score >= each.least:
                    yield back(box)


def _load(name: str) -> MediaDetector:
    detector: MediaDetector = importlib.import_module(f"moderation.media_detectors.{name}").load()
    return detector


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
    size = (small.shape[1], small.shape[0])
    for turn in each.turns:
        view = np.ascontiguousarray(np.rot90(small, turn))
        yield view, partial(_straightened, turn=turn, size=size, back=back)


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
