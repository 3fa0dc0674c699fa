import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from moderation.detector import DetectorFailed, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_boxes import iou, within
from moderation.media_cover import FILL, is_bare
from moderation.media_covering import Covering
from moderation.media_decode import PhotoRefused
from moderation.media_drawing import grid
from moderation.media_job import CoveredPhoto, Job, Tier
from moderation.media_passes import Looks, Pass, Sight, Stage
from tests.moderation.media_pictures import CANARY, OF_A_CAMERA, saved, scene, with_words

BY_HAND = Box(BoxKind.ADDED, 40, 50, 90, 120, 1.0, "person")


@pytest.fixture(scope="module")
def covering() -> Covering:
    return Covering()


def pixels(photo: CoveredPhoto) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(photo.jpeg)), np.uint8)


def inside(photo: CoveredPhoto, box: Box) -> Pixels:
    return pixels(photo)[box.y1 : box.y2, box.x1 : box.x2]


@pytest.mark.parametrize("kind", list(OF_A_CAMERA))
@pytest.mark.parametrize("tier", list(Tier))
def test_nothing_that_a_camera_wrote_into_a_file_is_left(covering: Covering, kind: str, tier: Tier) -> None:
    original = OF_A_CAMERA[kind](scene())
    assert CANARY.encode() in original
    photo = covering.cover(Job(original, tier))
    assert photo.source_format == kind
    assert is_bare(photo.jpeg)
    for trace in (CANARY.encode(), b"Exif", b"ns.adobe.com", b"Photoshop", b"ICC_PROFILE", b"http", b"GPS"):
        assert trace not in photo.jpeg
    assert sorted(Image.open(io.BytesIO(photo.jpeg)).info) == ["jfif", "jfif_density", "jfif_unit", "jfif_version"]


def test_every_pixel_of_every_box_is_the_fill_and_nothing_else(covering: Covering) -> None:
    image, where = with_words("AB12 CDE")
    photo = covering.cover(Job(saved(image, "JPEG", quality=92), Tier.FAST, added=(BY_HAND,)))
    x1, y1, x2, y2 = where
    words = Box(BoxKind.TEXT, x1, y1, x2, y2, 1.0, "truth")
    assert any(within(words, box) > 0.95 for box in photo.boxes)
    assert photo.boxes[-1].kind == BoxKind.ADDED
    for box in photo.boxes:
        assert (inside(photo, box) == FILL).all()
    assert (pixels(photo) != FILL).any()


def test_a_box_added_on_a_picture_that_was_made_smaller_covers_the_same_place(covering: Covering) -> None:
    original = saved(scene(900, 600), "PNG")
    photo = covering.cover(Job(original, Tier.FAST, added=(BY_HAND,), side=450))
    assert (photo.width, photo.height) == (450, 300)
    assert within(BY_HAND, photo.boxes[-1]) == 1.0
    assert iou(BY_HAND, photo.boxes[-1]) > 0.6
    assert (inside(photo, photo.boxes[-1]) == FILL).all()


def test_a_ribbon_of_which_nothing_would_be_left_is_refused_and_the_next_one_can_be_shown_by_its_grid(
    covering: Covering,
) -> None:
    with pytest.raises(PhotoRefused) as refused:
        covering.cover(Job(saved(scene(70, 12_000), "JPEG"), Tier.FAST, side=2560))
    assert refused.value.reason == "too_small"
    ribbon = covering.cover(Job(saved(scene(76, 12_000), "JPEG"), Tier.FAST, side=2560))
    assert (ribbon.width, ribbon.height) == (16, 2560)
    for cell in (None, *range(1, 10)):
        assert Image.open(io.BytesIO(grid(ribbon.jpeg, cell))).size == (16, 2560)


def test_a_lifted_box_keeps_its_number_and_stays_open(covering: Covering) -> None:
    job = Job(saved(with_words("POLICE")[0], "PNG"), Tier.FAST)
    before = covering.cover(job)
    number = next(index for index, box in enumerate(before.boxes) if box.kind == BoxKind.TEXT)
    after = covering.cover(replace(job, lifted=frozenset({number, 99})))
    assert after.lifted == {number}
    assert after.boxes == before.boxes
    assert not (inside(after, after.boxes[number]) == FILL).all()
    assert (inside(before, before.boxes[number]) == FILL).all()


class Told:
    """Finds what it is told, by the size of the picture that it is shown."""

    def __init__(self, find: Callable[[Pixels], list[Box]]) -> None:
        self._find = find

    def find(self, picture: Pixels) -> list[Box]:
        return self._find(picture)


def always(box: Box) -> Callable[[Pixels], list[Box]]:
    return lambda _: [box]


