"""What the trained models find, on invented posts always and on annotated ones where they are: loaded once for all."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.texts import noticed
from benchmarks.texts.score import Score, lowered, rows_of
from moderation.finding import Action, Label
from moderation.policy import Verdict
from moderation.redaction import Context, Redactor
from shifts.words import Words
from tests.moderation.text import CONFIG, ROOT, SAMPLES, harmless, json_lines

CORPORA = ROOT.parent / "shared" / "data" / "text"
POSTS = 120
NAMED = [
    ("en", "Arrested Jorun Haldvik near Nottingham this evening.", ["Jorun", "Haldvik", "Nottingham"]),
    ("en", "arrested jorun haldvik near nottingham this evening", ["jorun", "haldvik", "nottingham"]),
    ("en", "SPOKE TO PRIYA RAMANATHAN IN LEICESTER, ALL FINE", ["PRIYA", "RAMANATHAN", "LEICESTER"]),
    ("en", "Sad news from the club today #RIPJorunHaldvik", ["RIP", "Jorun", "Haldvik"]),
    ("en", "Out in the sun #LeicesterSquareThisSaturday", ["Leicester", "Square", "Saturday"]),
    ("en", "We found Jorun Haldvik's dog on the beach.", ["Jorun", "Haldvik"]),
    ("es", "Detenida anoche Itziar Zubeldia cerca de Pamplona.", ["Itziar", "Zubeldia", "Pamplona"]),
    ("es", "hemos hablado con itziar zubeldia en pamplona", ["itziar", "zubeldia", "pamplona"]),
    ("fr", "Merci à Solène Kervadec de Quimper pour son aide.", ["Solène", "Kervadec", "Quimper"]),
]

NOTICED, FLAGGED = 92.0, 20.0
"""Percent of the posts of `posts_unseen.jsonl`."""


@cache
def redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), secret=b"a secret of the tests")


@pytest.mark.parametrize(("language", "text", "names"), NAMED)
def test_names_and_towns_in_no_list_of_ours_are_masked(language: str, text: str, names: list[str]) -> None:
    public = redactor().redact(text, Context(language=language)).text
    assert [name for name in names if name.casefold() in public.casefold()] == []


@pytest.mark.parametrize("message", json_lines(SAMPLES / "fresh.jsonl"), ids=lambda each: str(each["text"])[:40])
def test_a_message_from_the_street_keeps_nothing_that_identifies(message: dict[str, Any]) -> None:
    redacted = redactor().redact(message["text"], Context(language=message["lang"]))
    assert [word for word in message["gone"] if word.casefold() in redacted.text.casefold()] == []
    assert redacted.verdict.value in message["want"].split()
    assert not re.search(r"\b(\w+ \w+),? \1\b|\.\.|,,| ,|\b(?:in in|en en|de de|du notre|del nuestra)\b", redacted.text)


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_plain_posts_keep_their_words(language: str) -> None:
    posts = [(post, redactor().redact(post, Context(language=language))) for post in harmless(language)]
    assert len(posts) >= 50
    assert len([post for post, redacted in posts if redacted.text != post]) <= 3
    assert len([post for post, redacted in posts if redacted.verdict is not Verdict.PASS]) <= 3
    assert len([post for post, redacted in posts if redacted.suggestions]) <= 8


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_plain_sentences_are_not_asked_about_by_what_they_mean(language: str) -> None:
    posts = (SAMPLES / f"plain_{language}.txt").read_text("utf-8").splitlines()
    told = {post: redactor().redact(post, Context(language=language)).reasons for post in posts}
    assert [
        post for post, reasons in told.items() if any(reason.code.startswith("may tell") for reason in reasons)
    ] == []


@pytest.mark.slow
def test_posts_in_words_that_nobody_looked_up_are_noticed_and_plain_ones_seldom_flagged() -> None:
    """The plain ones share words with the others on purpose. The lists alone notice 77 % and flag 19 %."""
    shares = noticed.shares(redactor(), json_lines(SAMPLES / "posts_unseen.jsonl"))
    assert {of for name, (_, of) in shares.items() if name in ("noticed %", "plain flagged %")} == {204, 150}
    assert shares["noticed %"][0] >= NOTICED
    assert shares["plain flagged %"][0] <= FLAGGED
    assert all(shares[f"noticed {language} %"][0] >= 85 for language in ("en", "es", "fr"))


def test_what_a_model_read_is_told_and_taken_out_as_whole_words() -> None:
    read = redactor().redact("Stopped a g1psy", Context())
    assert (read.verdict, read.text) != (Verdict.PASS, "Stopped a g1psy")
    assert "g1" not in read.text
    assert read.reasons
    owner = redactor().redact("We met Jorun Haldvik's dog", Context())
    assert owner.text == "We met a person's dog"


def score(corpus: str, *, lower: bool = False) -> Score:
    file: Path = CORPORA / f"{corpus}.jsonl"
    if not file.exists():
        pytest.skip("../shared is absent")
    score = Score()
    for row in rows_of(file)[:POSTS]:
        asked = lowered(row) if lower else row
        findings = redactor().redact(asked["text"], Context(language=row["lang"])).findings
        findings = tuple(f for f in findings if f.label not in (Label.LINK, Label.POLICY))
        masks = [(f.start, f.end) for f in findings if f.action is Action.MASK]
        score.add(asked, masks, [(f.start, f.end) for f in findings if f.action is Action.SUGGEST])
    return score


@pytest.mark.slow
@pytest.mark.parametrize(
    ("corpus", "lower", "label", "least"),
    [
        ("dev_en_tweets", False, "PERSON", 85),
        ("dev_en_tweets", True, "PERSON", 80),
        ("dev_en_places", False, "LOCATION", 95),
        ("dev_es_tweets", False, "PERSON", 93),
    ],
)
def test_annotated_posts_hide_their_names(corpus: str, lower: bool, label: str, least: float) -> None:
    share = score(corpus, lower=lower).labels[label]
    assert share.spans > 20
    assert share.percent(share.hidden) >= least
