"""How long a text is, as each network counts."""

import re
import unicodedata
import warnings
from functools import lru_cache

import regex

from bot.network import Counting, Limits

PARSED_AT_MOST = 600
"""Code points. The parser of weighted lengths takes quadratic time on hostile text: longer ones are counted plainly."""

_GRAPHEME = regex.compile(r"\X")
_LINK = re.compile(r"https?://\S+")
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))


def length(text: str, limits: Limits) -> int:
    """How much of `limits.characters` a text takes."""
    match limits.counting:
        case Counting.CODE_POINTS:
            return len(_with_links(text, limits.per_link))
        case Counting.GRAPHEMES:
            return len(_GRAPHEME.findall(_with_links(text, limits.per_link)))
        case Counting.WEIGHTED:
            return _weighted(text)


def _with_links(text: str, per_link: int | None) -> str:
    """The text with each link as long as the network counts it."""
    return text if per_link is None else _LINK.sub("-" * per_link, text)


def _weighted(text: str) -> int:
    if len(text) > PARSED_AT_MOST:
        return sum(_weight(character) for character in unicodedata.normalize("NFC", text))
    return _parsed(text)


@lru_cache(maxsize=512)
def _parsed(text: str) -> int:
    with warnings.catch_warnings():
        # It loads its table of emoji by way of pkg_resources, which says at each start that it will go some day.
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
        from twitter_text import parse_tweet
    return int(parse_tweet(text).weightedLength)


def _weight(character: str) -> int:
    return 1 if any(first <= ord(character) <= last for first, last in _LIGHT) else 2
