"""The frozen replies that judge triage: invented, in three languages."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "samples" / "replies"
LIFE_RISK = frozenset({"emergency", "suicide", "minor"})
"""The kinds of which not one may be missed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One reply. `kind` is what a person would take it for, `sort` what is peculiar about it (typos, film, quoted...)."""

    id: str
    language: str
    kind: str
    sort: str
    text: str


@cache
def samples() -> tuple[Sample, ...]:
    """All of them, in the order of their files."""
    lines = [line for path in sorted(FOLDER.glob("??.jsonl")) for line in path.read_text("utf-8").splitlines()]
    tables = [json.loads(line) for line in lines]
    return tuple(Sample(t["id"], t["lang"], t["class"], t["sort"], t["text"]) for t in tables)
