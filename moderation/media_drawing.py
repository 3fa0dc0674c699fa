"""Drawings over a finished picture for *Fix picture*: its boxes with their numbers, and the grid to add one by."""

import io
from collections.abc import Sequence
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
    BoxKind.ADDED: "#ef476f",
}
DARK: Final = "#111111"
LIGHT: Final = "#ffffff"
QUALITY: Final = 85


def numbered(jpeg: bytes, boxes: Sequence[Box]) -> bytes:
    """A JPEG with every box outlined in the colour of its kind and numbered from 1."""
    image = _opened(jpeg)
    draw = ImageDraw.Draw(image)
    pen = max(2, max(image.size) // 400)
    for number, box in enumerate(boxes, start=1):
        draw.rectangle((box.x1, box.y1, box.x2 - 1, box.y2 - 1), outline=COLOURS[box.kind], width=pen)
        _label(draw, (box.x1, box.y1), str(number), COLOURS[box.kind], image.size)
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
        _label(draw, (box.x1 + pen, box.y1 + pen), str(number), LIGHT, image.size)
    return _saved(image)


def _label(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, colour: str, size: tuple[int, int]) -> None:
    """A number on a patch of its colour, moved so that it lies in the picture."""
    font = ImageFont.load_default(max(14, max(size) // 55))
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    wide, high = int(right - left) + 8, int(bottom - top) + 8
    x, y = min(at[0], size[0] - wide), min(at[1], size[1] - high)
    draw.rectangle((x, y, x + wide, y + high), fill=colour)
    draw.text((x + 4 - left, y + 4 - top), text, font=font, fill=DARK)


def _opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("RGB")


def _saved(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()
