"""One change to a text, and how changes that lie side by side get on with each other."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from moderation.finding import Finding
from moderation.normalise import plain


@dataclass(frozen=True, slots=True)
class Edit:
    """`start:end` of a clean text becomes `text`; made for `findings`."""

    start: int
    end: int
    text: str
    findings: tuple[Finding, ...]

    @property
    def hard(self) -> bool:
        return any(finding.hard for finding in self.findings)


def apart(edits: Iterable[Edit]) -> list[Edit]:
    """Edits that run into each other (one took the small words before it) become one."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if kept and edit.start < kept[-1].end:
            kept[-1] = _joined(kept[-1], edit)
        else:
            kept.append(edit)
    return kept


def said_once(edits: Sequence[Edit], folded: str, small: frozenset[str]) -> list[Edit]:
    """Neighbours that say the same, with only `small` words between them, say it once."""
    kept: list[Edit] = []
    for edit in edits:
        last = kept[-1] if kept else None
        if last is not None and _says(last) and _says(last) == _says(edit) and _is_small(folded, last, edit, small):
            kept[-1] = _joined(last, edit)
        else:
            kept.append(edit)
    return kept


def as_loud(edits: Sequence[Edit], folded: str) -> list[Edit]:
    """In capitals where the whole text is."""
    capitals, small = sum(map(str.isupper, folded)), sum(map(str.islower, folded))
    if capitals < 12 or small > capitals / 4:
        return list(edits)
    return [replace(edit, text=edit.text.upper()) for edit in edits]


def _joined(first: Edit, second: Edit) -> Edit:
    return Edit(first.start, max(first.end, second.end), first.text or second.text, first.findings + second.findings)


def _says(edit: Edit) -> str:
    return edit.text.strip()


def _is_small(folded: str, first: Edit, second: Edit, small: frozenset[str]) -> bool:
    between = folded[first.end : second.start]
    words = re.findall(r"\w+", plain(between))
    return not re.search(r"[.!?;:\n]", between) and all(word in small for word in words)
