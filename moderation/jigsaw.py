"""The jigsaw check: two posts that are harmless each, but tell together who somebody is."""

from collections.abc import Iterable

from moderation.lexicon import Hit

TELLING = frozenset({"particular premises", "particular person"})
BEFORE = TELLING | {"particular event"}


def completes(now: Iterable[Hit], earlier: Iterable[Hit]) -> bool:
    """Whether a post speaks of the same particular person or premises as an earlier post of the same area did.

    It does when it names one of TELLING and the earlier one something of BEFORE, and they are not both mere events."""
    said, known = {hit.name for hit in now}, {hit.name for hit in earlier}
    return bool(said & TELLING) and bool(known & BEFORE) and bool((said | known) & {"particular event", "looking back"})
