"""The frozen replies that judge triage: invented, in three languages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "samples" / "replies"
LIFE_RISK = frozenset({"emergency", "suicide", "minor"})
"""The kinds of which not one may be missed."""
ROUNDS = {
    "unseen.txt": "round 1",
    "unseen_2.txt": "round 2",
    "unseen_3.txt": "round 3",
    "unseen_4.txt": "round 4",
    "unseen_5.txt": "round 5",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One reply. `kind` is what a person would take it for, `sort` what is peculiar about it (typos, film...)."""

    id: str
    language: str
    kind: str
    sort: str
    text: str
    first: bool = False
    """Of a later one: whether it rang before anything was learnt from it."""

    @property
    def life_risk(self) -> bool:
        return self.kind in LIFE_RISK


@cache
def samples() -> tuple[Sample, ...]:
    """The frozen ones, in the order of their files."""
    return tuple(sample for path in sorted(FOLDER.glob("??.jsonl")) for sample in _read(path))


@cache
def later() -> tuple[Sample, ...]:
    """Replies in unusual words, written after the rules: what was missed at first sight was learnt from them."""
    return tuple(_read(FOLDER / "later.jsonl"))


@cache
def unseen() -> tuple[Sample, ...]:
    """Five rounds that judge the second judge, written when its features were fixed; no lesson is made of them.
    What was missed in the first three and the fifth told which kinds of lessons to write, never their words."""
    return tuple(sample for name, sort in ROUNDS.items() for sample in _unseen(name, sort))


def _unseen(name: str, sort: str) -> Iterator[Sample]:
    language = kind = ""
    for number, line in enumerate((FOLDER / name).read_text("utf-8").splitlines()):
        if line.startswith("["):
            language, kind = line.strip("[]").split()
            kind = "suicide" if kind == "crisis" else kind
        elif line:
            yield Sample(f"{sort}-{number}", language, kind, sort, line)


def _read(path: Path) -> list[Sample]:
    tables = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [Sample(t["id"], t["lang"], t["class"], t["sort"], t["text"], t.get("first", False)) for t in tables]
