"""Rude words that are written so that no list sees them: "f u d g e", "fu9ge", "f*dge", "fuuudge", "fud ge"."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
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
_PIECE = re.compile(r"(?<![\w'])[^\W\d_]{1,20}(?![\w'])")
_BETWEEN = re.compile(r"[\s.*/_-]{1,2}")
PIECES: Final = 3
"""Into how many pieces a word may be cut."""
_ENDINGS: Final = frozenset(["", *"s es x r er rs ers z az d ed in ing y a o as os e".split()])
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
    """Looks for the single words of some lists ("word", "begin*"); those of the `worst` also where they are cut in
    pieces, unless every piece is an `ordinary` word ("put a") or a first name ("Mari con")."""

    def __init__(
        self,
        phrases: Iterable[str],
        worst: Iterable[str] = (),
        ordinary: Collection[str] = frozenset(),
        first: Collection[str] = frozenset(),
    ) -> None:
        single, cut = _single(phrases), _single(worst)
        self._ordinary, self._first = frozenset(ordinary), frozenset(first)
        self._whole = frozenset(word for word in cut if len(word) >= LEAST and not word.endswith("*"))
        self._begun: dict[str, list[str]] = defaultdict(list)
        for word in cut:
            if word.endswith("*") and len(word) > LEAST:
                self._begun[word[:LEAST]].append(word[:-1])
        self._exact = frozenset(word for word in single if len(word) >= LEAST and not word.endswith("*"))
        self._stems = tuple(sorted({word[:-1] for word in single if word.endswith("*") and len(word) > LEAST}))
        self._words, self._beginnings = "\n".join(sorted(self._exact)), "\n".join(self._stems)

    def undone(self, folded: str) -> Undone | None:
        """None where nothing is disguised, as in nearly every text."""
        read = plain(folded)
        letters, stretches = list(folded), []
        for start, end, word in self._found(folded, read):
            letters[start:end] = word.ljust(end - start)
            stretches.append((start, end))
        return Undone("".join(letters), tuple(sorted(stretches))) if stretches else None

    def _found(self, folded: str, read: str) -> Iterator[tuple[int, int, str]]:
        for match in _SPACED.finditer(read):
            if word := self._spelled(re.sub(r"[\W_]", "", match[0])):
                yield *match.span(), word
        for match in _MARKED.finditer(read):
            written = match[0].rstrip("!*+|")
            if len(written) >= LEAST and (word := self._meant(written)):
                yield match.start(), match.start() + len(written), word
        yield from self._in_pieces(folded, read)

    def _in_pieces(self, folded: str, read: str) -> Iterator[tuple[int, int, str]]:
        pieces = list(_PIECE.finditer(read))
        for i, first in enumerate(pieces):
            cut, letters = [first], first[0]
            for before, last in zip(pieces[i : i + PIECES - 1], pieces[i + 1 : i + PIECES], strict=False):
                if not _BETWEEN.fullmatch(read, before.end(), last.start()):
                    break
                cut.append(last)
                letters, without = letters + last[0], len(letters)
                if self._is_cut(letters, without) and self._is_odd(folded, cut):
                    yield first.start(), last.end(), letters

    def _is_odd(self, folded: str, pieces: Sequence[re.Match[str]]) -> bool:
        """Whether one of these is neither an ordinary word nor a first name with its capital."""
        return any(
            piece[0] not in self._ordinary
            and not (piece[0] in self._first and folded[piece.start() : piece.end()].istitle())
            for piece in pieces
        )

    def _is_cut(self, letters: str, without: int) -> bool:
        """Whether these letters are one of the worst words, and are not without the last piece, which begins there."""
        if letters in self._whole:
            return True
        begun = self._begun.get(letters[:LEAST], ())
        return any(letters.startswith(b) and len(b) > without and letters[len(b) :] in _ENDINGS for b in begun)

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


def _single(phrases: Iterable[str]) -> set[str]:
    return {word for phrase in phrases if " " not in phrase for word in plain(phrase).split("|")}


def _like(letters: str, words: str) -> str | None:
    """The first of `words`, one a line, that has these letters, with any letter for each star."""
    found = re.search(f"^{re.escape(letters)}$".replace(r"\*", "[a-z]"), words, re.MULTILINE)
    return found[0] if found else None
