"""Number plates of Great Britain, Spain, France, the United States and Mexico, and any plate that is called one."""

import re

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_CUE = r"""(?: (?:number|licen[cs]e|car|vehicle)\s)? (?: plates? | reg(?:istration|istered|o)? | vrm | vrn | tags?
    | matr[ií]culas? | placas? | immatricul\w{1,8} | plaques? )"""
_FILLER = r"""    (?: \s{0,2} (?: numbers? | no\.? | n[º°o]\.? | n[uú]mero | is | was | as | reads? | of | the | es
    | era | con
    | de | sous | le
    | est | nº | [:\#=(] | "|' ) ){0,3} \s{0,2}"""

_GB = pattern(r"(?<![A-Za-z0-9]) [A-Z]{2} \s? [0-9OI]{2} [\s-]? [A-Z]{3} (?![A-Za-z0-9])", shout=True)
_GB_LOWER = pattern(r"(?<![a-z0-9]) [a-hj-py]{1} [a-hj-pr-y] \d{2} \s? [a-z]{3} (?![a-z0-9])")
_GB_PREFIX = pattern(r"(?<![A-Za-z0-9]) [A-HJ-NPR-TV-Y] \d{3} \s? [A-Z]{3} (?![A-Za-z0-9])", shout=True)
_GB_SUFFIX = pattern(r"(?<![A-Za-z0-9]) [A-Z]{3} \s? \d{1,3} [A-Z] (?![A-Za-z0-9])", shout=True)
_ES = pattern(r"(?<![\w.,:]) \d{4} [\s-]{0,2} [BCDFGHJKLMNPRSTVWXYZ]{3} (?!\w)")
_ES_OLD = pattern(r"(?<!\w) [A-Z]{1,2} - \d{4} - [A-Z]{1,2} (?!\w)")
_FR = pattern(r"(?<!\w) [A-Z]{2} - \d{3} - [A-Z]{2} (?!\w)")
_FR_SPACED = pattern(r"(?<![A-Za-z0-9]) [A-Z]{2} \s? \d{3} \s? [A-Z]{2} (?![A-Za-z0-9])", shout=True)
_FR_OLD = pattern(r"(?<![\w.,:]) \d{3,4} \s [A-Z]{2,3} \s (?:0[1-9]|[1-8]\d|9[0-5]|2[AB]) (?!\w)", shout=True)
_US = pattern(
    r"""
    (?<![A-Za-z0-9]) (?: \d [A-Z]{3} \d{3} | [A-Z]{3} [\s-] \d{4} | [A-Z]{3} \d{4} | \d[A-Z]-[A-Z]{4}
    | \d{2,3}-[A-Z]{4} ) (?![A-Za-z0-9-]|/\d)
""",
    shout=True,
)
_MX = pattern(r"(?<!\w) [A-Z]{3} - \d{2} - \d{2} (?!\w) | (?<!\w) [A-Z]{3} - \d{3} - [A-Z] (?!\w)")
_CALLED = pattern(rf"""
    (?<!\w) {_CUE} {_FILLER}
    (?P<it> (?=[A-Z\s-]{{0,8}}\d) [A-Z0-9]{{1,8}} (?: [\s-]
    (?=[A-Z]{{0,4}}\d|[A-Z]{{2,3}}(?!\w)) [A-Z0-9]{{1,5}} ){{0,2}} ) (?!\w)
""")
_OF_A_STATE = pattern(r"""
    (?<!\w)
    (?: california|texas|florida|new\syork|nevada|arizona|oregon|washington|illinois|ohio|georgia|virginia|colorado|utah
    |michigan|jersey|massachusetts|pennsylvania ) \s (?:plates?|tags?|licen[cs]e|reg)? \s?
    (?P<it> (?=[A-Z]{0,6}\d) [A-Z0-9]{2,7} (?:[\s-] (?=[A-Z]{0,3}\d) [A-Z0-9]{1,4})? ) (?!\w)
""")
_OLD_SPACED = pattern(
    r"""
    (?<![A-Za-z0-9]) (?: [A-Z]{1,2} \s \d{4} \s [A-Z]{1,2} | \d{2,4} - [A-Z]{2,3} - \d{2} | [A-Z] \d{2} - [A-Z]{3} )
    (?![\w-])
""",
    shout=True,
)
_BEHIND_A_VEHICLE = pattern(
    r"""
    (?<!\w) (?i: car | vehicle | van | truck | lorry | suv | pickup | sedan | motorbike | coche | veh[ií]culo
    | furgoneta | cami[oó]n | moto | voiture | v[ée]hicule )
    ,? \s (?P<it> (?=[A-Z0-9\s-]{0,4}[A-Z]) (?=[A-Z0-9\s-]{0,7}\d) [A-Z0-9]{1,4} [\s-]? [A-Z0-9]{2,6}
    | \d [\d-]{3,7} ) (?![\w-])
""",
    shout=True,
)
_STOPPED = pattern(r"""
    (?<!\w) (?: stopped | pulled\sover | seized | towed | recovered | followed | clamped ) \s
    (?P<it> \d{5,7} | \d{1,3}-\d{3,5} ) (?![\w-]|[.,]\d)
""")
_MIXED = pattern(
    r"""
    (?<![A-Za-z0-9@#/.:,-]) (?=[A-Z\d\s•-]{0,8}[A-Z]) (?=[A-Z\s•-]{0,7}\d[A-Z\s•-]{0,5}\d)
    (?: [A-Z0-9]{1,5} [\s•-]? [A-Z0-9]{1,6} ) (?![A-Za-z0-9-]|[.,:/]\d|\s?[%£$€°])
""",
    shout=True,
)
_NOT_LETTERS = frozenset("hrs mph kph kms rpm gmt cst pst mst bst wtf lbs kgs pts pcs".split())
_NOT_WORDS = frozenset("cad ref log pnc dni nie ssn nir iso mar jan feb apr may jun jul aug sep oct nov dec".split())


