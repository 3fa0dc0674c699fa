"""The jigsaw check: two posts that are harmless each, but tell together who somebody is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moderation.lexicon import Hit

TELLING = frozenset({"particular premises", "particular person"})
BEFORE = TELLING | {"particular event"}


@dataclass(frozen=True, slots=True)
class Told:
    """What another shift told of an area, and whether that is more than a day ago."""

    area: str
    text: str
    long_ago: bool


def is_telling(hits: Iterable[Hit]) -> bool:
    """Whether words with these hits could complete a jigsaw; whatever else was told matters to no others."""
    return any(hit.name in TELLING for hit in hits)


def to_compare(now: Iterable[Hit], area: str | None, earlier: Sequence[str], around: Iterable[Told]) -> list[str]:
    """The earlier texts that a post could complete: of its shift, and of its area (long ago: if it looks back)."""
    hits = list(now)
    if not is_telling(hits):
        return []
    looks_back = any(hit.name == "looking back" for hit in hits)
    return [*earlier, *(told.text for told in around if told.area == area and (looks_back or not told.long_ago))]


def completes(now: Iterable[Hit], earlier: Iterable[Hit]) -> bool:
    """Whether a post speaks of the same particular person or premises as an earlier post of the same area did.

    It does when it names one of TELLING and the earlier one something of BEFORE, and they are not both mere events."""
    said, known = {hit.name for hit in now}, {hit.name for hit in earlier}
    return bool(said & TELLING) and bool(known & BEFORE) and bool((said | known) & {"particular event", "looking back"})
