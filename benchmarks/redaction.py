"""How fast texts are redacted, how the policy examples are judged, what share of numbers, names and places is found."""

import argparse
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.texts import hostile, noticed, rivals, structured
from benchmarks.texts.score import Score, lowered, rows_of
from moderation.finding import Action, Label
from moderation.redaction import Context, Redactor
from shifts.words import Words

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
SAMPLES = ROOT / "tests" / "samples"
QUICK, WHOLE = 60, 100_000
QUICK_VALUES = 6
Figure = tuple[float, int]
"""A number, and of how many (0 where it is no share)."""
OFF = (Label.LINK, Label.HANDLE, Label.POLICY)
"""Masks of another kind than names and places: links, handles, words of the policy. They count for nothing here."""

AT_MOST = {
    "p95 ms": 40.0,
    "longest ms": 500.0,
    "longest wall ms": 500.0,
    "hostile ms": 500.0,
    "load s": 15.0,
    "memory MiB": 1024.0,
}
AT_LEAST = {"policy right %": 95.0, "samples right %": 95.0}
CORPORA_AT_MOST = {"dev_en_tweets over %": 9.0}
CORPORA_AT_LEAST = {
    "dev_en_tweets person %": 93.0,
    "dev_en_tweets location %": 91.0,
    "dev_en_tweets person noticed %": 98.0,
    "dev_en_tweets location noticed %": 97.0,
    "dev_en_tweets lower person %": 85.0,
    "dev_en_tweets lower location %": 80.0,
    "dev_en_places location %": 97.0,
    "dev_es_tweets person noticed %": 98.0,
    "dev_es_tweets location noticed %": 97.0,
}
"""Bars of whole corpora: a quick run prints their figures without them."""
STRUCTURED = 98.0
"""Percent of each kind of number and address."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures. With --check, 1 when a stated bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} posts a corpus, no rivals, under 50 s in all")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    parser.add_argument(
        "--posts", type=Path, default=SAMPLES / "posts_unseen.jsonl", help="posts with their categories"
    )
    parser.add_argument("corpora", nargs="*", type=Path, help="JSONL files of annotated posts (default: shared ones)")
    chosen = parser.parse_args(arguments)
    start = time.process_time()
    redactor = Redactor.load(ROOT / "config", Words.load(ROOT / "config" / "languages"))
    figures: dict[str, Figure] = {"load s": (time.process_time() - start, 0)}
    figures |= _speed(redactor) | _judged(redactor) | noticed.shares(redactor, rows_of(chosen.posts))
    kinds = structured.kinds(redactor, QUICK_VALUES if chosen.quick else structured.VALUES)
    figures |= {f"{kind.name} %": (kind.percent, kind.posts) for kind in kinds}
    for file in chosen.corpora or sorted((SHARED / "text").glob("dev_*.jsonl")):
        rows = rows_of(file)[: QUICK if chosen.quick else WHOLE]
        figures |= _corpus(redactor, file.stem, rows)
        figures |= _corpus(redactor, f"{file.stem} lower", [lowered(row) for row in rows])
        if not chosen.quick:
            _show_rivals(file.stem, rows)
    figures["memory MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0
    missed = _report(figures, *_bars(figures, chosen.quick))
    return 1 if missed and chosen.check else 0


def _bars(figures: Mapping[str, Figure], quick: bool) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """What each figure may be at most, and at least. A few values of a kind say too little for a bar."""
    if quick:
        return AT_MOST, AT_LEAST
    values = {name: STRUCTURED for name in figures if name.split()[0] in structured.FRAMES}
    return AT_MOST | CORPORA_AT_MOST, AT_LEAST | CORPORA_AT_LEAST | values


def _report(figures: Mapping[str, Figure], at_most: Mapping[str, float], at_least: Mapping[str, float]) -> list[str]:
    """The figures with their bars, last of all; the names of those that miss theirs."""
    for name, (figure, of) in figures.items():
        bar = f"   at most {at_most[name]:g}" if name in at_most else ""
        bar = f"   at least {at_least[name]:g}" if name in at_least else bar
        print(f"{name:40} {figure:8.2f}{f' of {of}' if of else '':10}{bar}")
    missed = [name for name, (figure, _) in figures.items() if figure > at_most.get(name, figure)]
    missed += [name for name, (figure, _) in figures.items() if figure < at_least.get(name, figure)]
    print("missed: " + (", ".join(missed) or "nothing"))
    return missed


def _speed(redactor: Redactor) -> dict[str, Figure]:
    """Milliseconds of the processor, which other programs on the machine lengthen little, and of the clock."""
    posts = [str(row["text"]) for row in rows_of(SAMPLES / "moderated.jsonl")]
    times = sorted(_timed(redactor, post)[0] for post in posts * 3)
    long, hostile_ones = (
        _worst(redactor, _long_messages()),
        _worst(redactor, {p: hostile.of(p) for p in hostile.PIECES}),
    )
    return {
        "median ms": (times[len(times) // 2], 0),
        "p95 ms": (times[int(len(times) * 0.95)], 0),
        "longest ms": (long[0], 0),
        "longest wall ms": (long[1], 0),
        "hostile ms": (hostile_ones[0], 0),
    }


def _long_messages() -> dict[str, str]:
    """Messages of 4,096 characters: samples, and development posts where they are, one after the other."""
    texts = {f"harmless {one}": (SAMPLES / f"harmless_{one}.txt").read_text("utf-8") for one in ("en", "es", "fr")}
    texts["samples"] = "\n".join(row["text"] for row in rows_of(SAMPLES / "moderated.jsonl"))
    for file in sorted((SHARED / "text").glob("dev_*.jsonl")):
        texts[file.stem] = "\n".join(row["text"] for row in rows_of(file)[:100])
    return {name: hostile.of(text + "\n") for name, text in texts.items()}


def _worst(redactor: Redactor, texts: Mapping[str, str]) -> tuple[float, float]:
    """The longest processor time of any text and the longest time by the clock, each the best of three tries."""
    tries = {name: [_timed(redactor, text) for _ in range(3)] for name, text in texts.items()}
    best = {name: (min(cpu for cpu, _ in timed), min(clock for _, clock in timed)) for name, timed in tries.items()}
    for name, (cpu, clock) in sorted(best.items(), key=lambda each: -each[1][0]):
        print(f"    {len(texts[name])} characters of {name!r:20} {cpu:4.0f} ms, by the clock {clock:4.0f} ms")
    return max(cpu for cpu, _ in best.values()), max(clock for _, clock in best.values())


def _timed(redactor: Redactor, text: str) -> tuple[float, float]:
    """Milliseconds of the processor, and of the clock."""
    start, clock = time.process_time(), time.perf_counter()
    redactor.redact(text, Context())
    return (time.process_time() - start) * 1000, (time.perf_counter() - clock) * 1000


def _judged(redactor: Redactor) -> dict[str, Figure]:
    """The share of samples (and of the policy's examples, where they are) with a right verdict and nothing left."""
    samples = [
        (row["text"], row["lang"], row["want"].split(), row["gone"]) for row in rows_of(SAMPLES / "moderated.jsonl")
    ]
    figures = {"samples right %": _right(redactor, samples)}
    if (SHARED / "policy_examples.jsonl").exists():
        rows = rows_of(SHARED / "policy_examples.jsonl")
        examples = [(row["raw"], row["lang"], row["decision"].split("+"), row["must_not_contain"]) for row in rows]
        figures["policy right %"] = _right(redactor, examples)
    return figures


def _right(redactor: Redactor, rows: Sequence[tuple[str, str, list[str], list[str]]]) -> Figure:
    right = 0
    for text, language, wanted, gone in rows:
        redacted = redactor.redact(text, Context(language=language, plans_on=date(2026, 11, 21)))
        left = [word for word in gone if word.casefold() in redacted.text.casefold()]
        right += redacted.verdict.value in wanted and not left
    return 100 * right / len(rows), len(rows)


def _corpus(redactor: Redactor, name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    score = Score()
    start = time.process_time()
    for row in rows:
        findings = redactor.redact(row["text"], Context(language=row["lang"])).findings
        found = [f for f in findings if f.label not in OFF]
        masks = [(f.start, f.end) for f in found if f.action is Action.MASK]
        score.add(row, masks, [(f.start, f.end) for f in found if f.action is Action.SUGGEST])
    _show(name, score, (time.process_time() - start) * 1000 / max(len(rows), 1))
    figures = {
        f"{name} over %": (score.over, score.harmless),
        f"{name} asked %": (100 * score.asked / max(score.posts, 1), score.posts),
    }
    for label in ("PERSON", "LOCATION"):
        if label in score.labels:
            share = score.labels[label]
            figures[f"{name} {label.lower()} %"] = share.percent(share.hidden), share.spans
            figures[f"{name} {label.lower()} noticed %"] = share.percent(share.noticed), share.spans
    return figures


def _show_rivals(name: str, rows: Sequence[dict[str, Any]]) -> None:
    for rival in rivals.NAMES:
        found, milliseconds = rivals.masks(rival, rows)
        score = Score()
        for row, masks in zip(rows, found, strict=True):
            score.add(row, masks)
        _show(f"{name} by {rival}", score, milliseconds)


def _show(name: str, score: Score, milliseconds: float) -> None:
    print(f"{name}: n={score.posts}, {milliseconds:.1f} ms a post", flush=True)
    for line in score.lines():
        print(f"    {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
