"""Trains the head: two layers by Adam, in numpy, in some minutes of one core."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.reading.head import Head, Numbers

HIDDEN, EPOCHS, BATCH = 80, 4, 256
RATE, FORGET, BLUR = 2e-3, 0.2, 0.1
_SLOW, _SLOWER, _TINY = 0.9, 0.999, 1e-8


class Network:
    """`weights` are in the order of Head's arguments."""

    def __init__(self, inputs: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.weights: list[Numbers] = [
            self._random.normal(0, (2 / inputs) ** 0.5, (inputs, HIDDEN)).astype(np.float32),
            np.zeros(HIDDEN, np.float32),
            self._random.normal(0, 0.05, (HIDDEN, 4)).astype(np.float32),
            np.zeros(4, np.float32),
        ]
        self._first = [np.zeros_like(weight) for weight in self.weights]
        self._second = [np.zeros_like(weight) for weight in self.weights]
        self._steps = 0

    def train(self, given: NDArray[np.float16], labels: NDArray[np.int64]) -> Head:
        batches = len(given) // BATCH
        for _ in range(EPOCHS):
            order = self._random.permutation(len(given))
            for at in range(batches):
                chosen = order[at * BATCH : (at + 1) * BATCH]
                rate = RATE * min(1, self._steps / 100) * (1 - self._steps / (EPOCHS * batches + 1))
                self._step(self._gradients(given[chosen].astype(np.float32), labels[chosen]), rate)
        return Head(*self.weights)

    def save(self, file: Path) -> None:
        names = ("hidden", "bias", "out", "out_bias")
        stored = {name: weight.astype(np.float16) for name, weight in zip(names, self.weights, strict=True)}
        np.savez_compressed(file, **stored)  # type: ignore[arg-type]  # the stubs see allow_pickle in any name

    def _gradients(self, given: Numbers, labels: NDArray[np.int64]) -> list[Numbers]:
        hidden, bias, out, out_bias = self.weights
        given = given * self._kept(given.shape, BLUR)
        before = given @ hidden + bias
        kept = self._kept(before.shape, FORGET)
        inner = np.maximum(before, 0) * kept
        answer = inner @ out + out_bias
        wrong = np.exp(answer - answer.max(axis=1, keepdims=True))
        wrong /= wrong.sum(axis=1, keepdims=True)
        wrong[np.arange(len(labels)), labels] -= 1
        wrong /= len(labels)
        back = (wrong @ out.T) * kept * (before > 0)
        return [given.T @ back + 1e-4 * hidden, back.sum(0), inner.T @ wrong + 1e-4 * out, wrong.sum(0)]

    def _kept(self, shape: tuple[int, ...], forget: float) -> Numbers:
        kept: Numbers = (self._random.random(shape, dtype=np.float32) > forget).astype(np.float32) / (1 - forget)
        return kept

    def _step(self, gradients: list[Numbers], rate: float) -> None:
        self._steps += 1
        for i, gradient in enumerate(gradients):
            self._first[i] = _SLOW * self._first[i] + (1 - _SLOW) * gradient
            self._second[i] = _SLOWER * self._second[i] + (1 - _SLOWER) * gradient * gradient
            first = self._first[i] / (1 - _SLOW**self._steps)
            second = self._second[i] / (1 - _SLOWER**self._steps)
            self.weights[i] -= (rate * first / (np.sqrt(second) + _TINY)).astype(np.float32)
