"""How fast texts are redacted, how the policy examples are judged, and what share of names and places is found."""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from moderation.finding import Action, Finding, Label
from moderation.redaction import Context, Redactor
from shifts.words import Words

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
SAMPLES = ROOT / "tests" / "samples"
QUICK, WHOLE = 300, 100_000
HIDDEN = 0.9
"""A name or place counts as hidden when this share of its letters lies inside what was found."""

BARS = {"median ms": 40.0, "longest ms": 500.0, "load s": 1.5, "policy right %": 95.0, "samples right %": 95.0}


@dataclass
class Share:
    """Spans of one label hidden, and noticed (suggestions counted too); posts that leak one."""

    spans: int = 0
    hidden: int = 0
    noticed: int = 0
    posts: int = 0
    leaking: int = 0


@dataclass
class Score:
    labels: dict[str, Share] = field(default_factory=dict)
    harmless: int = 0
    masked: int = 0
    seconds: float = 0.0
    posts: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures. With --check, 1 when a stated bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} posts a corpus, under 50 s in all")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    chosen = parser.parse_args(arguments)
    start = time.perf_counter()
    redactor = Redactor.load(ROOT / "config", Words.load(ROOT / "config" / "languages"))
    figures = {"load s": time.perf_counter() - start}
    figures |= _speed(redactor) | _judged(redactor)
    for file in sorted((SHARED / "text").glob("dev_*.jsonl")):
        _show(file.stem, _score(redactor, _rows(file)[: QUICK if chosen.quick else WHOLE]))
    figures["memory MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name, figure in figures.items():
        print(f"{name:20} {figure:8.2f}" + (f"   bar {BARS[name]:g}" if name in BARS else ""))
    missed = [name for name, figure in figures.items() if _misses(name, figure)]
    print("missed: " + (", ".join(missed) or "nothing"))
    return 1 if chosen.check and missed else 0


def _misses(name: str, figure: float) -> bool:
    if name not in BARS:
        return False
    return figure < BARS[name] if name.endswith("%") else figure > BARS[name]


def _speed(redactor: Redactor) -> dict[str, float]:
    posts = [str(row["text"]) for row in _rows(SAMPLES / "moderated.jsonl")]
    times = sorted(_timed(redactor, post) for post in posts * 3)
    longest = max(_timed(redactor, (piece * 4096)[:4096]) for piece in (*posts[:10], "a", "1 ", "Ab ", "A. ", "x@"))
    return {
        "median ms": times[len(times) // 2] * 1000,
        "p95 ms": times[int(len(times) * 0.95)] * 1000,
        "longest ms": longest * 1000,
    }


def _timed(redactor: Redactor, text: str) -> float:
    start = time.perf_counter()
    redactor.redact(text, Context())
    return time.perf_counter() - start


def _judged(redactor: Redactor) -> dict[str, float]:
    """The share of samples (and of the policy's examples, where they are) with a right verdict and nothing left."""
    samples = [
        (row["text"], row["lang"], row["want"].split(), row["gone"]) for row in _rows(SAMPLES / "moderated.jsonl")
    ]
    figures = {"samples right %": _right(redactor, samples)}
    if (SHARED / "policy_examples.jsonl").exists():
        rows = _rows(SHARED / "policy_examples.jsonl")
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


def _score(redactor: Redactor, rows: Iterable[dict[str, Any]]) -> Score:
    score = Score()
    for row in rows:
        start = time.perf_counter()
        redacted = redactor.redact(row["text"], Context(language=row["lang"]))
        score.seconds += time.perf_counter() - start
        score.posts += 1
        findings = [f for f in redacted.findings if f.label not in (Label.LINK, Label.POLICY)]
        _count(score, row, findings)
    return score


def _count(score: Score, row: dict[str, Any], findings: Sequence[Finding]) -> None:
    seen = {i for finding in findings for i in range(finding.start, finding.end)}
    masked = {i for f in findings if f.action is Action.MASK for i in range(f.start, f.end)}
    text, named = row["text"], set[int]()
    for label in {span["label"] for span in row["spans"]}:
        share = score.labels.setdefault(label, Share())
        spans = [range(span["start"], span["end"]) for span in row["spans"] if span["label"] == label]
        hidden = sum(_is_hidden(text, span, masked) for span in spans)
        share.noticed += sum(_is_hidden(text, span, seen) for span in spans)
        share.spans, share.hidden = share.spans + len(spans), share.hidden + hidden
        share.posts, share.leaking = share.posts + 1, share.leaking + (hidden < len(spans))
        named |= {i for span in spans for i in span}
    letters = [i for i, letter in enumerate(text) if letter.isalnum() and i not in named]
    score.harmless += len(letters)
    score.masked += sum(i in masked for i in letters)


def _is_hidden(text: str, span: range, masked: set[int]) -> bool:
    letters = [i for i in span if text[i].isalnum()]
    return not letters or sum(i in masked for i in letters) >= HIDDEN * len(letters)


def _show(name: str, score: Score) -> None:
    over = 100 * score.masked / max(score.harmless, 1)
    print(f"{name}: n={score.posts}, {1000 * score.seconds / max(score.posts, 1):.1f} ms a post, over {over:.1f} %")
    for label, share in sorted(score.labels.items()):
        found, leak = 100 * share.hidden / share.spans, 100 * share.leaking / share.posts
        noticed = 100 * share.noticed / share.spans
        hidden = f"hidden {found:5.1f} % (noticed {noticed:5.1f}) of {share.spans:5}"
        print(f"    {label:10} {hidden}   leak {leak:5.1f} % of {share.posts} posts")


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
