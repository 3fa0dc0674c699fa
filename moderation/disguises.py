"""Rude words that are written so that no list sees them: "f u d g e", "fu9ge", "f*dge", "fuuudge"."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from moderation.normalise import plain

LEAST: Final = 4
"""Letters of the shortest word that is looked for: three of them stand for too many things."""
MOST_STARS: Final = 4
LONGEST: Final = 24
"""A word with stars is looked for in all lists: one with more of them, or of more letters, disguises nothing."""
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][ .,*/_-]{1,2}){3,24}[^\W_](?![^\W_])")
_MARKED = re.compile(r"(?<!\w)[^\W_]{0,24}?(?:[\d@$!*€+|]|([^\W\d_])\1\1)[\w@$!*€+|]{0,40}")
_RUN = re.compile(r"(.)\1{2,}")
_LETTERS: Final = tuple(str.maketrans("03456789@$!€+|1", f"oeasgtbgasiet{one}{one}") for one in "il")


@dataclass(frozen=True, slots=True)
class Undone:
    """A text of the same length with plain letters where something was disguised, and where that is."""

    text: str
    stretches: tuple[tuple[int, int], ...]

    def stretch_of(self, start: int, end: int) -> tuple[int, int] | None:
        """The first disguise that meets `start:end`."""
        return next((each for each in self.stretches if each[0] < end and start < each[1]), None)


class Disguises:
    """Looks for the single words of some lists ("word", "begin*")."""

    def __init__(self, phrases: Iterable[str]) -> None:
        single = {word for phrase in phrases if " " not in phrase for word in plain(phrase).split("|")}
        self._exact = frozenset(word for word in single if len(word) >= LEAST and not word.endswith("*"))
        self._stems = tuple(sorted({word[:-1] for word in single if word.endswith("*") and len(word) > LEAST}))
        self._words, self._beginnings = "\n".join(sorted(self._exact)), "\n".join(self._stems)

    def undone(self, folded: str) -> Undone | None:
        """None where nothing is disguised, as in nearly every text."""
        read = plain(folded)
        letters, stretches = list(folded), []
        for start, end, word in self._found(read):
            letters[start:end] = word.ljust(end - start)
            stretches.append((start, end))
        return Undone("".join(letters), tuple(sorted(stretches))) if stretches else None

    def _found(self, read: str) -> Iterator[tuple[int, int, str]]:
        for match in _SPACED.finditer(read):
            if word := self._spelled(re.sub(r"[\W_]", "", match[0])):
                yield *match.span(), word
        for match in _MARKED.finditer(read):
            written = match[0].rstrip("!*+|")
            if len(written) >= LEAST and (word := self._meant(written)):
                yield match.start(), match.start() + len(written), word

    def _spelled(self, written: str) -> str | None:
        """A word in letters that stand alone: other such letters ("a") may stand before and behind it."""
        for table in _LETTERS:
            letters = written.translate(table)
            for i in range(len(letters) - LEAST + 1):
                if letters.startswith(self._stems, i):
                    return letters[i:]
                for end in range(len(letters), i + LEAST - 1, -1):
                    if letters[i:end] in self._exact:
                        return letters[i:end]
        return None

    def _meant(self, written: str) -> str | None:
        """A word behind digits and marks, no more of them than letters; a reference or a plate is none."""
        said = sum(map(str.isalpha, written))
        stars = written.count("*")
        if 2 * said < len(written) or stars > MOST_STARS or (stars and len(written) > LONGEST):
            return None
        shapes = [written.translate(table) for table in _LETTERS]
        runs = [run for shape in shapes for run in (shape, _RUN.sub(r"\1\1", shape), _RUN.sub(r"\1", shape))]
        return next(filter(None, map(self._known, dict.fromkeys(runs))), None)

    def _known(self, letters: str) -> str | None:
        if "*" not in letters:
            return letters if letters in self._exact or letters.startswith(self._stems) else None
        if found := _like(letters, self._words):
            return found
        stems = (_like(letters[:length], self._beginnings) for length in range(LEAST, len(letters) + 1))
        return next((stem + letters[len(stem) :].replace("*", "") for stem in stems if stem), None)


def _like(letters: str, words: str) -> str | None:
    """The first of `words`, one a line, that has these letters, with any letter for each star."""
    found = re.search(f"^{re.escape(letters)}$".replace(r"\*", "[a-z]"), words, re.MULTILINE)
    return found[0] if found else None
