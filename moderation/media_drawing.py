"""Drawings over a finished picture for *Fix picture*: its boxes with their numbers, and the grid to add one by."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from moderation.finding import Box, BoxKind

ACROSS: Final = 3
"""The grid has this many cells on each side; inside one of them, as many again."""
COLOURS: Final[dict[BoxKind, str]] = {
    BoxKind.FACE: "#ffd166",
    BoxKind.PLATE: "#06d6a0",
    BoxKind.TEXT: "#4cc9f0",
    BoxKind.CODE: "#f78c6b",
    BoxKind.SCREEN: "#c77dff",
    BoxKind.ADDED: "#ef476f",
}
DARK: Final = "#111111"
LIGHT: Final = "#ffffff"
QUALITY: Final = 85
SHOWN: Final = 26
"""A number is one so manieth of the longer side: twelve points where a small phone shows the picture."""


@dataclass(frozen=True, slots=True)
class Patch:
    """The place of a number, and how it is written."""

    x: int
    y: int
    wide: int
    high: int
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont

    def hides(self, other: "Patch") -> bool:
        """Whether the two lie over each other."""
        across = self.x < other.x + other.wide and other.x < self.x + self.wide
        return across and self.y < other.y + other.high and other.y < self.y + self.high


def numbered(jpeg: bytes, boxes: Sequence[Box]) -> bytes:
    """A JPEG with every box outlined in the colour of its kind and numbered from 1."""
    image = _opened(jpeg)
    draw = ImageDraw.Draw(image)
    pen = max(2, max(image.size) // 300)
    for box in boxes:
        draw.rectangle((box.x1, box.y1, box.x2 - 1, box.y2 - 1), outline=COLOURS[box.kind], width=pen)
    taken: list[Patch] = []
    for number, box in enumerate(boxes, start=1):
        patch = _beside(taken, _patch(draw, (box.x1, box.y1), str(number), image.size), image.size)
        _label(draw, patch, str(number), COLOURS[box.kind])
        taken.append(patch)
    return _saved(image)


def cell_box(size: tuple[int, int], path: Sequence[int]) -> Box:
    """The box of a cell: `(5,)` is the middle one of nine, `(5, 1)` the top left one of the nine inside it."""
    left, top, right, bottom = 0.0, 0.0, float(size[0]), float(size[1])
    for cell in path:
        row, column = divmod(cell - 1, ACROSS)
        wide, high = (right - left) / ACROSS, (bottom - top) / ACROSS
        left, top = left + column * wide, top + row * high
        right, bottom = left + wide, top + high
    return Box(BoxKind.ADDED, round(left), round(top), round(right), round(bottom), 1.0, "person")


def grid(jpeg: bytes, cell: int | None) -> bytes:
    """A JPEG with nine numbered cells drawn over it, or over one cell (1 to 9) of those nine."""
    image = _opened(jpeg)
    draw = ImageDraw.Draw(image)
    around = () if cell is None else (cell,)
    pen = max(2, max(image.size) // 500)
    for number in range(1, ACROSS * ACROSS + 1):
        box = cell_box(image.size, (*around, number))
        draw.rectangle((box.x1, box.y1, box.x2 - 1, box.y2 - 1), outline=LIGHT, width=pen)
        _label(draw, _patch(draw, (box.x1 + pen, box.y1 + pen), str(number), image.size), str(number), LIGHT)
    return _saved(image)


def _patch(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: tuple[int, int]) -> Patch:
    """Where a number goes: as large as it has to be on a phone of four inches, and moved to lie in the picture."""
    font = ImageFont.load_default(max(14, max(size) // SHOWN))
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    wide, high = int(right - left) + 8, int(bottom - top) + 8
    return Patch(max(0, min(at[0], size[0] - wide)), max(0, min(at[1], size[1] - high)), wide, high, font)


def _beside(taken: Sequence[Patch], patch: Patch, size: tuple[int, int]) -> Patch:
    """A number that would hide another, or be hidden, stands right or left of it, as near as there is room."""
    steps = (step for far in range(len(taken) + 1) for step in (far, -far))
    places = (replace(patch, x=patch.x + step * patch.wide) for step in steps)
    free = (at for at in places if 0 <= at.x <= size[0] - at.wide and not any(one.hides(at) for one in taken))
    return next(free, patch)


def _label(draw: ImageDraw.ImageDraw, patch: Patch, text: str, colour: str) -> None:
    """A number on a patch of its colour."""
    left, top, _, _ = draw.textbbox((0, 0), text, font=patch.font)
    draw.rectangle((patch.x, patch.y, patch.x + patch.wide - 1, patch.y + patch.high - 1), fill=colour)
    draw.text((patch.x + 4 - left, patch.y + 4 - top), text, font=patch.font, fill=DARK)


def _opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("RGB")


def _saved(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()