def load() -> Detector:
    plain = [
        Pattern("plate GB", Label.PLATE, _GB, hard=True),
        Pattern("plate GB", Label.PLATE, _GB_LOWER, hard=True, check=_ends_oddly),
        Pattern("plate GB", Label.PLATE, _GB_PREFIX, hard=True),
        Pattern("plate GB", Label.PLATE, _GB_SUFFIX, hard=True, check=_is_no_reference),
        Pattern("plate ES", Label.PLATE, _ES, hard=True, check=_is_no_unit),
        Pattern("plate ES", Label.PLATE, _ES_OLD, hard=True),
        Pattern("plate FR", Label.PLATE, _FR, hard=True),
        Pattern("plate FR", Label.PLATE, _FR_SPACED, hard=True),
        Pattern("plate FR", Label.PLATE, _FR_OLD, hard=True),
        Pattern("plate US", Label.PLATE, _US, hard=True, check=_is_no_reference),
        Pattern("plate MX", Label.PLATE, _MX, hard=True),
    ]
    called = [
        Pattern("plate by name", Label.PLATE, _CALLED, hard=True),
        Pattern("plate", Label.PLATE, _OLD_SPACED, hard=True, check=_is_no_reference),
        Pattern("plate behind a vehicle", Label.PLATE, _BEHIND_A_VEHICLE, hard=True),
        Pattern("plate by state", Label.PLATE, _OF_A_STATE, hard=True),
        Pattern("plate of a car that was stopped", Label.PLATE, _STOPPED, hard=True),
        Pattern("plate of letters and digits", Label.PLATE, _MIXED, hard=True, check=_is_jumbled),
    ]
    return Patterns(plain + called)


def _is_no_unit(match: re.Match[str]) -> bool:
    return match[0][-3:].lower() not in _NOT_LETTERS


def _is_no_reference(match: re.Match[str]) -> bool:
    return match[0][:3].lower() not in _NOT_WORDS


def _is_jumbled(match: re.Match[str]) -> bool:
    """Five to eight letters and digits in one or two groups: no road, year, unit, or word beside a number."""
    groups = re.split(r"[\s•-]", match[0])
    mixed = [group for group in groups if not group.isalpha() and not group.isdigit()]
    if not 5 <= sum(map(len, groups)) <= 8 or (mixed and all(_ROAD_OR_TIME.fullmatch(group) for group in mixed)):
        return False
    words = [group for group in groups if group.isalpha()]
    if any(word.lower() in _NOT_PLATES or len(word) > 3 for word in words) or (words and _is_shouted(match.string)):
        return False
    return len(groups) == 1 or not any(_YEAR.fullmatch(group) for group in groups)


def _is_shouted(text: str) -> bool:
    return sum(map(str.isupper, text)) > sum(map(str.islower, text))


def _ends_oddly(match: re.Match[str]) -> bool:
    """Lower case: "in20 the" is no plate; a space before a common short word says so."""
    return " " not in match[0] or match[0][-3:].lower() not in _COMMON


_ROAD_OR_TIME = re.compile(
    r"[ABDEJMNT]\d{1,4}|(?:AP|CV|MA|GR|SE|CA|RN|RD)\d{1,4}|\d{1,4}(?:AM|PM|H|M|KM|KG|MPH|K|MM|ML|TH|ST|G|X)"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_NOT_PLATES = (
    _NOT_LETTERS
    | _NOT_WORDS
    | frozenset(
        (
            "a i o y e u pc ps pm am mr mrs dr st rd the and for not all one two out off has had are but now who how "
            "you we us uk eu bmw vw kia mg mph kmh km kg gb usa bbc itv tv cctv gps usb tel cv cp pk jct jn ap op id "
            "ip hp cc ml mm cm est cet gmt utc bst pst night day men man car van bus los las del el la de en un una "
            "por con les des rue le du au km/h unit dj lp cd dvd mp ps pcso ufo ufc nba nfl nhl mlb fifa mot gcse gp "
            "er hr fc cf ac sc ca ny dc fm pts min eur gbp usd psi ppm amp top win age vol no num nr art sec ep max "
            "mac mx gt xl plus over from fax ext box po ref room gate bay class form type size zone taxi rt dm tl fb "
            "ig yt ios r2 lima the and for was his her our you not all one two out off has had are but now who how "
            "min hrs day via "
        ).split()
    )
)
_COMMON = frozenset(
    "the and for was his her our you not all one two out off has had are but now who how min hrs day via".split()
)
