"""A copy of a text with the capitals that models for news expect: same length, hashtags opened, SHOUTING put down."""

from collections.abc import Callable, Sequence
from enum import Enum

from moderation.normalise import plain
from moderation.reading.tokens import Sort, Token


class Case(Enum):
    """How a whole text is written."""

    USUAL = "usual"
    LOWER = "lower"
    SHOUTED = "shouted"


def case_of(tokens: Sequence[Token]) -> Case:
    """LOWER: no capital but perhaps "I"; SHOUTED: nearly nothing else."""
    words = [token.written for token in tokens if token.sort is Sort.WORD and len(token.written) > 1]
    letters = sum(map(len, words))
    capitals = sum(letter.isupper() for word in words for letter in word)
    if not capitals:
        return Case.LOWER
    return Case.SHOUTED if letters > 6 and capitals > 0.7 * letters else Case.USUAL


def with_capitals(text: str, tokens: Sequence[Token], case: Case, is_name: Callable[[str], bool]) -> str:
    """`text` for a model that reads capitals; `is_name` says which plain words deserve one."""
    letters = list(text)
    for token in tokens:
        if token.tag and letters[token.start - 1] == "#":
            letters[token.start - 1] = " "
        if token.sort is Sort.WORD and (case is not Case.USUAL or (token.tag and token.written.isupper())):
            letters[token.start : token.end] = _written(token.written, is_name)
    return "".join(letters)


def _written(word: str, is_name: Callable[[str], bool]) -> str:
    lower = word.lower()
    if len(lower) != len(word):
        return word
    return lower[:1].upper() + lower[1:] if is_name(plain(word)) and len(lower[:1].upper()) == 1 else lower
