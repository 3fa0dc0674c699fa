import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.finding import Box, BoxKind
from moderation.media_boxes import (
    clipped,
    enlarged,
    iou,
    merged,
    outermost,
    overlap,
    reading_order,
    scaled,
    turned_back,
    within,
)
from moderation.media_cover import covered, encoded, fill, is_bare, on_blocks, sides_of


def face(x1: int, y1: int, x2: int, y2: int, score: float = 0.9) -> Box:
    return Box(BoxKind.FACE, x1, y1, x2, y2, score, "test")


@st.composite
def boxes(draw: st.DrawFn, side: int = 60) -> Box:
    x1, y1 = draw(st.integers(0, side - 2)), draw(st.integers(0, side - 2))
    x2, y2 = draw(st.integers(x1 + 1, side)), draw(st.integers(y1 + 1, side))
    return Box(draw(st.sampled_from(list(BoxKind))), x1, y1, x2, y2, 0.5, "test")


def painted(found: list[Box]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    mask = np.zeros((60, 60), bool)
    for box in found:
        mask[box.y1 : box.y2, box.x1 : box.x2] = True
    return mask


def test_boxes_that_do_not_touch_share_nothing() -> None:
    assert overlap(face(0, 0, 10, 10), face(10, 0, 20, 10)) == 0
    assert iou(face(0, 0, 10, 10), face(0, 0, 10, 10)) == 1.0
    assert within(face(2, 2, 4, 4), face(0, 0, 10, 10)) == 1.0


def test_a_face_is_covered_with_three_tenths_more_on_each_side_but_not_beyond_the_picture() -> None:
    assert enlarged(face(100, 100, 200, 200), (300, 210)) == face(70, 70, 230, 210)


def test_a_box_that_the_fast_tier_found_keeps_its_number() -> None:
    first = [face(50, 50, 90, 90), face(0, 0, 20, 20)]
    then = [face(2, 2, 24, 22), face(200, 0, 220, 20), face(48, 52, 90, 92)]
    after = merged(first, then)
    assert [iou(one, other) > 0.6 for one, other in zip(first, after, strict=False)] == [True, True]
    assert after[2:] == [face(200, 0, 220, 20)]


@given(st.lists(boxes(), max_size=8), st.lists(boxes(), max_size=8))
def test_merging_loses_nothing_of_what_was_found(first: list[Box], then: list[Box]) -> None:
    after = merged(first, then)
    assert len(after) >= len(first)
    for box in then:
        mask = painted([each for each in after if each.kind == box.kind])
        assert mask[box.y1 : box.y2, box.x1 : box.x2].all()


def test_a_plate_inside_a_face_is_still_a_plate() -> None:
    plate = Box(BoxKind.PLATE, 10, 10, 20, 20, 0.9, "test")
    assert merged([face(0, 0, 40, 40)], [plate]) == [face(0, 0, 40, 40), plate]
    assert outermost([face(0, 0, 40, 40), plate]) == [face(0, 0, 40, 40)]


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_box_found_in_a_turned_picture_is_turned_back(turn: int) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[5:11, 7:22] = 1
    ys, xs = np.where(np.rot90(picture, turn))
    found = face(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert turned_back(found, turn, (60, 40)) == face(7, 5, 22, 11)


@given(boxes(), st.floats(0.1, 4), st.floats(0.1, 4))
def test_scaling_rounds_outwards(box: Box, across: float, down: float) -> None:
    there = scaled(box, across, down)
    assert there.x1 <= box.x1 * across
    assert there.x2 >= box.x2 * across
    assert there.y1 <= box.y1 * down
    assert there.y2 >= box.y2 * down


def test_boxes_are_numbered_as_one_reads() -> None:
    assert reading_order([face(50, 9, 60, 20), face(0, 30, 9, 40), face(5, 9, 9, 20)]) == [
        face(5, 9, 9, 20),
        face(50, 9, 60, 20),
        face(0, 30, 9, 40),
    ]


@given(boxes())
def test_a_covered_box_ends_on_the_borders_of_jpeg_blocks(box: Box) -> None:
    grown = on_blocks(box, (60, 60))
    assert within(box, grown) == 1.0
    assert all(edge % 8 == 0 or edge == 60 for edge in (grown.x1, grown.y1, grown.x2, grown.y2))


def test_nothing_of_a_covered_box_is_left_when_the_picture_is_made_smaller() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (900, 1200, 3), np.uint8)
    box = face(200, 200, 600, 500)
    other = noise.copy()
    other[200:500, 200:600] = 255 - other[200:500, 200:600]
    assert encoded(covered(noise, [box], 640)) == encoded(covered(other, [box], 640))
    assert covered(noise, [box], 640).shape == (480, 640, 3)
    assert sides_of((300, 200), 640) == (300, 200)


def test_a_box_beyond_the_picture_fills_only_the_picture() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    fill(picture, clipped(face(-9, -9, 5, 99), (20, 20)))
    fill(picture, face(-9, -9, 0, 0))
    assert (picture[:, :5] > 0).all()
    assert (picture[:, 5:] == 0).all()


def test_a_finished_jpeg_is_one_scan_behind_a_plain_header_and_anything_more_is_noticed() -> None:
    picture = np.random.default_rng(8).integers(0, 256, (64, 64, 3), np.uint8)
    bare = encoded(picture)
    assert is_bare(bare)
    comment = b"\xff\xfe\x00\x06abcd"
    exif = b"\xff\xe1\x00\x08Exif\x00\x00"
    for more in (bare[:20] + comment + bare[20:], bare[:2] + exif + bare[2:], bare + b"PK", bare + bare, bare[:-2]):
        assert not is_bare(more)
    thumbnail = bare[:18] + b"\x01\x01" + b"\x00\x00\x00" + bare[20:]
    assert not is_bare(thumbnail)
