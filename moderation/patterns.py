"""A detector made of patterns: each says what it finds and what stands in its place."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from moderation.finding import Action, Finding, Label, Reach

Check = Callable[[re.Match[str]], bool]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One rule. The finding is the group `it` where the pattern has one, else the whole match; `check` may refuse it.

    Patterns repeat only what is bounded, so that no text can make them slow."""

    rule: str
    label: Label
    regex: re.Pattern[str]
    hard: bool = False
    instead: str | None = None
    action: Action = Action.MASK
    reach: Reach = Reach.PHRASE
    check: Check | None = None

    def find(self, text: str) -> Iterable[Finding]:
        group: int | str = "it" if "it" in self.regex.groupindex else 0
        for match in self.regex.finditer(text):
            if self.check is None or self.check(match):
                start, end = match.span(group)
                yield Finding(start, end, self.label, self.action, self.rule, None, self.hard, self.instead, self.reach)


class Patterns:
    """A detector of several patterns, in all languages."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)

    def find(self, text: str, language: str) -> Sequence[Finding]:
        return [finding for pattern in self._patterns for finding in pattern.find(text)]


def pattern(source: str, *, shout: bool = False) -> re.Pattern[str]:
    """Compile a verbose pattern; case counts only for `shout` (plates and codes that are words in lower case)."""
    return re.compile(source, re.VERBOSE if shout else re.VERBOSE | re.IGNORECASE)
