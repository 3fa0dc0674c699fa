"""Our own small network on what Rampart thinks of a token and on its word vectors: person, place, other or nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from thinc.api import NumpyOps

from moderation.detector import DetectorFailed
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
    """What the head reads of each token: thoughts and kinds of its pieces, and its vector."""
    words = np.zeros((len(tokens), VECTOR), np.float32)
    for i, token in enumerate(tokens):
        vector = vectors(token.written) if token.sort is Sort.WORD else None
        if vector is not None:
            words[i] = vector
    return np.concatenate([_heard(tokens, reading), words * _QUIETER], axis=1)


def _heard(tokens: Sequence[Token], reading: Reading) -> Numbers:
    heard = np.zeros((len(tokens), THOUGHT + KINDS), np.float32)
    at = 0
    for i, token in enumerate(tokens):
        while at < len(reading.spans) and reading.spans[at][1] <= token.start:
            at += 1
        last = at
        while last < len(reading.spans) and reading.spans[last][0] < token.end:
            last += 1
        if last > at:
            heard[i, :THOUGHT] = reading.thoughts[at:last].mean(axis=0)
            heard[i, THOUGHT:] = reading.kinds[at:last].max(axis=0)
    return heard