def covering_by(find: Callable[[Pixels], list[Box]], again: Callable[[Pixels], list[Box]]) -> Covering:
    first = (Told(find), Looks(fast=(Pass(0.1, side=4000),)))
    second = (Told(again), Looks(second=(Pass(0.1, side=4000),)))
    return Covering(lambda: Sight([first, second]))


def test_the_same_picture_with_other_words_gives_the_same_bytes() -> None:
    # Not even a trace of the ringing of what is covered may be left.
    jpegs = set()
    for words in ("MMMMMMMM", "WWWWWWWW"):
        image, (x1, y1, x2, y2) = with_words(words)
        sign = Box(BoxKind.TEXT, x1 - 20, y1 - 20, x1 + 400, y2 + 20, 0.9, "test")
        assert x2 < sign.x2
        covering = covering_by(always(sign), lambda _: [])
        jpegs.add(covering.cover(Job(saved(image, "PNG"), Tier.FAST)).jpeg)
    assert len(jpegs) == 1


def test_nobody_lifts_a_plate() -> None:
    plate = Box(BoxKind.PLATE, 80, 80, 160, 120, 0.9, "test")
    photo = covering_by(lambda _: [plate], lambda _: []).cover(
        Job(saved(scene(), "PNG"), Tier.DEFAULT, lifted=frozenset({0}))
    )
    assert photo.lifted == frozenset()
    assert (inside(photo, photo.boxes[0]) == FILL).all()


def test_a_box_added_by_hand_is_not_lifted_by_its_number() -> None:
    photo = covering_by(lambda _: [], lambda _: []).cover(
        Job(saved(scene(), "PNG"), Tier.FAST, added=(BY_HAND,), lifted=frozenset({0}))
    )
    assert photo.lifted == frozenset()
    assert (inside(photo, photo.boxes[0]) == FILL).all()


def test_what_a_person_adds_does_not_change_the_numbers_of_what_was_found() -> None:
    face = Box(BoxKind.FACE, 48, 56, 80, 80, 0.9, "test")
    other = Box(BoxKind.FACE, 200, 56, 240, 80, 0.9, "test")

    def again(picture: Pixels) -> list[Box]:
        return [box for box in (face, other) if not (picture[box.y1 : box.y2, box.x1 : box.x2] == FILL).all()]

    original = saved(scene(), "PNG")
    plain = covering_by(lambda _: [], again).cover(Job(original, Tier.DEFAULT))
    by_hand = covering_by(lambda _: [], again).cover(Job(original, Tier.DEFAULT, added=(BY_HAND,)))
    assert len(plain.boxes) == 2
    assert by_hand.boxes[:2] == plain.boxes


def test_what_the_second_look_sees_is_covered_too() -> None:
    face = Box(BoxKind.FACE, 80, 80, 120, 120, 0.9, "test")

    def again(picture: Pixels) -> list[Box]:
        return [] if (picture[80:120, 80:120] == FILL).all() else [face]

    photo = covering_by(lambda _: [], again).cover(Job(saved(scene(), "PNG"), Tier.DEFAULT))
    assert photo.leftover == ()
    assert [box.kind for box in photo.boxes] == [BoxKind.FACE]
    assert (inside(photo, face) == FILL).all()


def test_a_fill_is_not_taken_for_writing_that_fills_the_picture(covering: Covering) -> None:
    """Around a fill on a plain ground the text detector sees one line as large as the picture."""
    photo = covering.cover(Job(saved(with_words("AB12 CDE")[0], "JPEG", quality=92), Tier.DEFAULT))
    assert photo.leftover == ()
    assert (pixels(photo) == FILL).all(axis=2).mean() < 0.3


def test_what_is_seen_again_and_again_is_reported_as_left_over() -> None:
    seen: list[Box] = []

    def again(_: Pixels) -> list[Box]:
        at = 30 * len(seen)
        seen.append(Box(BoxKind.FACE, at, at, at + 20, at + 20, 0.9, "test"))
        return seen[-1:]

    photo = covering_by(lambda _: [], again).cover(Job(saved(scene(), "PNG"), Tier.DEFAULT))
    assert photo.leftover == tuple(seen[-1:])
    assert len(seen) == 3


def test_what_a_person_left_open_is_not_left_over() -> None:
    face = Box(BoxKind.FACE, 80, 80, 120, 120, 0.9, "test")
    covering = covering_by(lambda _: [face], lambda _: [face])
    photo = covering.cover(Job(saved(scene(), "PNG"), Tier.DEFAULT, lifted=frozenset({0})))
    assert (photo.lifted, photo.leftover, len(photo.boxes)) == (frozenset({0}), (), 1)


