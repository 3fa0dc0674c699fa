"""Rude words: flagged by better-profanity and lists of our own, never police work."""

import time
from functools import cache

import pytest

from moderation.finding import Action
from moderation.profanity import Profanity
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


def test_a_post_without_rude_words_is_looked_at_in_a_millisecond() -> None:
    post = "Stopped a van with four bald tyres tonight, driver reported. " * 4
    profanity().flags(post, "en")
    start = time.process_time()
    for _ in range(20):
        profanity().flags(post, "en")
    assert (time.process_time() - start) / 20 < 0.005


def test_a_long_text_is_not_slow() -> None:
    start = time.process_time()
    profanity().flags("shit " * 2000, "en")
    assert time.process_time() - start < 1.0
