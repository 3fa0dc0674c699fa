"""A text without what only stands between its words: doubled spaces, emoji, marks, lines that end inside a sentence."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from moderation.lexicon import Hit, numbers_of_sentences, sentences_of
from moderation.normalise import EMOJI_STYLE, JOINER

_EMOJI: Final = f"\U0001f1e6-\U0001faff\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff{JOINER}{EMOJI_STYLE}"
_MARK: Final = rf"[{_EMOJI}*_~|\#]"
_BETWEEN: Final = re.compile(
    rf"""
    (?<! [.!?\s] ) [ ]{{0,9}} \n [ ]{{0,9}} (?= \w )      # a line that ends inside a sentence
    | (?: \.{{2,9}} | … ) [ ]{{0,9}} (?= \w )            # dots, and it goes on
    | [ ]{{1,9}} -{{1,9}} [ ]{{1,9}}
    | [ ]{{0,9}} {_MARK} (?: [ ]{{0,9}} {_MARK} ){{0,40}} [ ]{{0,9}}
    | [ ]{{2,99}}
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Compact:
    """`offsets[i]` is where code point i of `text` stands in the folded text."""

    text: str
    offsets: tuple[int, ...]

    def there(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of `text` in code points of the folded text."""
        return self.offsets[start], self.offsets[end - 1] + 1

    def sentences(self, folded: str) -> list[int]:
        """Of each sentence of the folded text, the sentence of `text` that it begins in."""
        number = numbers_of_sentences(self.text)
        return [number(bisect_left(self.offsets, start)) for start, _ in sentences_of(folded)]


@lru_cache(maxsize=16)
def compact(folded: str) -> Compact | None:
    """None where nothing stands between the words but what belongs there."""
    letters: list[str] = []
    offsets: list[int] = []
    at = 0
    for match in _BETWEEN.finditer(folded):
        letters.append(folded[at : match.start()])
        offsets += range(at, match.start())
        letters.append(" ")
        offsets.append(match.start())
        at = match.end()
    if not at:
        return None
    text = "".join([*letters, folded[at:]])
    return Compact(text, (*offsets, *range(at, len(folded))))


def hits_across(folded: str, hits: Sequence[Hit], look: Callable[[str], list[Hit]]) -> list[Hit]:
    """The hits as they are once nothing stands between the words: `look` gives those of the word lists, those of
    findings are in `hits`. Empty where nothing stands there."""
    close = compact(folded)
    if close is None:
        return []
    said = [(hit, close.there(hit.start, hit.end)) for hit in look(close.text)]
    number = close.sentences(folded)
    found = [replace(hit, sentence=number[min(hit.sentence, len(number) - 1)]) for hit in hits if hit.name[0] == "@"]
    return [*(replace(hit, start=start, end=end) for hit, (start, end) in said), *found]