def test_another_face_beside_the_one_that_a_person_left_open_is_left_over() -> None:
    face = Box(BoxKind.FACE, 80, 80, 140, 150, 0.9, "test")
    behind = Box(BoxKind.FACE, 125, 75, 150, 105, 0.9, "test")

    def again(picture: Pixels) -> list[Box]:
        return [] if (picture[90, 90] == FILL).all() else [behind, face]

    covering = covering_by(lambda _: [face], again)
    job = Job(saved(scene(), "PNG"), Tier.DEFAULT)
    assert covering.cover(job).leftover == ()
    assert covering.cover(replace(job, lifted=frozenset({0}))).leftover == (behind,)


def test_what_else_is_seen_inside_what_a_person_left_open_is_left_over() -> None:
    poster = Box(BoxKind.TEXT, 40, 40, 200, 160, 0.9, "test")
    face = Box(BoxKind.FACE, 80, 80, 120, 120, 0.9, "test")
    covering = covering_by(lambda _: [poster], lambda picture: [] if (picture[90, 90] == FILL).all() else [face])
    job = Job(saved(scene(), "PNG"), Tier.DEFAULT)
    assert covering.cover(job).leftover == ()
    assert covering.cover(replace(job, lifted=frozenset({0}))).leftover == (face,)


def test_a_third_of_a_face_that_is_still_seen_is_covered_too() -> None:
    part = Box(BoxKind.ADDED, 80, 80, 110, 120, 1.0, "person")
    face = Box(BoxKind.FACE, 80, 80, 125, 120, 0.9, "test")

    def again(picture: Pixels) -> list[Box]:
        return [] if (picture[80:120, 80:125] == FILL).all() else [face]

    photo = covering_by(lambda _: [part], again).cover(Job(saved(scene(), "PNG"), Tier.DEFAULT))
    assert (inside(photo, face) == FILL).all()


def test_a_code_that_was_left_open_is_seen_by_the_second_look() -> None:
    code = np.kron(cv2.QRCodeEncoder.create().encode("https://marlow.example/7"), np.ones((6, 6), np.uint8))
    picture = np.full((480, 480, 3), 255, np.uint8)
    picture[100 : 100 + code.shape[0], 100 : 100 + code.shape[1]] = code[:, :, None]
    seen = Sight.load().look(picture, Stage.SECOND)
    assert BoxKind.CODE in {box.kind for box in seen}


def test_a_box_of_the_fast_tier_has_the_same_number_in_the_default_tier(covering: Covering) -> None:
    original = saved(with_words("HARBOUR ROAD 14", (1000, 700))[0], "PNG")
    fast, default = (covering.cover(Job(original, tier)) for tier in Tier)
    assert fast.boxes
    assert len(default.boxes) >= len(fast.boxes)
    for one, other in zip(fast.boxes, default.boxes, strict=False):
        assert one.kind == other.kind
        assert within(one, other) == 1.0


def test_the_same_original_gives_the_same_bytes(covering: Covering) -> None:
    job = Job(saved(with_words()[0], "PNG"), Tier.FAST)
    assert covering.cover(job) == Covering().cover(job)


def test_a_detector_that_fails_once_is_loaded_again_and_nothing_passes_meanwhile() -> None:
    tries: list[int] = []

    def load() -> Sight:
        tries.append(1)
        if len(tries) == 1:
            raise DetectorFailed("weights are missing")
        return Sight([(Told(lambda _: []), Looks(fast=(Pass(0.1, side=100),)))])

    covering = Covering(load)
    with pytest.raises(DetectorFailed):
        covering.cover(Job(saved(scene(), "PNG"), Tier.FAST))
    assert covering.cover(Job(saved(scene(), "PNG"), Tier.FAST)).boxes == ()


def test_one_failing_detector_fails_the_picture() -> None:
    def fail(_: Pixels) -> list[Box]:
        raise DetectorFailed("cannot look")

    with pytest.raises(DetectorFailed):
        covering_by(fail, lambda _: []).cover(Job(saved(scene(), "PNG"), Tier.FAST))
    with pytest.raises(DetectorFailed):
        covering_by(lambda _: [], fail).cover(Job(saved(scene(), "PNG"), Tier.DEFAULT))


def test_no_face_is_found_again_in_a_covered_picture_of_people(covering: Covering, shared: Path) -> None:
    for path in sorted((shared / "data/media/faces_mask").iterdir())[1:2]:
        photo = covering.cover(Job(path.read_bytes(), Tier.DEFAULT))
        assert any(box.kind == BoxKind.FACE for box in photo.boxes)
        assert photo.leftover == ()
        again = Sight.load().look(pixels(photo), Stage.SECOND)
        assert [box for box in again if not (inside(photo, box) == FILL).mean() > 0.5] == []
