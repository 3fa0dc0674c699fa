"""Spelling: what people type in a hurry, as the words that the lists know. Length and places do not stay."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from moderation.normalise import plain

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?:[ .\-*_][^\W\d_]){4,200}(?!\w)")
_LONG: Final = 7
"""From this length on a word may be wrong by any one letter; a shorter one only by letters that changed places."""


class Spelling:
    """`written` maps what is typed to what is meant ("cant", "can not"); `critical` are the words that a life hangs on,
    recognised with one slip; `lists` give the words that are right as they are."""

    def __init__(self, written: Mapping[str, str], critical: Iterable[str], lists: Mapping[str, Iterable[str]]) -> None:
        self._written = {plain(typed): meant for typed, meant in written.items()}
        self._critical = tuple(map(plain, critical))
        phrases = (phrase for table in lists.values() for phrase in table)
        self._right = {word for phrase in phrases for word in re.findall(r"[^\W_]+", plain(phrase))}
        self._slips = {slip: word for word in self._critical for slip in _slips(word)}
        self._masks = {mask: word for word in self._critical if len(word) >= _LONG for mask in _masks(word)}

    def respell(self, folded: str) -> str:
        """The text with its words as the lists know them; sentences stay as they are."""
        text = _WORD.sub(lambda match: self._word(match[0]), folded)
        spelled = [word for match in _SPACED.finditer(folded) for word in self._inside(match[0])]
        return f"{text} {' '.join(spelled)}" if spelled else text

    def _word(self, typed: str) -> str:
        word = plain(typed).replace("'", "")
        if word in self._written:
            return self._written[word]
        if word in self._right or "'" in typed:
            return typed
        short = _STRETCHED.sub(r"\1", word)
        if short in self._written or short in self._right:
            return self._written.get(short, short)
        return self._meant(_STRETCHED.sub(r"\1\1", word)) or self._meant(short) or typed

    def _meant(self, word: str) -> str | None:
        """The critical word that this is one slip away from."""
        if word in self._critical:
            return word
        if word in self._slips:
            return self._slips[word]
        if len(word) < _LONG - 1:
            return None
        return next((self._masks[mask] for mask in _masks(word) if mask in self._masks), None)

    def _inside(self, letters: str) -> list[str]:
        """Critical words in letters that were typed one by one."""
        joined = plain(re.sub(r"[^\w]|_", "", letters))
        return [word for word in self._critical if word in joined]


def _slips(word: str) -> set[str]:
    """Two neighbouring letters changed places."""
    if len(word) < 4:
        return set()
    return {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)} - {word}


def _masks(word: str) -> set[str]:
    """One letter left out or unreadable: words that share such a mask differ by one letter."""
    gone = {word[:i] + word[i + 1 :] for i in range(len(word))}
    return gone | {f"{word[:i]}*{word[i + 1 :]}" for i in range(len(word))} | {word}
