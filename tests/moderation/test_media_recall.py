"""How much of what has to be covered is found, in invented pictures and a few of the development ones: bars that are
what was measured, less a little. `benchmarks/media.py` measures all of them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks.media_variants import Edges, Pixels, as_it_is, dark, turned_90, turned_180
from moderation.finding import Box
from moderation.media_boxes import enlarged
from moderation.media_detectors import codes, plates, text
from moderation.media_passes import Sight, Stage
from tests.moderation.media_street import street

ENOUGH = 0.8
PAINTED = 0.5
"""The most of the invented picture that may be covered; .42 of it are signs, plates and codes with their margins."""
A_CROWD = 0.2
"""The most of a picture of a crowd that may be covered as writing, plates and codes."""
SMALL = 12


def smeared(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    return np.asarray(cv2.blur(picture, (8, 1)), np.uint8), boxes


def unsharp(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), np.uint8), boxes


def very_dark(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    return dark(np.asarray(picture // 2, np.uint8), boxes)


def smaller(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.uint8), [[edge / 2 for edge in box] for box in boxes]


def slanted(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 0.75)
    corners = [np.array([(x1, y1, 1), (x2, y1, 1), (x2, y2, 1), (x1, y2, 1)]) @ turn.T for x1, y1, x2, y2 in boxes]
    moved = [[*map(float, each.min(axis=0)), *map(float, each.max(axis=0))] for each in corners]
    return np.asarray(cv2.warpAffine(picture, turn, (width, height), borderValue=(90, 90, 90)), np.uint8), moved


def as_sent(picture: Pixels) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, "JPEG", quality=90)
    return np.asarray(Image.open(stream), np.uint8)


def mask_of(found: list[Box], picture: Pixels) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """What would be covered."""
    mask = np.zeros(picture.shape[:2], bool)
    for box in (enlarged(each, (picture.shape[1], picture.shape[0])) for each in found):
        mask[box.y1 : box.y2, box.x1 : box.x2] = True
    return mask


def is_covered(mask: np.ndarray[Any, np.dtype[np.bool_]], edges: list[float]) -> bool:
    x1, y1, x2, y2 = (max(0, round(edge)) for edge in edges)
    return float(mask[y1:y2, x1:x2].mean()) >= ENOUGH


@pytest.fixture(scope="module")
def words_and_codes() -> Sight:
    """Without the detectors of faces, of which none is drawn."""
    return Sight([(module.load(), module.LOOKS) for module in (codes, plates, text)])


Variant = Callable[[Pixels, Edges], tuple[Pixels, Edges]]


@pytest.mark.parametrize(
    ("variant", "least"),
    [
        (as_it_is, 15),
        (turned_90, 14),
        (turned_180, 14),
        (slanted, 14),
        (dark, 14),
        (very_dark, 14),
        (smeared, 12),
        (unsharp, 13),
        (smaller, 14),
    ],
)
def test_plates_writing_and_codes_of_many_sizes_are_found(words_and_codes: Sight, variant: Variant, least: int) -> None:
    image, drawn = street()
    picture, boxes = variant(np.asarray(image), [list(each.box) for each in drawn])
    picture = as_sent(picture)
    found = words_and_codes.look(picture, Stage.MORE, words_and_codes.look(picture, Stage.FAST))
    mask = mask_of(found, picture)
    missed = [drawn[at] for at, edges in enumerate(boxes) if not is_covered(mask, edges)]
    assert len(drawn) - len(missed) >= least, missed
    assert mask.mean() <= PAINTED


FACES = ("faces_mask", "faces_wider416")
PLATES = ("plates_us", "plates_eu", "plates_br")


@pytest.mark.parametrize(
    ("variant", "names", "stage", "most_missed"),
    [
        (as_it_is, (*FACES, *PLATES, "text_clean"), Stage.FAST, 1),
        (dark, (*FACES, *PLATES), Stage.FAST, 1),
        (turned_180, FACES, Stage.MORE, 0),
        (turned_90, ("plates_us", "text_clean"), Stage.MORE, 1),
    ],
)
def test_real_faces_plates_and_words_are_found_however_they_are_held(
    shared: Path, all_of_them: Sight, variant: Variant, names: tuple[str, ...], stage: Stage, most_missed: int
) -> None:
    lines = (shared / "data/media/manifest.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    covered = []
    for name in names:
        row = next(each for each in rows if each["set"] == name)
        picture, boxes = variant(
            np.asarray(Image.open(shared / "data/media" / row["image"]).convert("RGB")), edges_of(row)
        )
        found = all_of_them.look(np.ascontiguousarray(picture), stage)
        mask = mask_of(found, picture)
        covered += [is_covered(mask, each) for each in boxes]
    assert len(covered) >= len(names)
    assert covered.count(False) <= most_missed


@pytest.mark.parametrize("scene", ["Demonstrators_2_781", "Riot_3_522"])
def test_a_crowd_is_not_taken_for_writing_that_lies_sideways(shared: Path, words_and_codes: Sight, scene: str) -> None:
    rows = map(json.loads, (shared / "data/media/manifest.jsonl").read_text("utf-8").splitlines())
    crowd = next(row for row in rows if row["set"] == "faces_wider416" and scene in row["image"])
    picture = np.asarray(Image.open(shared / "data/media" / crowd["image"]).convert("RGB"))
    assert mask_of(words_and_codes.look(picture, Stage.MORE), picture).mean() <= A_CROWD


def edges_of(row: dict[str, Any]) -> Edges:
    """What is large enough to count."""
    edges = [each["box"] for each in row["boxes"] if not each.get("ignore")]
    return [each for each in edges if min(each[2] - each[0], each[3] - each[1]) >= SMALL]


@pytest.fixture(scope="module")
def all_of_them() -> Sight:
    return Sight.load()
