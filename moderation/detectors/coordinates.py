"""Positions: decimal degrees, degrees and minutes, plus codes, what3words, UTM, grid references, geo: addresses."""

import re
from collections.abc import Sequence

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.patterns import Pattern, Patterns, pattern
from shifts.areas import Areas

_DECIMAL = pattern(r"""
    (?<![\w.]) (?P<lat> [+-]? \d{1,2} [.,] \d{3,12} ) \s? °? \s? [NS]? \s? [,;/ ] \s{0,2}
    (?P<lon> [+-]? \d{1,3} [.,] \d{3,12} ) (?: \s? °? \s? [EWO] (?!\w) )? (?![\d])
""")
_LETTERED = pattern(r"(?<!\w) [NS] \s? \d{1,2} [.] \d{2,10} °? [\s,;]{1,3} [EWO] \s? \d{1,3} [.] \d{2,10} (?!\w)")
_ONE_AXIS = pattern(r"""
    (?<!\w) (?:lat(?:itude?|itud)?|lon(?:g|gitude?|gitud)?|lng) \s? [:=]? \s? [+-]? \d{1,3} [.,] \d{2,12}
""")
_SEXAGESIMAL = pattern(r"""
    (?<!\w) [NSEWO]? \s? \d{1,3} \s? [°º] \s? \d{1,2} (?: [.,] \d{1,6} )? \s? ' (?: \s? \d{1,2}
    (?: [.,] \d{1,6} )? \s? (?:"|'') )? \s? [NSEWO]?
    (?: [\s,;]{1,3} [NSEWO]? \s? \d{1,3} \s? [°º] \s? \d{1,2} (?: [.,] \d{1,6} )? \s? ' (?: \s? \d{1,2}
    (?: [.,] \d{1,6} )? \s? (?:"|'') )? \s? [NSEWO]? )? (?!\w)
""")
_PLUS_CODE = pattern(
    r"""
    (?<![\w+]) (?: [23456789CFGHJMPQRVWX]{4} ){1,2} \+ [23456789CFGHJMPQRVWX]{2,4} (?!\w)
""",
    shout=True,
)
_PLUS_CODE_LOWER = pattern(r"""
    (?<![\w+]) (?=[a-z]{0,7}\d) [23456789cfghjmpqrvwx]{4,8} \+ (?=[a-z\d]{0,2}\d) [23456789cfghjmpqrvwx]{2,4} (?!\w)
""")
_WORDS = pattern(r"/{2,3} \s? [^\W\d_]{3,24} [.·。] [^\W\d_]{3,24} [.·。] [^\W\d_]{3,24} (?![\w/])")
_WORDS_NAMED = pattern(r"""
    (?:w3w|what\s?3\s?words|what\s?three\s?words) [\s:=/]{0,5}
    (?:is\s|es\s)? [^\W\d_]{3,24} [. ] [^\W\d_]{3,24} [. ] [^\W\d_]{3,24} (?!\w)
""")
_UTM = pattern(r"""
    (?<!\w) \d{1,2} \s? [C-HJ-NP-X] \s? \d{6} (?:[.,]\d{1,3})? \s? m? \s? [E,]? \s? \d{7}
    (?:[.,]\d{1,3})? \s? m? \s? N? (?!\w)
""")
_GRID = pattern(
    r"""
    (?<!\w) [HNST][A-HJ-Z] (?: \s? \d{3} \s? \d{3} | \s? \d{4} \s? \d{4} | \s? \d{5} \s? \d{5} ) (?![\w])
""",
    shout=True,
)
_GEO = pattern(r"(?<!\w) geo: \s? [\d.,;=?&%+-]{3,80}")


def load(areas: Areas) -> Detector:
    return Coordinates(areas)


class Coordinates:
    """Patterns, and for decimal degrees the area in which the point lies."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        others = {
            "coordinates": (_LETTERED, _ONE_AXIS, _SEXAGESIMAL),
            "plus code": (_PLUS_CODE, _PLUS_CODE_LOWER),
            "what3words": (_WORDS, _WORDS_NAMED),
            "grid reference": (_UTM, _GRID),
            "geo address": (_GEO,),
        }
        self._others = Patterns(
            [Pattern(rule, Label.COORDINATES, regex, hard=True) for rule, some in others.items() for regex in some]
        )

    def find(self, text: str, language: str) -> Sequence[Finding]:
        decimal = [self._decimal(match) for match in _DECIMAL.finditer(text)]
        return [*decimal, *self._others.find(text, language)]

    def _decimal(self, match: re.Match[str]) -> Finding:
        latitude, longitude = (float(match[name].replace(",", ".")) for name in ("lat", "lon"))
        area = self._areas.at(latitude, longitude)
        return Finding(*match.span(), Label.COORDINATES, Action.MASK, "coordinates", area, hard=True)
