"""Texts in, public texts out, one JSON object a line: what `tweetpatrol redact --jsonl` speaks."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from moderation.policy import PostKind
from moderation.redaction import Context, Redacted, Redactor

EVERYWHERE = ("uk", "es", "fr", "us")
"""The overlays of a line that names no jurisdiction: all of them, so the strictest."""


class LineWrong(Exception):
    """A line is not an object with a text; says what is wrong with it, never what it holds."""


def redact_lines(lines: Iterable[str], redactor: Redactor, on: date | None = None) -> Iterator[str]:
    """One line out for each line in that is not blank; a line that cannot be read gives {"error": ...}.

    `on` is the day on which a cited plan must be in force; today in UTC without it."""
    day = on or datetime.now(UTC).date()
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line, redactor, day), ensure_ascii=False)


def _answer(line: str, redactor: Redactor, day: date) -> dict[str, Any]:
    try:
        asked = _read(line)
        redacted = redactor.redact(asked["text"], _context(asked, day))
    except LineWrong as wrong:
        return {"error": str(wrong)}
    return {
        "id": asked.get("id"),
        "decision": redacted.verdict.value,
        "text": redacted.text,
        "findings": _findings(redacted),
    }


def _read(line: str) -> Mapping[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        raise LineWrong("the line is not JSON") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
        raise LineWrong('the line is not an object with a "text"')
    return asked


def _context(asked: Mapping[str, Any], day: date) -> Context:
    kind, juris, earlier = asked.get("kind"), asked.get("juris"), asked.get("earlier") or ()
    if kind is not None and kind not in {each.value for each in PostKind}:
        raise LineWrong("the kind is not one that we know")
    if not isinstance(earlier, list | tuple) or not all(isinstance(each, str) for each in earlier):
        raise LineWrong('"earlier" is not a list of texts')
    return Context(
        language=_word(asked.get("lang")),
        kind=PostKind(kind) if kind is not None else None,
        area=_word(asked.get("area")),
        overlays=_overlays(juris),
        earlier=tuple(earlier),
        plans_on=day,
    )


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _overlays(juris: object) -> tuple[str, ...]:
    """A jurisdiction ("UK", "US-CA") or several; ALL and nothing mean every one."""
    named = [juris] if isinstance(juris, str) else list(juris) if isinstance(juris, list) else []
    known = [str(name).lower() for name in named]
    return tuple(known) if known and "all" not in known else EVERYWHERE


def _findings(redacted: Redacted) -> list[dict[str, Any]]:
    """Every finding by its place in the input; what a redaction put there stands with the findings that it covers."""
    answers: list[dict[str, Any]] = []
    for finding in redacted.findings:
        covering = next(
            (r for r in redacted.redactions if r.finding.start <= finding.start and finding.end <= r.finding.end), None
        )
        answers.append(
            {
                "start": finding.start,
                "end": finding.end,
                "label": finding.label.value,
                "action": finding.action.value,
                "replacement": covering.replacement.strip() if covering and redacted.verdict.has_public_text else "",
            }
        )
    return [answer for i, answer in enumerate(answers) if answer not in answers[:i]]
