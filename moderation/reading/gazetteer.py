"""Towns, countries and names of people as lists: which tokens of a text stand in them, whatever their case."""

from collections.abc import Sequence
from pathlib import Path

from moderation.normalise import plain
from moderation.reading.tokens import Sort, Token

_LONGEST = 4
_LISTS = {"first": "F", "first_or_word": "f", "last": "L", "last_or_word": "l"}


class Gazetteer:
    """`signs` tells of each token the lists that it stands in, as letters: C country or state, B M S towns of a million
    people, of a hundred thousand, smaller; F f L l first and family names (small: words too); J places written as one
    word."""

    def __init__(self, places: dict[str, str], names: dict[str, str]) -> None:
        self._places = places
        self._names = names
        self._joined = {place.replace(" ", "") for place in places if " " in place}

    @classmethod
    def load(cls, folder: Path) -> "Gazetteer":
        """Read `places.txt` and the lists of names in `folder` (config/names)."""
        places: dict[str, str] = {}
        for line in _lines(folder / "places.txt"):
            sign, _, name = line.partition(" ")
            places[name] = sign
        names: dict[str, str] = {}
        for file, sign in _LISTS.items():
            for name in _lines(folder / f"{file}.txt"):
                names[name] = names.get(name, "") + sign
        return cls(places, names)

    def signs(self, tokens: Sequence[Token]) -> list[str]:
        """One string of letters a token; for places with `-` behind the first token of a name."""
        words = [plain(token.written) for token in tokens]
        found = [self._names.get(word, "") for word in words]
        at = 0
        while at < len(tokens):
            at += self._mark(words, tokens, at, found)
        return found

    def knows_capital(self, word: str) -> bool:
        """Whether a word (lower case, no accents) is written with a capital more likely than not."""
        sign = self._names.get(word, "")
        return "F" in sign or ("L" in sign and len(word) > 3) or word in self._places

    def _mark(self, words: Sequence[str], tokens: Sequence[Token], at: int, found: list[str]) -> int:
        """Mark the longest place that begins at `at`; how many tokens it has, at least one."""
        if tokens[at].sort is not Sort.WORD:
            return 1
        phrase, best, sign = "", 0, ""
        for length, word in enumerate(words[at : at + _LONGEST * 2], 1):
            if tokens[at + length - 1].sort is Sort.WORD:
                phrase = f"{phrase} {word}".strip()
            elif word not in ("-", "'", "."):
                break
            known = self._places.get(phrase, "")
            if known:
                best, sign = length, known
        for i in range(best):
            found[at + i] += sign if i == 0 else f"{sign}-"
        if not best and words[at] in self._joined:
            found[at] += "J"
        return best or 1


def names_in(folder: Path) -> frozenset[str]:
    """Every name of people in the lists of `folder` (config/names), those that are words too."""
    return frozenset(name for file in _LISTS for name in _lines(folder / f"{file}.txt"))


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#")]
