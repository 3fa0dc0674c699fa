"""Teaches the second judge of posts from the invented posts beside this file, and writes config/models/posts.npz.

Run as `nice -n 19 python -m benchmarks.training.posts_model`; some minutes of one core, the same file every time. With
--folds it prints instead what it recognises of lessons that it was not taught, for several bars."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.training.layers import Labels, Learning, Numbers, logits, network, softmax
from benchmarks.training.replies_model import written
from moderation.normalise import look_at
from moderation.reading.encoder import SIZE, Encoder
from moderation.reading.meaning import FILE, PLAIN, pooled, stretches

FOLDER: Final = Path(__file__).parent / "posts"
ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLES: Final = ROOT / "tests" / "samples"
OUT: Final = ROOT / "config" / "models" / FILE
CATEGORIES: Final = (PLAIN, *"ABCDEFGHIJKLMNOPQ")
SHORT: Final = 3.0
"""How much a short plain post of the samples counts: there are few of them beside many lessons."""
SEEDS: Final = (0, 1, 2)
HOW: Final = Learning(hidden=64, passes=12, start=1.4)
FOLDS: Final = 5
BARS: Final = (0.6, 0.7, 0.73, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One post; `counts` is how much it does."""

    category: str
    text: str
    counts: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One way of writing a lesson, or a sentence of one: what was thought of it. `asked`: it is as it was written."""

    lesson: int
    given: Numbers
    whole: bool
    asked: bool


def lessons() -> list[Lesson]:
    """The invented posts with their categories, the sentences of the street, and the plain ones of the samples."""
    told = [json.loads(line) for path in sorted(FOLDER.glob("*.jsonl")) for line in _lines(path)]
    told += [json.loads(line) for line in _lines(SAMPLES / "street.jsonl")]
    plain = [line for path in sorted(SAMPLES.glob("*_??.txt")) for line in _lines(path)]
    return [Lesson(each["category"], each["text"]) for each in told] + [Lesson(PLAIN, line, SHORT) for line in plain]


def rows(told: Sequence[Lesson]) -> Iterator[Row]:
    """Each lesson as it is, without marks and accents, in a hurry; and its sentences, which are plain if it is."""
    encoder, dice = Encoder(), np.random.default_rng(1)
    for number, lesson in enumerate(told):
        as_is, _, bare, hurried = written(lesson.text, dice)
        for way in (as_is, bare, hurried):
            folded = look_at(way).folded
            thoughts = encoder.look(folded)
            whole, *parts = stretches(folded)
            yield Row(number, pooled(thoughts, *whole), True, way is as_is)
            for part in parts if way is as_is else ():
                yield Row(number, pooled(thoughts, *part), False, True)


@dataclass(frozen=True, slots=True)
class Learnt:
    """How thoughts are evened out, and the networks."""

    middle: Numbers
    spread: Numbers
    networks: list[list[Numbers]]

    def shares(self, given: Numbers) -> Numbers:
        even = (given - self.middle) / self.spread
        return softmax(np.mean([logits(parts, even) for parts in self.networks], axis=0, dtype=np.float32))


def learn(given: Numbers, labels: Labels, counts: Numbers, seeds: Sequence[int] = SEEDS) -> Learnt:
    middle, spread = given.mean(axis=0), given.std(axis=0) + np.float32(1e-6)
    even = (given - middle) / spread
    return Learnt(middle, spread, [network(even, labels, len(CATEGORIES), seed, HOW, counts) for seed in seeds])


def measure(told: Sequence[Lesson], seen: Sequence[Row]) -> None:
    """What it recognises of each fifth of the lessons when it was taught the others."""
    fold = np.random.default_rng(5).integers(0, FOLDS, len(told))
    of = np.array([row.lesson for row in seen])
    given, labels, counts, taught = _arrays(told, seen)
    doubts = np.zeros(len(seen), np.float32)
    for number in range(FOLDS):
        there = taught & (fold[of] != number)
        learnt = learn(given[there], labels[there], counts[there], SEEDS[:1])
        here = fold[of] == number
        doubts[here] = 1 - learnt.shares(given[here])[:, 0]
    for bar in BARS:
        higher = bar * np.e / (1 - bar + bar * np.e)
        asked = {row.lesson for row, doubt in zip(seen, doubts, strict=True) if _is_asked(row, doubt, bar, higher)}
        _show(f"whole {bar:.2f}, sentence {higher:.2f}", told, asked)


def _is_asked(row: Row, doubt: float, whole: float, sentence: float) -> bool:
    return row.asked and doubt >= (whole if row.whole else sentence)


def _show(bars: str, told: Sequence[Lesson], asked: set[int]) -> None:
    kinds = {"not plain": [], "plain": [], "plain and short": []}  # type: dict[str, list[bool]]
    for number, lesson in enumerate(told):
        kind = "not plain" if lesson.category != PLAIN else "plain" if lesson.counts == 1 else "plain and short"
        kinds[kind].append(number in asked)
    print(bars, *(f"{kind} {100 * np.mean(of):.1f} % of {len(of)}" for kind, of in kinds.items()), sep=" | ")


def _arrays(told: Sequence[Lesson], seen: Sequence[Row]) -> tuple[Numbers, Labels, Numbers, NDArray[np.bool_]]:
    """What was thought, the categories, how much each counts, and which are taught: not the parts of what is not plain,
    of which nobody said which part it is."""
    labels = np.array([CATEGORIES.index(told[row.lesson].category) for row in seen], np.int64)
    counts = np.array([told[row.lesson].counts for row in seen], np.float32)
    taught = np.array([row.whole for row in seen]) | (labels == 0)
    return np.stack([row.given for row in seen]), labels, counts, taught


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", action="store_true")
    told = lessons()
    chosen = parser.parse_args()
    seen = list(rows(told))
    print(f"{len(told)} posts, {len(seen)} ways and sentences of {SIZE} numbers", flush=True)
    if chosen.folds:
        measure(told, seen)
        return
    given, labels, counts, taught = _arrays(told, seen)
    learnt = learn(given[taught], labels[taught], counts[taught])
    stored: dict[str, NDArray[np.generic]] = {
        "categories": np.array(CATEGORIES),
        "networks": np.array(len(SEEDS)),
        "middle": learnt.middle,
        "spread": learnt.spread,
    }
    for number, parts in enumerate(learnt.networks):
        stored |= {f"{name}{number}": part.astype(np.float16) for name, part in zip("abcd", parts, strict=True)}
    np.savez_compressed(OUT, allow_pickle=False, **stored)
    print(f"wrote {OUT.name}: {OUT.stat().st_size / 1e6:.1f} MB")


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main()
