"""Exact times of day, told to the minute: from several of them a route can be replayed."""

import re
from collections.abc import Iterator, Sequence

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.patterns import pattern

_TIME = pattern(r"""
    (?<![\w:.,/+-]) (?P<at> (?<!jusqu') (?<!until\s)
    (?: at | @ | a\slas? | sobre\slas? | [àa] | vers ) \s{1,2} (?: about\s | around\s )? )?
    (?P<hour> [01]?\d | 2[0-3] ) (?: [:.] | \s?h\s? ) (?P<minute> [0-5]\d ) (?! \d | [:.,/]\d
    | \s?(?:€|euros|%|km|m\b|kg|°) ) (?P<half> \s? [ap]\.?m\.? (?!\w) )? (?: \s? (?: hrs | hours | horas | h )
    (?!\w) )?
""")
_DOTTED = re.compile(r"\d\.\d\d")
STEP = 10


def load() -> Detector:
    return Times()


class Times:
    def find(self, text: str, language: str) -> Sequence[Finding]:
        return list(_exact(text))


def _exact(text: str) -> Iterator[Finding]:
    for match in _TIME.finditer(text):
        if int(match["minute"]) % 5 == 0 or (_DOTTED.search(match[0]) and not match["at"] and not match["half"]):
            continue
        instead = "about_time" if match["at"] else "time"
        yield Finding(*match.span(), Label.TIME, Action.MASK, "exact time", instead=instead, value=_rounded(match))


def _rounded(match: re.Match[str]) -> str:
    """The time to the ten minutes before, as it was written."""
    minute = int(match["minute"]) // STEP * STEP
    return f"{match['hour']}:{minute:02d}{(match['half'] or '').strip()}"
