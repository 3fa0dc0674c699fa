"""How much of the names and places in annotated posts is hidden, and how much else with them.

A span is hidden when at least 90 % of its letters and digits lie inside what is masked. A post leaks when it holds a
span of the label that is not hidden. Over is the share of masked letters among those in no span of any label."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HIDDEN = 0.9
Spans = Sequence[tuple[int, int]]


@dataclass(slots=True)
class Share:
    """Spans of one label hidden by masks, and noticed (suggestions counted too); posts that leak one."""

    spans: int = 0
    hidden: int = 0
    noticed: int = 0
    posts: int = 0
    leaking: int = 0

    def percent(self, of: int) -> float:
        return 100 * of / max(self.spans, 1)


@dataclass(slots=True)
class Score:
    labels: dict[str, Share] = field(default_factory=dict)
    posts: int = 0
    asked: int = 0
    harmless: int = 0
    masked: int = 0

    @property
    def over(self) -> float:
        return 100 * self.masked / max(self.harmless, 1)

    def add(self, row: dict[str, Any], masks: Spans, suggestions: Spans = ()) -> None:
        """Count one post; `suggestions` are what a person is asked about."""
        text, masked = row["text"], _inside(masks)
        seen, named = masked | _inside(suggestions), set[int]()
        for label in {span["label"] for span in row["spans"]}:
            spans = [range(span["start"], span["end"]) for span in row["spans"] if span["label"] == label]
            named |= {i for span in spans for i in span}
            self._count(label, text, spans, masked, seen)
        letters = [i for i, letter in enumerate(text) if letter.isalnum() and i not in named]
        self.posts, self.asked = self.posts + 1, self.asked + bool(seen - masked)
        self.harmless, self.masked = self.harmless + len(letters), self.masked + sum(i in masked for i in letters)

    def _count(self, label: str, text: str, spans: Sequence[range], masked: set[int], seen: set[int]) -> None:
        share = self.labels.setdefault(label, Share())
        hidden = sum(is_hidden(text, span, masked) for span in spans)
        share.spans, share.hidden = share.spans + len(spans), share.hidden + hidden
        share.noticed += sum(is_hidden(text, span, seen) for span in spans)
        share.posts, share.leaking = share.posts + 1, share.leaking + (hidden < len(spans))

    def lines(self) -> Iterable[str]:
        yield f"over {self.over:4.1f} % of {self.harmless} letters, a question in {self.asked} of {self.posts} posts"
        for label, share in sorted(self.labels.items()):
            hidden = f"{share.percent(share.hidden):5.1f} % hidden, {share.percent(share.noticed):5.1f} % noticed"
            yield f"  {label:9} {hidden} of {share.spans:5}; {share.leaking} of {share.posts} posts leak"


def is_hidden(text: str, span: range, masked: set[int]) -> bool:
    letters = [i for i in span if text[i].isalnum()]
    return sum(i in masked for i in letters) >= HIDDEN * len(letters)


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def lowered(row: dict[str, Any]) -> dict[str, Any]:
    """The same post without capitals, where that leaves its length."""
    lower = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in row["text"])
    return {**row, "text": lower}


def _inside(spans: Spans) -> set[int]:
    return {i for start, end in spans for i in range(start, end)}
