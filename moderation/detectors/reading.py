"""Names and places by the trained models: what is likely enough is masked, what is merely possible is suggested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.lexicon import Lexicon
from moderation.normalise import plain
from moderation.reading.reader import Reader, Weighed
from moderation.reading.tokens import Sort

_LINKS = frozenset("de del la las los el du des le les d l of the y e et and da do van von al bin ' - . & # _".split())
_MOST_LINKS = 2
_RULES: Mapping[Label, tuple[str, str | None]] = {
    Label.PERSON: ("name", "person"),
    Label.LOCATION: ("read place", None),
    Label.ORGANISATION: ("read name", "someone"),
}
"""The rule of a finding of each kind, and what stands in its place."""


class Reads(Protocol):
    def read(self, text: str, language: str) -> Sequence[Weighed]:
        """Every token of a folded text with its shares. Raises DetectorFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """From which score on a token is masked or suggested; how much more an ordinary word in small letters needs to be
    suggested, where a text has capitals at all."""

    mask: float
    suggest: float
    ordinary: float = 0.0


def load(
    config: Path,
    mask: Mapping[str, float],
    suggest: Mapping[str, float],
    ordinary: Mapping[str, float] = MappingProxyType({}),
    known: Sequence[str] = (),
    asked: Sequence[str] = (),
) -> Detector:
    """`config` is the configuration folder; the trained files are in its folder `models`. `mask` and `suggest` are
    scores by language, `ordinary` is what ordinary words need beyond `suggest`; `known`: names that need no hiding, as
    in lexicons/; `asked`: names that are never more than suggested (the country). Raises DetectorFailed."""
    limits = {language: Limits(mask[language], suggest[language], ordinary.get(language, 0.0)) for language in mask}
    return Reading(Reader(config), limits, known, asked)


class Reading:
    def __init__(
        self, reader: Reads, limits: Mapping[str, Limits], known: Sequence[str] = (), asked: Sequence[str] = ()
    ) -> None:
        self._reader = reader
        self._limits = limits
        self._known, self._asked = Lexicon({"known": known}), Lexicon({"asked": asked})

    def find(self, text: str, language: str) -> Sequence[Finding]:
        known, only_asked = _places(self._known, text), _places(self._asked, text)
        weighed = self._reader.read(text, language)
        limits = self._limits[language]
        free = [_is_sayable(each) and each.token.start not in known for each in weighed]
        masked = [
            may and each.score >= limits.mask and each.token.start not in only_asked
            for each, may in zip(weighed, free, strict=True)
        ]
        for i in range(1, len(weighed)):
            rest = weighed[i].token.start in known and _goes_on(text, weighed, masked, i)
            masked[i] = masked[i] or rest or _is_possessive(weighed, masked, i)
        capitals = any(letter.isupper() for letter in text)
        asked = [
            may and not here and each.score >= limits.suggest + limits.ordinary * (capitals and _is_quiet(each))
            for each, may, here in zip(weighed, free, masked, strict=True)
        ]
        found = [*_bridged(text, weighed, masked, Action.MASK), *_bridged(text, weighed, asked, Action.SUGGEST)]
        return [_whole(text, finding) for finding in found]


def _places(words: Lexicon, text: str) -> set[int]:
    return {i for hit in words.hits(text) for i in range(hit.start, hit.end)}


def _goes_on(text: str, weighed: Sequence[Weighed], masked: Sequence[bool], i: int) -> bool:
    """A known word that is the rest of a name ("Domingo" behind "Santo")."""
    before, this = weighed[i - 1].token, weighed[i].token
    beside = text[before.end : this.start] == " " and before.sort is this.sort is Sort.WORD
    return masked[i - 1] and beside and before.written[:1].isupper() and this.written[:1].isupper()


def _is_possessive(weighed: Sequence[Weighed], masked: Sequence[bool], i: int) -> bool:
    """The "s" behind a name and its apostrophe."""
    return i > 1 and masked[i - 2] and weighed[i].token.written == "s" and weighed[i - 1].token.written == "'"


def _is_quiet(each: Weighed) -> bool:
    """An ordinary word in small letters, by itself: in a hashtag it may be half a name."""
    return each.ordinary and not each.token.tag and each.token.written.islower()


def _is_sayable(each: Weighed) -> bool:
    return each.token.sort in (Sort.WORD, Sort.NUMBER)


def _bridged(text: str, weighed: Sequence[Weighed], chosen: Sequence[bool], action: Action) -> list[Finding]:
    """One finding for each run of chosen tokens, over the small words and marks between two of one kind."""
    found: list[Finding] = []
    last = -1
    for i, each in enumerate(weighed):
        if not chosen[i]:
            continue
        if found and _is_bridge(text, weighed[last + 1 : i], weighed[last], each):
            found[-1] = replace(found[-1], end=each.token.end)
        elif each.token.written != "s" or weighed[i - 1].token.written != "'":
            found.append(_finding(each, action))
        last = i
    return found


def _is_bridge(text: str, between: Sequence[Weighed], before: Weighed, after: Weighed) -> bool:
    """Whether `before` and `after` are one name: beside each other, or with small words between and of one kind."""
    if not between:
        return text[before.token.end : after.token.start] in ("", " ")
    if "\n" in text[before.token.end : after.token.start] or _kind(before) is not _kind(after):
        return False
    return len(between) <= _MOST_LINKS and all(plain(each.token.written) in _LINKS for each in between)


def _finding(each: Weighed, action: Action) -> Finding:
    kind = _kind(each)
    rule, instead = _RULES[kind]
    return Finding(each.token.start, each.token.end, kind, action, rule, instead=instead)


def _whole(text: str, finding: Finding) -> Finding:
    """Over the rest of the words that it begins or ends in ("g1psy"); of a hashtag no half is left."""
    first, end = finding.start, finding.end
    while first > 0 and text[first - 1].isalnum():
        first -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return replace(finding, start=first, end=end)


def _kind(each: Weighed) -> Label:
    shares = each.shares
    if shares.other > max(shares.person, shares.place):
        return Label.ORGANISATION
    return Label.PERSON if shares.person >= shares.place else Label.LOCATION
