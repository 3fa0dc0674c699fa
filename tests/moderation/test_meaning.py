"""The learnt judge of posts' meaning, shown with invented thoughts: what is weighed, what is asked, what follows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.texts import hostile
from moderation.detection import Detection
from moderation.detector import DetectorFailed
from moderation.finding import Action, Finding, Label
from moderation.policy import Verdict
from moderation.reading import meaning
from moderation.reading.encoder import SIZE, THOUGHT, Thoughts
from moderation.reading.meaning import MOST, Meaning, Weights, stretches
from moderation.reading.thinking import Once
from moderation.redaction import Context, Redacted, Redactor
from shifts.areas import Areas
from shifts.words import Words
from tests.moderation.foretold import judged
from tests.moderation.text import CONFIG, redactor


class Counting:
    """An encoder that thinks the same of every piece, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def look(self, text: str) -> Thoughts:
        self.asked += 1
        if text == "broken":
            raise DetectorFailed("it cannot look")
        spans = [(at, min(at + 4, len(text))) for at in range(0, len(text), 4)]
        return Thoughts(spans, np.ones((len(spans), THOUGHT), np.float32))


def asked(redacted: Redacted) -> list[str]:
    return [reason.code for reason in redacted.reasons if reason.code.startswith("may tell")]


def test_what_no_list_knows_is_flagged_with_a_tick_and_its_words_stay() -> None:
    found = judged("He took the long road home to his maker. Lights on at the fair.", long_road="J")
    assert (found.verdict, asked(found)) == (Verdict.FLAG, ["may tell death"])
    assert [reason.tick for reason in found.reasons] == ["policy.ticks.no_death"]
    assert found.text == "He took the long road home to his maker. Lights on at the fair."
    assert (found.suggestions, found.redactions, found.findings) == ((), (), ())


def test_a_whole_post_is_asked_about_at_a_lower_share_than_one_sentence_of_it() -> None:
    assert asked(judged("Nothing much. Then the odd thing. Home now, good night to you.", odd_thing="?")) == [
        "may tell death"
    ]


def test_it_is_silent_where_another_rule_of_the_category_asks_and_beside_others_it_speaks() -> None:
    dead = judged("One man has died in a crash. What a clown show it was.", has_died="J", clown_show="N")
    assert dead.verdict.severity >= Verdict.HOLD.severity
    assert "may tell death" not in asked(dead)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Tea break for us. The lads in jeans by the bus shelter are ours.", ["may tell tactics"]),
        ("We are now on Harbour Road. The lads in jeans by the bus shelter are ours.", ["may tell tactics"]),
        ("Tea break for the lads in jeans.", []),
    ],
)
def test_what_is_only_taken_out_elsewhere_silences_no_question(text: str, asks: list[str]) -> None:
    assert asked(judged(text, lads_in_jeans="K")) == asks


def test_an_area_in_the_sentence_or_a_plan_before_it_hides_no_question() -> None:
    assert asked(judged("the long road home was taken in St Elmo", long_road="J")) == ["may tell death"]
    assert asked(judged("[plan ref EP-114] the long road home was taken", long_road="J")) == ["may tell death"]


def test_our_own_text_that_was_approved_before_is_not_asked_about_again() -> None:
    ours = Context(language="en", own_public_text=True)
    assert asked(judged("He took the long road home.", ours, long_road="J")) == []


def test_the_last_look_before_a_network_refuses_nothing_that_was_asked_about() -> None:
    class Asks:
        def find(self, text: str, language: str) -> Sequence[Finding]:
            return [Finding(0, len(text), Label.POLICY, Action.ASK, "may tell death")]

    sound, words = redactor(), Words.load(CONFIG / "languages")
    parts = Redactor(Detection({"asks": Asks()}), sound._policy, sound._plans, Areas.load(CONFIG), words, b"secret")
    assert parts.remaining("He took the long road home.", "en") == ()


@pytest.mark.parametrize("piece", [*hostile.PIECES, "He left us. ", "one long line without an end "])
def test_every_part_of_a_text_is_weighed_in_few_stretches(piece: str) -> None:
    text = hostile.of(piece)
    whole, *parts = stretches(text)
    assert whole == (0, len(text))
    assert len(parts) <= MOST
    assert [at for start, end in parts for at in range(start, end)] == (list(range(len(text))) if parts else [])


def test_two_detectors_have_a_text_read_once_and_a_failure_is_not_kept() -> None:
    counting = Counting()
    once = Once(counting)
    weights = replace(_weights(), categories=("-", "J", "N"))
    Meaning(weights, once).weigh("a quiet night. and another one of them")
    once.look("a quiet night. and another one of them")
    assert counting.asked == 1
    for _ in range(2):
        with pytest.raises(DetectorFailed):
            once.look("broken")
    assert counting.asked == 3


def test_a_model_that_is_missing_or_another_file_is_said(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, allow_pickle=False, categories=np.array(["-"]))
    for path in (tmp_path / "none.npz", other):
        with pytest.raises(DetectorFailed):
            meaning.read(path)


def test_a_missing_model_holds_every_post(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "policy").mkdir()
    table = tmp_path / "policy" / "detectors.toml"
    table.write_text(
        "[times]\n[models.meaning]\nwhole = 0.7\nsentence = 0.9\n[models.meaning.rules]\nJ = 'may tell death'\n"
    )
    sound, words = redactor(), Words.load(CONFIG / "languages")
    for models, verdict in ((True, Verdict.HOLD), (False, Verdict.PASS)):
        detection = Detection.load(table, Areas.load(CONFIG), models=models)
        parts = Redactor(detection, sound._policy, sound._plans, Areas.load(CONFIG), words, b"secret")
        assert parts.redact("A quiet night.", Context(language="en")).verdict is verdict
    assert "every post is held" in caplog.text


def test_shares_are_shares_whatever_was_thought() -> None:
    shares = _weights().shares(np.full((3, SIZE), 1e4, np.float32))
    assert np.allclose(shares.sum(axis=1), 1)


def _weights() -> Weights:
    return meaning.read(CONFIG / "models" / meaning.FILE)


def test_each_category_of_the_policy_has_its_question_its_reason_and_its_tick() -> None:
    detection = (CONFIG / "policy" / "detectors.toml").read_text("utf-8")
    rules = [rule for rule in redactor()._policy.rules if rule.otherwise]
    assert sorted(rule.category for rule in rules) == [name for name in _weights().categories if name != meaning.PLAIN]
    words = Words.load(CONFIG / "languages")
    for rule in rules:
        reason = rule.as_reason()
        assert f'{rule.category} = "{rule.any_of[0].removeprefix("@")}"' in detection
        for language in ("en", "es", "fr"):
            assert {reason.words, reason.tick} <= words.keys(language)
