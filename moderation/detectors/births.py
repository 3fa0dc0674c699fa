"""Dates of birth, and dates so long ago that they can only be one."""

import re

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_MONTH = r"""    (?: jan\w{0,6} | feb\w{0,6} | mar\w{0,4} | apr\w{0,3} | may\w{0,1} | jun\w{0,2} | jul\w{0,4}
    | aug\w{0,4}
    | sep\w{0,7} | oct\w{0,5} | nov\w{0,6} | dec\w{0,6}
    | ene\w{0,2} | abr\w{0,2} | ago\w{0,3} | dic\w{0,7} | janv\w{0,3} | f[eé]v\w{0,4} | avr\w{0,2} | mai | juin
    | juil\w{0,4} | ao[uû]t | d[eé]c\w{0,5} )"""
_DATE = rf"""(?: \d{{1,2}} [/.-] \d{{1,2}} [/.-] (?:\d{{4}}|\d{{2}}) | \d{{4}} - \d{{2}} - \d{{2}}
    | \d{{1,2}} (?:st|nd|rd|th|er)? (?:\s(?:of|de))? \s {_MONTH} (?:\s(?:de|del))? \s \d{{4}}
    | {_MONTH} \s \d{{1,2}} (?:st|nd|rd|th)? ,? \s \d{{4}} )"""
_BORN = pattern(rf"""
    (?<!\w) (?: d\.?o\.?b\.? | date\sof\sbirth | born(?:\son|\sin)? | fecha\sde\snacimiento | f\.?\s?nac\.?
    | nacid[oa](?:\sel|\sen)?
    | date\sde\snaissance | n[eé]e?\s(?:le|en) ) [\s:=(]{{0,3}} (?: {_DATE} | (?:19|20)\d\d ) (?!\w)
""")
_LONG_AGO = pattern(rf"(?<![\w/]) (?P<it> {_DATE} ) (?![\w/])")
_YEAR = re.compile(r"(?:19\d\d|200\d|201[0-5])")


def load() -> Detector:
    return Patterns(
        [
            Pattern("birth", Label.BIRTH, _BORN),
            Pattern("long ago", Label.BIRTH, _LONG_AGO, check=lambda match: bool(_YEAR.search(match["it"]))),
        ]
    )
