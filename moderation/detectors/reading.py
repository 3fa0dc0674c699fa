"""Names and places by the trained models: what is likely enough is masked, what is merely possible is suggested."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.normalise import plain
from moderation.reading.reader import Reader, Weighed
from moderation.reading.tokens import Sort

_LINKS = frozenset("de del la las los el du des le les d l of the y e et and da do van von al bin ' - . & #".split())
_MOST_LINKS = 2


class Reads(Protocol):
    def read(self, text: str, language: str) -> Sequence[Weighed]:
        """Every token of a folded text with its shares. Raises DetectorFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """From which share on a token is masked or suggested; `other`: how much another kind of name counts for masking."""

    mask: float
    suggest: float
    other: float


def load(config: Path, mask: float, suggest: float, other: float) -> Detector:
    """`config` is the configuration folder; the trained files are in its folder `models`. Raises DetectorFailed."""
    return Reading(Reader(config), Limits(mask, suggest, other))


class Reading:
    def __init__(self, reader: Reads, limits: Limits) -> None:
        self._reader = reader
        self._limits = limits

    def find(self, text: str, language: str) -> Sequence[Finding]:
        weighed = [each for each in self._reader.read(text, language) if each.token.start < len(text)]
        masked = [self._is_masked(each) for each in weighed]
        seen = [mark or self._is_suggested(each) for each, mark in zip(weighed, masked, strict=True)]
        masks = _bridged(text, weighed, masked, Action.MASK)
        return [*masks, *(s for s in _bridged(text, weighed, seen, Action.SUGGEST) if not _is_among(s, masks))]

    def _is_masked(self, each: Weighed) -> bool:
        shares = each.shares
        return (
            _is_sayable(each) and shares.person + shares.place + self._limits.other * shares.other >= self._limits.mask
        )

    def _is_suggested(self, each: Weighed) -> bool:
        shares = each.shares
        return _is_sayable(each) and shares.person + shares.place + shares.other >= self._limits.suggest


def _is_sayable(each: Weighed) -> bool:
    return each.token.sort in (Sort.WORD, Sort.NUMBER)


def _is_among(suggestion: Finding, masks: Sequence[Finding]) -> bool:
    return any(mask.start <= suggestion.start and suggestion.end <= mask.end for mask in masks)


def _bridged(text: str, weighed: Sequence[Weighed], chosen: Sequence[bool], action: Action) -> list[Finding]:
    """One finding for each run of chosen tokens, over the small words and marks between two of one kind."""
    found: list[Finding] = []
    last = -1
    for i, each in enumerate(weighed):
        if not chosen[i]:
            continue
        if found and _is_bridge(text, weighed[last + 1 : i], weighed[last], each):
            found[-1] = replace(found[-1], end=each.token.end)
        else:
            found.append(_finding(each, action))
        last = i
    return found


def _is_bridge(text: str, between: Sequence[Weighed], before: Weighed, after: Weighed) -> bool:
    if text[before.token.end : after.token.start].count("\n") or _kind(before) is not _kind(after):
        return False
    return len(between) <= _MOST_LINKS and all(plain(each.token.written) in _LINKS for each in between)


def _finding(each: Weighed, action: Action) -> Finding:
    kind = _kind(each)
    instead = "person" if kind is Label.PERSON else None
    return Finding(each.token.start, each.token.end, kind, action, f"model {kind.value.lower()}", instead=instead)


def _kind(each: Weighed) -> Label:
    shares = each.shares
    if shares.other > max(shares.person, shares.place):
        return Label.ORGANISATION
    return Label.PERSON if shares.person >= shares.place else Label.LOCATION
