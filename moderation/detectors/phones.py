"""Phone numbers of the countries that we know, and numbers said in words; the force's own numbers stay."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.lexicon import Word, words_of

_CANDIDATE = re.compile(
    r"(?<![\w.,/:+-])(?:\+|00)?\(?\d(?:[ .()\-]{0,3}\d){5,17}(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w/:]|[.,]\d)"
)
_DATE = re.compile(r"(?:19|20)\d\d[-. ]\d\d?[-. ]\d\d?|\d\d?[-. ]\d\d?[-. ](?:19|20)\d\d")
_AMOUNT = re.compile(r"\d{1,3}(?:[. ]000)+|\d{1,3}(?:\.\d{3})+")
_CURRENCY_BEFORE = re.compile(r"[£$€]\s?$")
_DIGIT_WORDS = frozenset(
    "zero oh nought one two three four five six seven eight nine double treble triple "
    "cero uno dos tres cuatro cinco seis siete ocho nueve "
    "un deux trois quatre cinq sept huit neuf".split()
)
SPELLED_AT_LEAST = 7
_INTERNATIONAL = range(8, 16)
_LONG = range(9, 16)
"""Digits of a number behind a plus sign, and of any other that is a phone number in whatever country: a mistyped one
is still somebody's."""


def load(own: Sequence[str] = (), regions: Sequence[str] = ("GB", "US", "ES", "FR", "MX")) -> Detector:
    """`own` are the numbers that the force publishes, in any spelling; `regions` the countries to read numbers as."""
    return Phones(frozenset(map(_digits, own)), tuple(regions))


class Phones:
    def __init__(self, own: frozenset[str], regions: tuple[str, ...]) -> None:
        self._own = own
        self._regions = regions

    def find(self, text: str, language: str) -> Sequence[Finding]:
        found = [_finding(*match.span()) for match in _CANDIDATE.finditer(text) if self._is_private(text, match)]
        return [*found, *(_finding(start, end) for start, end in _spelled(words_of(text)))]

    def _is_private(self, text: str, match: re.Match[str]) -> bool:
        number = re.split(r"\s?(?:x|ext)", match[0])[0]
        if _digits(number) in self._own or _DATE.fullmatch(number) or _AMOUNT.fullmatch(number):
            return False
        if _CURRENCY_BEFORE.search(text[max(match.start() - 2, 0) : match.start()]):
            return False
        if len(_digits(number)) in (_INTERNATIONAL if number.startswith("+") else _LONG):
            return True
        return any(_is_possible(number, region) for region in self._regions)


@lru_cache(maxsize=1024)
def _is_possible(number: str, region: str) -> bool:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(parsed))


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _spelled(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Runs of at least seven number words in one sentence."""
    run: list[Word] = []
    for word in (*words, None):
        if word is not None and (word.text in _DIGIT_WORDS or (run and word.text.isdigit())):
            run.append(word)
            continue
        if len(run) >= SPELLED_AT_LEAST:
            yield run[0].start, run[-1].end
        run = []


def _finding(start: int, end: int) -> Finding:
    return Finding(start, end, Label.PHONE, Action.MASK, "phone", hard=True, instead="contact")
