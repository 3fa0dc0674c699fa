from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from moderation.finding import Box, BoxKind
from moderation.media_covering import Covering
from moderation.media_job import Job, Tier
from moderation.media_reading import Reader
from moderation.media_word import Word
from moderation.signs import Signs
from tests.moderation.media_pictures import saved, with_words

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def covering() -> Covering:
    return Covering()


@pytest.mark.parametrize("words", ["07700 900123", "9 Orchard Close", "POLICE"])
def test_what_is_written_in_a_picture_is_read_for_the_text_rules_alone(covering: Covering, words: str) -> None:
    photo = covering.cover(Job(saved(with_words(words)[0], "PNG"), Tier.DEFAULT))
    read = [word for word in photo.words if word.score > 0.9]
    assert [word.text.replace(" ", "") for word in read] == [words.replace(" ", "")]
    assert words not in repr(photo.words)


def test_a_picture_without_writing_holds_no_words() -> None:
    assert Reader.load().words(np.zeros((64, 64, 3), np.uint8), ()) == ()


@pytest.mark.parametrize(
    ("text", "score", "harmless"),
    [
        ("POLICE", 0.99, True),
        ("Policía", 0.95, True),
        ("POLICE STOP", 0.95, True),
        ("POLICE", 0.6, False),
        ("POLICE 4471", 0.99, False),
        ("POLICE Marlow", 0.99, False),
        ("AB12 CDE", 0.99, False),
        ("", 1.0, False),
        ("...", 1.0, False),
    ],
)
def test_only_words_of_the_list_that_were_read_with_certainty_may_stay(text: str, score: float, harmless: bool) -> None:
    assert Signs.load(CONFIG).harmless(Word(0, text, score, alone=True)) is harmless
    assert not Signs.load(CONFIG).harmless(Word(0, text, score))


@pytest.mark.parametrize("sign", ["POLICE", "AMBULANCE", "POLICE STOP"])
@pytest.mark.parametrize("more", ["", "under", "beside", "noise"])
def test_a_sign_may_stay_only_where_nothing_else_stands_in_its_box(sign: str, more: str) -> None:
    picture = Image.new("RGB", (900, 300), (210, 210, 205))
    draw = ImageDraw.Draw(picture)
    draw.text((120, 90), sign, fill=(20, 30, 90), font=ImageFont.load_default(70))
    x1, y1, x2, y2 = map(int, draw.textbbox((120, 90), sign, font=ImageFont.load_default(70)))
    box = Box(BoxKind.TEXT, x1 - 30, y1 - 30, x2 + 30, y2 + 30, 1.0, "test")
    if more == "under":
        draw.text((x1, y2 + 6), "J. Marlow 4471", fill=(60, 60, 90), font=ImageFont.load_default(16))
    if more == "beside":
        draw.text((x2 + 12, y1), "J. Marlow 4471", fill=(60, 60, 90), font=ImageFont.load_default(30))
        box = replace(box, x2=x2 + 250)
    pixels = np.array(picture)
    if more == "noise":
        pixels = np.random.default_rng(7).integers(0, 256, pixels.shape, np.uint8) // 2 + pixels // 2
    signs = Signs.load(CONFIG)
    assert [signs.harmless(word) for word in Reader.load().words(pixels, [box])] == [more == ""]
