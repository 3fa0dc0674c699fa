"""Sentences as officers type them, of every category and language, and as many that are nobody's business to flag."""

from collections import Counter

import pytest

from moderation.policy import Verdict
from tests.moderation.text import SAMPLES, json_lines, redact

LANGUAGES = ("en", "es", "fr")
CATEGORIES = "ABCDEFGHIJKLMNOPQ"
TYPED = json_lines(SAMPLES / "street.jsonl")


def test_there_are_sentences_of_every_category_and_language() -> None:
    there = Counter((row["lang"], row["category"]) for row in TYPED)
    assert set(there) == {(language, category) for language in LANGUAGES for category in CATEGORIES}
    assert min(there.values()) >= 8
    assert len({row["text"] for row in TYPED}) == len(TYPED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_typed_sentence_is_judged_by_what_it_tells(language: str) -> None:
    judged = [(row, redact(row["text"])) for row in TYPED if row["lang"] == language]
    wrong = [
        (row["text"], redacted.verdict.value)
        for row, redacted in judged
        if redacted.verdict.value not in row["want"].split() or any(word in redacted.text for word in row["gone"])
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_plain_sentences_are_flagged(language: str) -> None:
    posts = (SAMPLES / f"plain_{language}.txt").read_text("utf-8").splitlines()
    assert len(posts) >= 30
    judged = [(post, redact(post)) for post in posts]
    assert [post for post, redacted in judged if redacted.verdict not in (Verdict.PASS, Verdict.REDACT)] == []
    assert len([post for post, redacted in judged if redacted.text != post]) <= 3
