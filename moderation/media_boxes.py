"""Boxes as geometry: how much they overlap, how far they are enlarged, which of them are one thing seen twice."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from moderation.finding import Box, BoxKind

MARGINS: Final[dict[BoxKind, tuple[float, float]]] = {
    BoxKind.FACE: (0.30, 0.30),
    BoxKind.PLATE: (0.25, 0.40),
    BoxKind.TEXT: (0.12, 0.25),
    BoxKind.CODE: (0.15, 0.15),
    BoxKind.SCREEN: (0.06, 0.06),
    BoxKind.ADDED: (0.0, 0.0),
}
"""What is added on each side of a box before it is covered, as shares of its width and of its height."""

SAME: Final = 0.3
"""Two boxes of a kind that overlap more than this (IoU) are one thing seen twice: their union is covered."""

WITHIN: Final = 0.85
"""A box that lies inside another one by more than this share adds nothing to it."""

Side = tuple[int, int]
"""Width and height, in pixels."""


def area(box: Box) -> int:
    return max(0, box.x2 - box.x1) * max(0, box.y2 - box.y1)


def overlap(one: Box, other: Box) -> int:
    """The area that two boxes share, in pixels."""
    wide = min(one.x2, other.x2) - max(one.x1, other.x1)
    high = min(one.y2, other.y2) - max(one.y1, other.y1)
    return max(0, wide) * max(0, high)


def iou(one: Box, other: Box) -> float:
    """Intersection over union: 1 for the same box, 0 for boxes that do not touch."""
    shared = overlap(one, other)
    return shared / (area(one) + area(other) - shared) if shared else 0.0


def within(one: Box, other: Box) -> float:
    """The share of `one` that lies inside `other`."""
    return overlap(one, other) / area(one) if area(one) else 1.0


def clipped(box: Box, size: Side) -> Box:
    """The part of a box that lies in the picture; its area may be 0."""
    width, height = size
    return replace(
        box,
        x1=min(max(box.x1, 0), width),
        y1=min(max(box.y1, 0), height),
        x2=min(max(box.x2, 0), width),
        y2=min(max(box.y2, 0), height),
    )


def scaled(box: Box, across: float, down: float) -> Box:
    """A box in the pixels of a picture that was resized: rounded outwards."""
    return replace(
        box,
        x1=math.floor(box.x1 * across),
        y1=math.floor(box.y1 * down),
        x2=math.ceil(box.x2 * across),
        y2=math.ceil(box.y2 * down),
    )


def moved(box: Box, right: int, down: int) -> Box:
    return replace(box, x1=box.x1 + right, x2=box.x2 + right, y1=box.y1 + down, y2=box.y2 + down)


def enlarged(box: Box, size: Side) -> Box:
    """A found box as it is covered: with the margin of its kind, inside the picture."""
    across, down = MARGINS[box.kind]
    right, below = math.ceil((box.x2 - box.x1) * across), math.ceil((box.y2 - box.y1) * down)
    wider = replace(box, x1=box.x1 - right, x2=box.x2 + right, y1=box.y1 - below, y2=box.y2 + below)
    return clipped(wider, size)


def turned_back(box: Box, quarters: int, size: Side) -> Box:
    """A box found in a picture that numpy.rot90 turned `quarters` times, in the picture of `size` before it."""
    width, height = size
    match quarters % 4:
        case 1:
            return replace(box, x1=width - box.y2, x2=width - box.y1, y1=box.x1, y2=box.x2)
        case 2:
            return replace(box, x1=width - box.x2, x2=width - box.x1, y1=height - box.y2, y2=height - box.y1)
        case 3:
            return replace(box, x1=box.y1, x2=box.y2, y1=height - box.x2, y2=height - box.x1)
        case _:
            return box


def merged(first: Sequence[Box], then: Iterable[Box]) -> list[Box]:
    """The boxes of `first` in their order, each grown by what saw the same thing; then what is new, in its order.

    So a box that the fast tier found keeps its number when the default tier has looked too."""
    known = list(first)
    for box in then:
        place = next((i for i, other in enumerate(known) if _same(box, other)), None)
        if place is None:
            known.append(box)
        elif within(box, known[place]) < 1.0:
            known[place] = _union(known[place], box)
    return known


def _same(box: Box, other: Box) -> bool:
    return box.kind == other.kind and (iou(box, other) >= SAME or within(box, other) >= WITHIN)


def _union(one: Box, other: Box) -> Box:
    return replace(
        one,
        x1=min(one.x1, other.x1),
        y1=min(one.y1, other.y1),
        x2=max(one.x2, other.x2),
        y2=max(one.y2, other.y2),
        score=max(one.score, other.score),
    )


def reading_order(boxes: Iterable[Box]) -> list[Box]:
    """Top to bottom, then left to right."""
    return sorted(boxes, key=lambda box: (box.y1, box.x1, box.y2, box.x2, box.kind))


def outermost(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that do not lie inside a larger one: what a person would count."""
    return [
        box for box in boxes if not any(area(other) > area(box) and within(box, other) >= WITHIN for other in boxes)
    ]
