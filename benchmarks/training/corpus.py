"""Annotated posts as the text model learns them: tokens, labels and what lists and models say, in three cases."""

import json
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.training.patrol_posts import posts
from moderation.normalise import look_at
from moderation.reading import head, pipelines
from moderation.reading.casing import Case, case_of, with_capitals
from moderation.reading.encoder import Encoder
from moderation.reading.features import Seen, features
from moderation.reading.gazetteer import Gazetteer
from moderation.reading.head import Numbers
from moderation.reading.rampart import Rampart, Reading
from moderation.reading.tokens import Token, tokens_of

ROOT = Path(__file__).parents[2]
CORPORA = ROOT.parent / "shared" / "data" / "text"
CACHE = ROOT / "build" / "training" / "cache"
LISTS = Gazetteer.load(ROOT / "config" / "names")
KINDS = {"PERSON": 1, "LOCATION": 2, "ORG": 3, "MISC": 3}
CASES = ("orig", "lower", "upper")
TAKEN = {"orig": 1.0, "lower": 0.5, "upper": 0.25}
"""Shares of the posts that are learned in each case of letters."""
MOST = {"train_en_places": 1500}
"""Rows of a corpus that are taken, where that is not all."""


@dataclass(slots=True)
class Example:
    """One post in one case of letters. `spans` are (start, end, kind); `given`, `encoded`: what the heads read."""

    row: int
    cased: str
    text: str
    tokens: list[Token]
    case: Case
    lists: list[str]
    entities: list[str]
    labels: list[int]
    spans: list[tuple[int, int, int]]
    given: Numbers
    encoded: Numbers

    def features(self, first: Numbers, second: Numbers) -> list[list[str]]:
        guesses = [a + b for a, b in zip(head.digits(first), head.digits(second), strict=True)]
        told = zip(self.tokens, self.lists, self.entities, guesses, strict=True)
        return features([Seen(*each) for each in told], self.case)


def examples(corpus: str, cases: Sequence[str] = CASES) -> Iterator[Example]:
    """Every post of a corpus in each case of `cases` in which it is taken. The models' readings are kept in build/."""
    rows, vectors = _rows(corpus), _vectors()
    thoughts = {cased: _thoughts(corpus, rows, cased) for cased in cases}
    entities, readings = _entities(corpus, rows), _readings(corpus, rows)
    for i, row in enumerate(rows):
        seen = look_at(row["text"])
        spans = [
            (*seen.seen(span["start"], span["end"]), KINDS[span["label"]])
            for span in row["spans"]
            if span["label"] in KINDS
        ]
        reading = Reading(readings[i][0], *(part.astype(np.float32) for part in readings[i][1:]))
        for cased in cases:
            tokens = tokens_of(_cased(seen.folded, cased))
            if tokens and _is_taken(corpus, i, cased):
                said = [entities[cased][i][token.start] for token in tokens]
                given = head.given(tokens, reading, vectors).astype(np.float16)
                yield Example(
                    i,
                    cased,
                    seen.folded,
                    tokens,
                    case_of(tokens),
                    LISTS.signs(tokens),
                    said,
                    _labels(tokens, spans),
                    spans,
                    given,
                    head.with_vectors(thoughts[cased][i].astype(np.float32), tokens, vectors).astype(np.float16),
                )


def _rows(corpus: str) -> list[dict[str, Any]]:
    if corpus.startswith("patrol_"):
        return posts(corpus.removeprefix("patrol_"))
    rows = [json.loads(line) for line in (CORPORA / f"{corpus}.jsonl").read_text("utf-8").splitlines()]
    if corpus.startswith("train"):
        random.Random(1).shuffle(rows)
    return rows[: MOST.get(corpus)]


def _is_taken(corpus: str, row: int, cased: str) -> bool:
    return corpus.startswith("dev") or random.Random(f"{corpus} {row} {cased}").random() < TAKEN[cased]


def _cased(text: str, cased: str) -> str:
    if cased == "orig":
        return text
    change = str.lower if cased == "lower" else str.upper
    return "".join(change(letter) if len(change(letter)) == 1 else letter for letter in text)


def _labels(tokens: Sequence[Token], spans: Sequence[tuple[int, int, int]]) -> list[int]:
    return [
        next((kind for start, end, kind in reversed(spans) if token.start < end and start < token.end), 0)
        for token in tokens
    ]


def _entities(corpus: str, rows: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    return _kept(corpus, "spacy", lambda: {cased: list(_entities_in(rows, cased)) for cased in CASES})


def _entities_in(rows: Sequence[dict[str, Any]], cased: str) -> Iterator[str]:
    pipeline = pipelines.load(pipelines.PACKAGES[rows[0]["lang"]])
    for row in rows:
        text = _cased(look_at(row["text"]).folded, cased)
        tokens = tokens_of(text)
        ready = with_capitals(text, tokens, case_of(tokens), LISTS.knows_capital)
        yield "".join(pipelines.kinds(pipeline, ready))


def _readings(corpus: str, rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    def read() -> list[tuple[Any, ...]]:
        rampart = Rampart()
        found = [rampart.look(look_at(row["text"]).folded) for row in rows]
        return [(list(r.spans), r.kinds.astype(np.float16), r.thoughts.astype(np.float16)) for r in found]

    return _kept(corpus, "rampart", read)


def _thoughts(corpus: str, rows: Sequence[dict[str, Any]], cased: str) -> list[Numbers]:
    """What the encoder thinks of each token of the rows that are taken in this case."""

    def read() -> list[Numbers]:
        encoder = Encoder()
        found = [np.zeros((0, 0), np.float16)] * len(rows)
        for i, row in enumerate(rows):
            if _is_taken(corpus, i, cased):
                text = _cased(look_at(row["text"]).folded, cased)
                found[i] = head.thoughts_of(tokens_of(text), encoder.look(text)).astype(np.float16)
        return found

    kept: list[Numbers] = _kept(f"{corpus}.{cased}", "encoder", read)
    return kept


def _vectors() -> head.Vectors:
    pipeline = pipelines.load(pipelines.PACKAGES["en"])
    return lambda word: pipelines.vector(pipeline, word)


def _kept(corpus: str, name: str, make: Any) -> Any:
    file = CACHE / f"{corpus}.{name}"
    if not file.exists():
        made = make()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(made))
    return pickle.loads(file.read_bytes())  # noqa: S301 - written by the lines above
