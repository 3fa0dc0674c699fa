"""What share of posts in words that nobody looked up is noticed, and how many plain ones are flagged for nothing."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from moderation.policy import Verdict
from moderation.redaction import Context, Redactor

PLAIN: Final = "-"
"""The category of a post that a press officer publishes without a second look; the others are letters of the policy."""
_LEFT_ALONE: Final = frozenset({Verdict.PASS, Verdict.REDACT})

Share = tuple[float, int]
"""Percent, and of how many."""


def shares(redactor: Redactor, rows: Iterable[Mapping[str, Any]]) -> dict[str, Share]:
    """By language and by category what share has any verdict above PASS; of the plain ones, what share is flagged.

    A row has `lang`, `category` and `text`."""
    told: dict[str, list[bool]] = {}
    for row in rows:
        verdict = redactor.redact(row["text"], Context(language=row["lang"])).verdict
        plain = row["category"] == PLAIN
        seen = verdict not in _LEFT_ALONE if plain else verdict is not Verdict.PASS
        kind = "plain flagged" if plain else "noticed"
        names = [f"{kind} {row['lang']}", kind if plain else f"{kind} {row['category']}"]
        for name in (*names, *(() if plain else (kind,))):
            told.setdefault(name, []).append(seen)
    return {f"{name} %": (100 * sum(of) / len(of), len(of)) for name, of in sorted(told.items())}
