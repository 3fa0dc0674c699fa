"""How fast texts are redacted, how the policy examples are judged, and what share of names and places is found."""

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.texts import rivals
from benchmarks.texts.score import Score, lowered, rows_of
from moderation.finding import Action, Label
from moderation.redaction import Context, Redactor
from shifts.words import Words

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
SAMPLES = ROOT / "tests" / "samples"
QUICK, WHOLE = 150, 100_000
OFF = (Label.LINK, Label.HANDLE, Label.POLICY)
"""Masks of another kind than names and places: links, handles, words of the policy. They count for nothing here."""

AT_MOST = {"p95 ms": 40.0, "longest ms": 500.0, "load s": 15.0, "memory MiB": 1024.0, "dev_en_tweets over %": 9.0}
AT_LEAST = {
    "policy right %": 95.0,
    "samples right %": 95.0,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures. With --check, 1 when a stated bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} posts a corpus, no rivals, under 50 s in all")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    parser.add_argument("corpora", nargs="*", type=Path, help="JSONL files of annotated posts (default: shared ones)")
    chosen = parser.parse_args(arguments)
    start = time.process_time()
    redactor = Redactor.load(ROOT / "config", Words.load(ROOT / "config" / "languages"))
    figures = {"load s": time.process_time() - start}
    figures |= _speed(redactor) | _judged(redactor)
    for file in chosen.corpora or sorted((SHARED / "text").glob("dev_*.jsonl")):
        rows = rows_of(file)[: QUICK if chosen.quick else WHOLE]
        figures |= _corpus(redactor, file.stem, rows)
        figures |= _corpus(redactor, f"{file.stem} lower", [lowered(row) for row in rows])
        if not chosen.quick:
            _show_rivals(file.stem, rows)
    figures["memory MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return _report(figures) if chosen.check else _report(figures) * 0


def _report(figures: dict[str, float]) -> int:
    """The figures with their bars, last of all; 1 when one is missed."""
    for name, figure in figures.items():
        bar = f"   at most {AT_MOST[name]:g}" if name in AT_MOST else ""
        bar = f"   at least {AT_LEAST[name]:g}" if name in AT_LEAST else bar
        print(f"{name:40} {figure:8.2f}{bar}")
    missed = [name for name, figure in figures.items() if figure > AT_MOST.get(name, figure)]
    missed += [name for name, figure in figures.items() if figure < AT_LEAST.get(name, figure)]
    print("missed: " + (", ".join(missed) or "nothing"))
    return 1 if missed else 0


def _speed(redactor: Redactor) -> dict[str, float]:
    """Processor time, which other programs on the machine do not lengthen."""
    posts = [str(row["text"]) for row in rows_of(SAMPLES / "moderated.jsonl")]
    times = sorted(_timed(redactor, post) for post in posts * 3)
    longest = max(_timed(redactor, (piece * 4096)[:4096]) for piece in (*posts[:6], "a", "1 ", "Ab ", "A. ", "x@"))
    return {
        "median ms": times[len(times) // 2] * 1000,
        "p95 ms": times[int(len(times) * 0.95)] * 1000,
        "longest ms": longest * 1000,
    }


def _timed(redactor: Redactor, text: str) -> float:
    start = time.process_time()
    redactor.redact(text, Context())
    return time.process_time() - start


def _judged(redactor: Redactor) -> dict[str, float]:
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


def _right(redactor: Redactor, rows: Sequence[tuple[str, str, list[str], list[str]]]) -> float:
    right = 0
    for text, language, wanted, gone in rows:
        redacted = redactor.redact(text, Context(language=language, plans_on=date(2026, 11, 21)))
        left = [word for word in gone if word.casefold() in redacted.text.casefold()]
        right += redacted.verdict.value in wanted and not left
    return 100 * right / len(rows)


def _corpus(redactor: Redactor, name: str, rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    score = Score()
    start = time.process_time()
    for row in rows:
        findings = redactor.redact(row["text"], Context(language=row["lang"])).findings
        found = [f for f in findings if f.label not in OFF]
        masks = [(f.start, f.end) for f in found if f.action is Action.MASK]
        score.add(row, masks, [(f.start, f.end) for f in found if f.action is Action.SUGGEST])
    _show(name, score, (time.process_time() - start) * 1000 / max(len(rows), 1))
    figures = {f"{name} over %": score.over, f"{name} asked %": 100 * score.asked / max(score.posts, 1)}
    for label in ("PERSON", "LOCATION"):
        if label in score.labels:
            share = score.labels[label]
            figures[f"{name} {label.lower()} %"] = share.percent(share.hidden)
            figures[f"{name} {label.lower()} noticed %"] = share.percent(share.noticed)
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
