"""The line protocol of `tweetpatrol redact --jsonl`."""

import json
from datetime import date
from typing import Any

import pytest

from moderation.redaction_lines import redact_lines
from tests.moderation.text import redactor


def answers(*lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in redact_lines(lines, redactor(), date(2026, 11, 21))]


def test_a_line_gives_its_id_decision_text_and_findings() -> None:
    text = "Stopped a van on Harbour Road, plate AB12 CDE"
    (answer,) = answers(json.dumps({"id": "a", "lang": "en", "text": text}))
    assert (answer["id"], answer["decision"], answer["text"]) == ("a", "REDACT", "Stopped a van in Riverside")
    found = {text[f["start"] : f["end"]]: (f["label"], f["action"], f["replacement"]) for f in answer["findings"]}
    assert found["Harbour Road"] == ("LOCATION", "mask", "in Riverside")
    assert found["AB12 CDE"] == ("PLATE", "mask", "")


@pytest.mark.parametrize(
    "line",
    ["not json", "[]", '{"id": 1}', '{"text": 5}', '{"text": "a", "kind": "poem"}', '{"text": "a", "earlier": "b"}'],
)
def test_a_bad_line_is_answered_with_an_error_and_the_next_goes_on(line: str) -> None:
    bad, good = answers(line, '{"id": 2, "text": "A quiet night."}')
    assert set(bad) == {"error"}
    assert line not in bad["error"]
    assert good["decision"] == "PASS"


def test_blank_lines_are_passed_over() -> None:
    assert answers("", "  \n") == []


def test_the_kind_and_earlier_posts_of_a_line_count() -> None:
    road, owner = answers(
        '{"text": "Harbour Road is shut.", "kind": "traffic"}',
        '{"text": "The owner is back in Riverside after last night.", "earlier": ["Robbery at a cafe in Riverside."]}',
    )
    assert road["text"] == "Harbour Road is shut."
    assert owner["decision"] == "FLAG"


def test_a_line_without_a_jurisdiction_is_judged_by_the_strictest() -> None:
    text = "Interpellé ce soir : Karim Benali, 22 ans."
    every, uk = answers(
        json.dumps({"lang": "fr", "text": text}), json.dumps({"lang": "fr", "text": text, "juris": "UK"})
    )
    assert (every["decision"], uk["decision"]) == ("BLOCK", "REDACT")
