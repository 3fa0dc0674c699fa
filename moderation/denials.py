"""Words that take back what others seem to say: "dead end" is no death."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from moderation.lexicon import Hit

_COUNTS: Final = frozenset({"casualties"})
"""Lists whose phrases begin with a number: only what is said of that very number denies them."""


def standing(found: Sequence[Hit]) -> list[Hit]:
    """Hits without those that a hit of "not <the same list>" overlaps; time grows with their number."""
    denied: dict[str, list[tuple[int, int]]] = {}
    begun: set[tuple[str, int]] = set()
    for no in sorted((hit for hit in found if hit.name.startswith("not ")), key=lambda hit: hit.start):
        begun.add((no.name, no.start))
        stretches = denied.setdefault(no.name, [(no.start, no.end)])
        if no.start < stretches[-1][1]:
            stretches[-1] = stretches[-1][0], max(stretches[-1][1], no.end)
        else:
            stretches.append((no.start, no.end))
    return [
        hit
        for hit in found
        if not (
            (f"not {hit.name}", hit.start) in begun
            if hit.name in _COUNTS
            else _is_met(hit, denied.get(f"not {hit.name}", ()))
        )
    ]


def _is_met(hit: Hit, stretches: Sequence[tuple[int, int]]) -> bool:
    """Whether it overlaps one of these, which are in order and do not overlap."""
    at = bisect_left(stretches, (hit.end,)) - 1
    return at >= 0 and hit.start < stretches[at][1]
