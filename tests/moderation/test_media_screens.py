import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from moderation.detector import DetectorFailed, Pixels
from moderation.finding import Box, BoxKind
from moderation.media import draft_alt
from moderation.media_boxes import within
from moderation.media_cover import FILL
from moderation.media_covering import Covering
from moderation.media_detectors import screens
from moderation.media_job import CoveredPhoto, Job, Tier
from moderation.media_passes import Looks, Pass, Sight, Stage
from moderation.media_weights import Weights
from shifts.words import Words
from tests.moderation.media_pictures import saved, scene

WORDS = Words.load(Path(__file__).parents[2] / "config" / "languages")
PLACE = Box(BoxKind.SCREEN, 450, 250, 750, 430, 1.0, "truth")
"""Where the picture on the drawn monitor is."""


def monitor() -> Image.Image:
    """A room with a monitor on a table."""
    image = Image.new("RGB", (1600, 1200), (205, 200, 190))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 900, 1600, 1200), fill=(140, 105, 70))
    draw.rectangle((880, 480, 1520, 880), fill=(18, 18, 20))
    for row in range(360):
        draw.line((900, 500 + row, 1500, 500 + row), fill=(60 + row // 4, 120 + row // 6, 200 - row // 6))
    draw.rectangle((1170, 880, 1230, 935), fill=(25, 25, 27))
    draw.rectangle((1080, 935, 1320, 950), fill=(25, 25, 27))
    return image.reduce(2)


def of_screens(boxes: Sequence[Box]) -> list[Box]:
    return [box for box in boxes if box.kind is BoxKind.SCREEN]


class Told:
    """Finds what it is told to find."""

    def __init__(self, find: Callable[[Pixels], list[Box]]) -> None:
        self._find = find

    def find(self, picture: Pixels) -> list[Box]:
        return self._find(picture)


def covering_by(first: Sequence[Box], again: Sequence[Box] = ()) -> Covering:
    looks = (Looks(fast=(Pass(0.1, side=4000),)), Looks(second=(Pass(0.1, side=4000),)))
    return Covering(lambda: Sight([(Told(lambda _: list(first)), looks[0]), (Told(lambda _: list(again)), looks[1])]))


def inside(photo: CoveredPhoto, box: Box) -> Pixels:
    return photo_pixels(photo)[box.y1 : box.y2, box.x1 : box.x2]


def photo_pixels(photo: CoveredPhoto) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(photo.jpeg)), np.uint8)


def test_a_screen_is_covered_by_both_tiers_under_one_number() -> None:
    original = saved(monitor(), "PNG")
    covering = Covering(partial(Sight.load, ["screens"]))
    for tier in Tier:
        photo = covering.cover(Job(original, tier))
        (number,) = [index for index, box in enumerate(photo.boxes) if box.kind is BoxKind.SCREEN]
        assert (number, within(PLACE, photo.boxes[number])) == (0, 1.0)
        assert (inside(photo, photo.boxes[number]) == FILL).all()
        assert photo.leftover == ()


def test_the_second_look_sees_a_screen_and_no_look_at_a_video_does() -> None:
    sight = Sight([(screens.load(), screens.LOOKS)])
    picture = np.asarray(monitor())
    assert [within(PLACE, box) for box in sight.look(picture, Stage.SECOND)] == [1.0]
    assert screens.LOOKS.video == screens.LOOKS.video_second == ()


def test_whoever_decides_lifts_a_screen_and_what_is_written_on_it_stays_covered() -> None:
    screen = Box(BoxKind.SCREEN, 80, 80, 240, 200, 0.9, "test")
    writing = Box(BoxKind.TEXT, 104, 120, 160, 144, 0.9, "test")
    job = Job(saved(scene(), "PNG"), Tier.DEFAULT, lifted=frozenset({0}))
    photo = covering_by([screen, writing], [screen, writing]).cover(job)
    assert (photo.lifted, photo.leftover) == (frozenset({0}), ())
    assert (inside(photo, photo.boxes[1]) == FILL).all()
    assert (inside(photo, photo.boxes[0])[-16:] != FILL).any()


def test_a_fill_with_a_thin_border_is_not_seen_as_another_screen() -> None:
    # A grey rectangle in a frame looks like a screen that is off.
    sign = Box(BoxKind.TEXT, 80, 80, 160, 144, 0.9, "test")
    frame = Box(BoxKind.SCREEN, 56, 56, 184, 176, 0.9, "test")
    photo = covering_by([sign], [frame]).cover(Job(saved(scene(), "PNG"), Tier.DEFAULT))
    assert photo.leftover == ()
    assert of_screens(photo.boxes) == []


def test_screens_are_counted_in_the_description() -> None:
    assert draft_alt([PLACE], WORDS, "en") == "Photo. 1 screen covered."
    assert draft_alt([PLACE], WORDS, "es") == "Foto. 1 pantalla tapada."
    assert draft_alt([PLACE], WORDS, "fr").endswith("1 écran masqué.")


def test_a_resized_picture_is_looked_at_in_tiles_and_boxes_find_their_way_back() -> None:
    shown = []

    def white(picture: Pixels) -> list[Box]:
        shown.append(picture.shape[:2])
        rows, columns = np.nonzero(picture[:, :, 0] > 128)
        if not len(rows):
            return []
        right, bottom = int(columns.max()) + 1, int(rows.max()) + 1
        return [Box(BoxKind.SCREEN, int(columns.min()), int(rows.min()), right, bottom, 0.9, "white")]

    picture = np.zeros((600, 1000, 3), np.uint8)
    picture[560:580, 940:980] = 255
    looks = Looks(fast=(Pass(0.1, side=500, tile=300, lap=100),))
    (box,) = Sight([(Told(white), looks)]).look(picture, Stage.FAST)
    assert set(shown) == {(300, 300)}
    assert (box.x1, box.y1, box.x2, box.y2) == (940, 560, 980, 580)


def test_missing_weights_of_the_one_on_request_fail_loudly() -> None:
    with pytest.raises(DetectorFailed):
        screens.load(Weights("no-such-package-here", "model.pb", "0" * 64))


def test_screens_are_looked_for_only_where_that_is_asked() -> None:
    code = (
        "import sys; from moderation.media_passes import Sight; Sight.load(sys.argv[1:]);"
        "print('moderation.media_detectors.screens' in sys.modules)"
    )
    for asked, loaded in ((["screens"], "True"), ([], "False")):
        answer = subprocess.run([sys.executable, "-c", code, *asked], capture_output=True, text=True, check=True)
        assert answer.stdout.strip() == loaded
