from pathlib import Path

import numpy as np
import pytest

from moderation.media_covering import Covering
from moderation.media_job import Job, Tier
from moderation.media_reading import Reader
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
    assert Signs.load(CONFIG).harmless(text, score) is harmless
