"""Bank accounts and cards: IBAN, card numbers, sort codes, account numbers."""

import re

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_IBAN = pattern(r"(?<!\w) [A-Z]{2} \d{2} (?: [\s-]? [A-Z\d]{4} ){2,7} (?: [\s-]? [A-Z\d]{1,3} )? (?!\w)", shout=True)
_IBAN_LOWER = pattern(r"""
    (?<!\w) (?:es|fr|gb|de|it|pt|ie|nl|be) \d{2} (?: [\s-]? \d{4} ){3,6} (?: [\s-]? \d{1,3} )? (?!\w)
""")
_CARD = pattern(r"""
    (?<![\w+.,-]) (?: \d{4} [\s.-]? \d{4} [\s.-]? \d{4} [\s.-]? \d{1,7} | 3[47]\d{2} [\s-]? \d{6} [\s-]? \d{5} )
    (?![\w-])
""")
_SORT_CODE = pattern(r"""
    (?<!\w) sort\s?code (?:\s?[:=]|\s(?:is|was))? \s? (?P<it> \d{2} [\s-]? \d{2} [\s-]? \d{2} ) (?!\w)
""")
_ACCOUNT = pattern(r"""
    (?<!\w) (?: account | acct | acc | cuenta | compte | iban | card | tarjeta | carte ) (?: \s{0,2} (?: numbers?
    | no\.? | n[º°o]\.?
    | n[uú]mero | num | is | was | es | ending | terminada | [:\#=] ) ){1,3} \s{0,2} (?:(?:in|en)\s)?
    (?P<it> [A-Z]{0,2} \d (?: [\s-]? \d ){3,22} ) (?!\w)
""")


_LONG = pattern(r"(?<![\w+.,/:-]) \d{12,19} (?![\w-]|[.,/:]\d)")
"""So many digits in a row are a card or an account, whatever they are called."""


def load() -> Detector:
    return Patterns(
        [
            Pattern("IBAN", Label.BANK, _IBAN, hard=True, check=_has_digits),
            Pattern("IBAN", Label.BANK, _IBAN_LOWER, hard=True),
            Pattern("card", Label.BANK, _CARD, hard=True),
            Pattern("long number", Label.BANK, _LONG, hard=True),
            Pattern("sort code", Label.BANK, _SORT_CODE, hard=True),
            Pattern("account", Label.BANK, _ACCOUNT, hard=True),
        ]
    )


def _has_digits(match: re.Match[str]) -> bool:
    """An IBAN has more digits than letters, even where a bank's name is part of it."""
    return sum(map(str.isdigit, match[0])) >= 8
