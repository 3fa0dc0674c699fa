"""Edits: whether other words for a post tell the public more than the words before them did."""

import re
from typing import Final

from shifts.words import Words

FEW: Final = 3
SHARE: Final = 3
"""More new words than a few, and than one in three: that is no edit any more but another text."""
_WORD: Final = re.compile(r"\w+")
_BEGINS: Final = re.compile(r"(?:^|[.!?:…\n])[\s\"'“«¿¡(]*$")


def adds_facts(before: str, after: str, words: Words, language: str) -> bool:
    """A number, a name or place, a negation put in or taken out, or a text that is mostly new."""
    known = {word.casefold() for word in _WORD.findall(before)}
    said = list(_WORD.finditer(after))
    new = [match for match in said if match.group().casefold() not in known]
    telling = set(words.say("edit.numbers", language).split())
    if any(_tells(match, after, telling) for match in new):
        return True
    negations = set(words.say("edit.negations", language).split())
    if _count(before, negations) != _count(after, negations):
        return True
    return len(new) > max(FEW, len(said) // SHARE)


def _tells(match: re.Match[str], text: str, numbers: set[str]) -> bool:
    word = match.group()
    if any(letter.isdigit() for letter in word) or word.casefold() in numbers:
        return True
    return word[0].isupper() and _BEGINS.search(text[: match.start()]) is None


def _count(text: str, among: set[str]) -> int:
    return sum(word.casefold() in among for word in _WORD.findall(text))
