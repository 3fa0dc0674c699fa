"""The rules of triage, read from config/triage: which word lists make a label, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.triage_labels import About, Route
from moderation.detectors import emails, phones, plates
from moderation.finding import Finding

SIGNS = frozenset({"@question", "@link", "@phone", "@plate", "@email"})
"""What is seen without word lists."""


class TriageWrong(Exception):
    """A file of config/triage does not make sense; says which rule and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Met when one of `any_of` and one of each of `all_of` stand in one sentence (or anywhere, for `whole`).

    `short`: only in a reply of few words."""

    code: str
    about: About
    score: float
    any_of: frozenset[str]
    all_of: tuple[frozenset[str], ...] = ()
    unless: frozenset[str] = frozenset()
    whole: bool = False
    short: bool = False

    def met(self, names: frozenset[str]) -> bool:
        """Whether these lists, met together, make the label."""
        if not names & self.any_of or names & self.unless:
            return False
        return all(names & choice for choice in self.all_of)


@dataclass(frozen=True, slots=True)
class Way:
    """What follows from a label: its route, its fixed text and ground, and what makes it less certain."""

    route: Route
    template: str | None = None
    ground: str | None = None
    lowered_by: frozenset[str] = frozenset()
    lowered_by_whole: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bars:
    """From which share on the second judge is heeded: `ring` and `look` are about a life, `either` about threat and tip
    together, `threat` about a threat in what the rules call abuse or criticism, `sure` and `keep` about other labels,
    `keep` where officers are then spared the reply."""

    ring: float
    look: float
    either: float
    threat: float
    sure: float
    keep: float


class Signs:
    """Structured detectors that need no word lists, loaded once."""

    def __init__(self) -> None:
        self._detectors = {"@phone": phones.load(), "@plate": plates.load(), "@email": emails.load()}

    def find(self, folded: str) -> list[tuple[str, Finding]]:
        """What they see, with the name that rules know it by."""
        return [(name, found) for name, one in self._detectors.items() for found in one.find(folded, "en")]


def rules_of(table: Mapping[str, Any], lists: frozenset[str]) -> tuple[Rule, ...]:
    """The rules of a file. Raises TriageWrong for a list that no language has."""
    rules = tuple(map(_rule, table["rule"]))
    for rule in rules:
        named = rule.any_of.union(rule.unless, *rule.all_of)
        _check(rule.code, named - SIGNS - lists)
    return rules


def bars_of(table: Mapping[str, Any]) -> Bars:
    """The bars of the second judge. Raises TriageWrong."""
    try:
        bars = Bars(**{name: float(value) for name, value in table["second"].items()})
    except (KeyError, TypeError, ValueError):
        raise TriageWrong("[second] needs ring, look, either, threat, sure and keep, each a number") from None
    if not 0 < bars.look <= bars.ring <= 1:
        raise TriageWrong("[second]: look must not be above ring")
    return bars


def ways_of(table: Mapping[str, Any], lists: frozenset[str]) -> dict[About, Way]:
    """What follows from each label. Raises TriageWrong."""
    ways = {About(name): _way(settings) for name, settings in table["label"].items()}
    for about, way in ways.items():
        _check(about.value, (way.lowered_by | way.lowered_by_whole) - lists)
    if missing := set(About) - set(ways):
        raise TriageWrong(f"nothing says what follows from {', '.join(sorted(missing))}")
    return ways


def _check(code: str, missing: Sequence[str] | frozenset[str]) -> None:
    if missing:
        raise TriageWrong(f"rule {code}: no language has the word list {', '.join(sorted(missing))}")


def _rule(table: Mapping[str, Any]) -> Rule:
    return Rule(
        code=table["code"],
        about=About(table["about"]),
        score=float(table["score"]),
        any_of=frozenset(table["any_of"]),
        all_of=tuple(frozenset(choice.split("|")) for choice in table.get("all_of", [])),
        unless=frozenset(table.get("unless", [])),
        whole=bool(table.get("whole", False)),
        short=bool(table.get("short", False)),
    )


def _way(table: Mapping[str, Any]) -> Way:
    return Way(
        route=Route(table["route"]),
        template=table.get("template"),
        ground=table.get("ground"),
        lowered_by=frozenset(table.get("lowered_by", [])),
        lowered_by_whole=frozenset(table.get("lowered_by_whole", [])),
    )
