"""Our own small networks on what Rampart, and what the encoder, think of a token: person, place, other or nothing."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from thinc.api import NumpyOps

from moderation.detector import DetectorFailed
from moderation.reading import encoder
from moderation.reading.rampart import LAYERS, Numbers, Reading
from moderation.reading.tokens import Sort, Token

VECTOR, THOUGHT, KINDS = 300, 384 * len(LAYERS), 35
_STEPS: Final = np.array([0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97], np.float32)
_OPS: Final = NumpyOps()
"""Multiplies on one thread; numpy itself would wake every core for each post."""
_QUIETER: Final = 0.3
"""Vectors are this much smaller, to weigh like thoughts."""
Vectors = Callable[[str], Numbers | None]
"""The vector of a word, 300 numbers, if it has one."""


class Head:
    """Two layers; the answer is a share for each of nothing, person, place and other."""

    def __init__(self, hidden: Numbers, bias: Numbers, out: Numbers, out_bias: Numbers) -> None:
        self._hidden, self._bias, self._out, self._out_bias = hidden, bias, out, out_bias

    @classmethod
    def load(cls, file: Path) -> "Head":
        """Raises DetectorFailed if the file is not there or is another one."""
        try:
            with np.load(file) as stored:
                return cls(*(stored[name].astype(np.float32) for name in ("hidden", "bias", "out", "out_bias")))
        except (OSError, ValueError, KeyError) as error:
            raise DetectorFailed("the model of names and places cannot be read") from error

    def shares(self, given: Numbers) -> Numbers:
        """Of each token (a row) the shares of nothing, person, place, other."""
        inner = np.maximum(_OPS.gemm(given, self._hidden) + self._bias, 0)
        answer = _OPS.gemm(inner, self._out) + self._out_bias
        shares = np.exp(answer - answer.max(axis=1, keepdims=True))
        weighed: Numbers = shares / shares.sum(axis=1, keepdims=True)
        return weighed


def digits(shares: Numbers) -> list[str]:
    """Person, place and other as one digit each."""
    steps = np.searchsorted(_STEPS, shares[:, 1:])
    return ["".join(map(str, row)) for row in steps.tolist()]


def given(tokens: Sequence[Token], reading: Reading, vectors: Vectors) -> Numbers:
    """What the head on Rampart reads of each token: thoughts and kinds of its pieces, and its vector."""
    pieces = list(_pieces(tokens, reading.spans))
    thoughts = _each(pieces, reading.thoughts, lambda part: part.mean(axis=0))
    kinds = _each(pieces, reading.kinds, lambda part: part.max(axis=0))
    return np.concatenate([thoughts, kinds, _vectors(tokens, vectors)], axis=1)


def given_encoded(tokens: Sequence[Token], seen: encoder.Thoughts, vectors: Vectors) -> Numbers:
    """What the head on the encoder reads of each token: thoughts of its pieces, and its vector."""
    return with_vectors(thoughts_of(tokens, seen), tokens, vectors)


def thoughts_of(tokens: Sequence[Token], seen: encoder.Thoughts) -> Numbers:
    """What the encoder thinks of each token: the mean of its pieces."""
    return _each(list(_pieces(tokens, seen.spans)), seen.thoughts, lambda part: part.mean(axis=0))


def with_vectors(thoughts: Numbers, tokens: Sequence[Token], vectors: Vectors) -> Numbers:
    return np.concatenate([thoughts, _vectors(tokens, vectors)], axis=1)


def _vectors(tokens: Sequence[Token], vectors: Vectors) -> Numbers:
    words = np.zeros((len(tokens), VECTOR), np.float32)
    for i, token in enumerate(tokens):
        vector = vectors(token.written) if token.sort is Sort.WORD else None
        if vector is not None:
            words[i] = vector
    return words * _QUIETER


def _each(pieces: Sequence[slice], told: Numbers, of: Callable[[Numbers], Numbers]) -> Numbers:
    found = np.zeros((len(pieces), told.shape[1]), np.float32)
    for i, part in enumerate(pieces):
        if part.stop > part.start:
            found[i] = of(told[part])
    return found


def _pieces(tokens: Sequence[Token], spans: Sequence[tuple[int, int]]) -> Iterator[slice]:
    """Which pieces each token is made of."""
    at = 0
    for token in tokens:
        while at < len(spans) and spans[at][1] <= token.start:
            at += 1
        last = at
        while last < len(spans) and spans[last][0] < token.end:
            last += 1
        yield slice(at, last)
