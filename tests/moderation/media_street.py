"""An invented street full of what has to be covered, and where: plates, signs, notes and codes of several sizes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import segno
from PIL import Image, ImageDraw, ImageFont

from moderation.finding import BoxKind
from tests.moderation.media_pictures import scene

SIZE = (1280, 960)
PLATES = ("AB12 CDE", "4471 BKV", "FX-204-QM", "KD 5512", "LM19 OPQ", "8830 TRW")
WORDS = ("HARBOUR ROAD", "J. Ferrol", "9 Orchard Close", "Escuela", "NIGHT BUS 7", "Pharmacie")
HEIGHTS = (16, 22, 30, 40, 54, 72)
"""Of the letters, in pixels, the smallest first."""
SCALES = (3, 5, 8)
"""Pixels of a code's smallest square."""
SLANTS = (0, 8, -6, 0, 12, -10)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One thing that has to be covered, and the corners of its letters or squares."""

    kind: BoxKind
    box: tuple[float, float, float, float]
    pixels: int
    """The height of its letters, or of a code's smallest square."""


def street() -> tuple[Image.Image, list[Drawn]]:
    """Each thing in a place of its own."""
    image = scene(*SIZE)
    drawn = [*_lines(image, PLATES, BoxKind.PLATE, 40), *_lines(image, WORDS, BoxKind.TEXT, 520)]
    return image, drawn + list(_codes(image))


def _lines(image: Image.Image, lines: Sequence[str], kind: BoxKind, left: int) -> Iterator[Drawn]:
    top = 20
    for line, height, slant in zip(lines, HEIGHTS, SLANTS, strict=True):
        label, inside = _label(line, height, "#f4f4f0" if kind is BoxKind.PLATE else "#f2c530")
        turned = label.rotate(slant, expand=True, resample=Image.Resampling.BICUBIC)
        image.paste(turned, (left, top), turned)
        yield Drawn(kind, _where(label.size, inside, slant, (left, top), turned.size), height)
        top += turned.size[1] + 14


def _label(line: str, height: int, ground: str) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Letters on a bordered plate, and where they are in it."""
    font = ImageFont.load_default(height)
    x1, y1, x2, y2 = (int(edge) for edge in font.getbbox(line))
    gap = max(5, height // 4)
    label = Image.new("RGBA", (x2 - x1 + 2 * gap, y2 - y1 + 2 * gap), ground)
    draw = ImageDraw.Draw(label)
    draw.rectangle((0, 0, label.width - 1, label.height - 1), outline="#303030", width=max(1, height // 16))
    draw.text((gap - x1, gap - y1), line, font=font, fill="#101418")
    return label, (gap, gap, gap + x2 - x1, gap + y2 - y1)


def _where(
    size: tuple[int, int], inside: tuple[int, int, int, int], slant: float, at: tuple[int, int], turned: tuple[int, int]
) -> tuple[float, float, float, float]:
    """The upright box around the letters of a label that was turned about its centre and pasted."""
    x1, y1, x2, y2 = inside
    corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], float) - np.array(size) / 2
    angle = np.radians(-slant)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    around = corners @ turn.T + np.array(turned) / 2 + np.array(at)
    (left, top), (right, bottom) = around.min(axis=0), around.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _codes(image: Image.Image) -> Iterator[Drawn]:
    top = 30
    for scale in SCALES:
        rows = [*segno.make(f"https://force.example/p/{scale}").matrix_iter(scale=scale, border=3)]
        code = Image.fromarray(255 - 255 * np.array(rows, np.uint8))
        image.paste(code, (1000, top))
        edge = 3 * scale
        box = (1000 + edge, top + edge, 1000 + code.width - edge, top + code.height - edge)
        yield Drawn(BoxKind.CODE, box, scale)
        top += code.height + 20
