"""Enforcement plans approved in advance: a post that opens with [plan ref EP-114] may name the plan's places."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

from moderation.normalise import fold, plain

_REFERENCE = re.compile(
    r"\s{0,9}\[\s{0,3}plan(?:\s(?:ref(?:erence)?|n[ºo°]|r[ée]f))?\.?\s{0,3}([\w./-]{1,24})\s{0,3}\]\s?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Plan:
    """In force from `first` to `last`, both days included; `places` are in lower case without accents."""

    reference: str
    places: frozenset[str]
    first: date
    last: date

    def in_force(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Cited:
    """The reference that a post opens with (`start:end`), and the plan, if there is one of that name."""

    start: int
    end: int
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Plans:
    plans: Mapping[str, Plan]

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read plans.toml; no file means no plans."""
        if not file.is_file():
            return cls({})
        tables = tomllib.loads(file.read_text("utf-8"))
        return cls({name.upper(): _plan(name, table) for name, table in tables.items()})

    def cited(self, folded: str) -> Cited | None:
        """What plan a folded text opens with, or None."""
        match = _REFERENCE.match(folded)
        return Cited(*match.span(), self.plans.get(match[1].upper())) if match else None


def _plan(name: str, table: Mapping[str, Any]) -> Plan:
    return Plan(name, frozenset(plain(fold(place)) for place in table["places"]), table["from"], table["until"])
