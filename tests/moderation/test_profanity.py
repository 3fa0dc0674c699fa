"""Rude words: flagged by better-profanity and lists of our own, never police work."""

from functools import cache

import pytest

from moderation.finding import Action
from moderation.profanity import Profanity
from moderation.profanity import _confirms as confirms
from tests.moderation.text import CONFIG, harmless


@cache
def profanity() -> Profanity:
    return Profanity.load(CONFIG)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what a shit night", "en"),
        ("f u c k this", "en"),
        ("f.u.c.k this", "en"),
        ("fuсk this", "en"),
        ("a$$hole", "en"),
        ("sh!t night", "en"),
        ("otro turno, gilipollas y nada de tiempo, what a night", "en"),
        ("sh1t", "en"),
        ("Qué noche de mierda", "es"),
        ("gilipollas", "es"),
        ("Quel connard", "fr"),
        ("putain", "fr"),
    ],
)
def test_a_rude_word_is_suggested(text: str, language: str) -> None:
    (flag, *_) = profanity().flags(text, language)
    assert flag.action is Action.SUGGEST
    assert 0 <= flag.start < flag.end <= len(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Murder suspect, heroin, drunk driver, sexual assault, rape, stolen goods.", "en"),
        ("Escorting a wide load to Scunthorpe via Penistone Road.", "en"),
        ("Dick Turpin, a gay pride parade, strip search.", "en"),
        ("Un coche negro y una negra noche.", "es"),
        ("Le concert, la computation.", "fr"),
    ],
)
def test_police_work_is_not_rude(text: str, language: str) -> None:
    assert profanity().flags(text, language) == ()


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_no_harmless_post_is_rude(language: str) -> None:
    assert [post for post in harmless(language) if profanity().flags(post, language)] == []


def test_better_profanity_is_not_asked_about_a_post_without_rude_words() -> None:
    before = times_asked()
    assert profanity().flags("Stopped a van with four bald tyres tonight, driver reported. " * 60, "en") == ()
    assert times_asked() == before


def test_better_profanity_is_asked_about_a_word_once() -> None:
    before = times_asked()
    assert len(profanity().flags("shit " * 2000, "en")) == 2000
    assert times_asked() <= before + 1


def test_a_rude_word_is_found_at_the_end_of_a_long_text() -> None:
    text = "Stopped a van with four bald tyres tonight. " * 90 + "what a shit night"
    (flag,) = profanity().flags(text, "en")
    assert text[flag.start : flag.end] == "shit"


def times_asked() -> int:
    """How often better-profanity itself was asked, which takes long."""
    return confirms.cache_info().misses
