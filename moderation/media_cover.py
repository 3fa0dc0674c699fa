"""Covering: a constant fill over boxes, then a new JPEG that holds pixels and nothing else."""

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from PIL import Image

from moderation.detector import DetectorFailed, Pixels
from moderation.finding import Box
from moderation.media_boxes import Side, clipped, scaled

FILL: Final = 58
"""Every channel of every covered pixel: blur and mosaics can be undone, a constant cannot. JPEG keeps grey as it is."""
QUALITY: Final = 88
BLOCK: Final = 8
"""Covered boxes end on the borders of JPEG blocks, so that no ringing of what is next to them shows inside."""


def covered(picture: Pixels, boxes: Iterable[Box], side: int | None) -> Pixels:
    """A copy with the boxes (pixels of `picture`) filled, then made smaller if its long side is longer than `side`."""
    filled = picture.copy()
    for box in boxes:
        fill(filled, box)
    height, width = filled.shape[:2]
    smaller = sides_of((width, height), side)
    if smaller == (width, height):
        return filled
    return np.asarray(cv2.resize(filled, smaller, interpolation=cv2.INTER_AREA), np.uint8)


def fill(picture: Pixels, box: Box) -> None:
    picture[max(box.y1, 0) : max(box.y2, 0), max(box.x1, 0) : max(box.x2, 0)] = FILL


def sides_of(size: Side, side: int | None) -> Side:
    """The size of the output picture."""
    width, height = size
    factor = 1.0 if side is None else min(1.0, side / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def on_blocks(box: Box, size: Side) -> Box:
    """A box grown to the borders of JPEG blocks, inside the picture."""
    return clipped(
        replace(
            box,
            x1=box.x1 // BLOCK * BLOCK,
            y1=box.y1 // BLOCK * BLOCK,
            x2=math.ceil(box.x2 / BLOCK) * BLOCK,
            y2=math.ceil(box.y2 / BLOCK) * BLOCK,
        ),
        size,
    )


def in_output(boxes: Sequence[Box], size: Side, output: Side) -> tuple[Box, ...]:
    """Boxes of a picture of `size` as they are covered in the output picture."""
    across, down = output[0] / size[0], output[1] / size[1]
    return tuple(on_blocks(scaled(box, across, down), output) for box in boxes)


def encoded(picture: Pixels) -> bytes:
    """A new JPEG. Raises DetectorFailed if it holds anything but a picture."""
    stream = io.BytesIO()
    # Colours at full resolution: otherwise those of the next pixels would bleed into what is covered.
    Image.fromarray(picture).save(stream, "JPEG", quality=QUALITY, subsampling=0)
    jpeg = stream.getvalue()
    if not is_bare(jpeg):
        raise DetectorFailed("the finished picture holds more than a picture")
    return jpeg


NEEDED: Final = frozenset({0xC0, 0xC4, 0xDB})
"""Baseline frame, Huffman tables, quantisation tables: with the JFIF header and the scan, all that a JPEG needs."""
JFIF: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


def is_bare(jpeg: bytes) -> bool:
    """Whether a JPEG is one scan behind a plain JFIF header: no Exif, XMP, profile, comment, nothing trailing."""
    if not jpeg.startswith(JFIF) or jpeg[18:20] != b"\x00\x00":
        return False
    place = 20
    while place + 4 <= len(jpeg) and jpeg[place] == 0xFF and jpeg[place + 1] in NEEDED:
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    if jpeg[place : place + 2] != b"\xff\xda":
        return False
    place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return _end_of_scan(jpeg, place) == len(jpeg)


def _end_of_scan(jpeg: bytes, place: int) -> int:
    """Where the end mark of a scan without restarts ends; -1 if another mark comes first."""
    while (place := jpeg.find(b"\xff", place)) >= 0:
        if jpeg[place + 1 : place + 2] != b"\x00":
            return place + 2 if jpeg[place + 1 : place + 2] == b"\xd9" else -1
        place += 2
    return -1
