"""A small network with one hidden layer, learnt by Adam with weight decay and dropped neurons; the same every time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Learning:
    """How it learns. `start`: how far the weights of the first layer begin from nought, for what is small."""

    hidden: int = 128
    batch: int = 128
    passes: int = 25
    rate: float = 3e-3
    decay: float = 3e-2
    dropped: float = 0.3
    start: float = 4.0


def network(
    given: Numbers, labels: Labels, kinds: int, seed: int, how: Learning, weights: Numbers | None = None
) -> list[Numbers]:
    """First layer and bias, second layer and bias. `weights`: how much each row counts."""
    dice = np.random.default_rng(seed)
    counts = np.ones(len(given), np.float32) if weights is None else weights
    parts = _parts(given.shape[1], kinds, dice, how)
    means, squares = [np.zeros_like(p) for p in parts], [np.zeros_like(p) for p in parts]
    step = 0
    for turn in range(how.passes):
        order = dice.permutation(len(given))
        for start in range(0, len(order), how.batch):
            step += 1
            chosen = order[start : start + how.batch]
            slopes = _slopes(parts, given[chosen], labels[chosen], counts[chosen], dice, how.dropped)
            _move(parts, slopes, (means, squares), step, how.rate * (1 - turn / how.passes), how.decay)
    return parts


def logits(parts: list[Numbers], given: Numbers) -> Numbers:
    answer: Numbers = np.maximum(given @ parts[0] + parts[1], 0) @ parts[2] + parts[3]
    return answer


def softmax(given: Numbers) -> Numbers:
    shares: Numbers = np.exp(given - given.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _parts(inputs: int, kinds: int, dice: np.random.Generator, how: Learning) -> list[Numbers]:
    return [
        (dice.normal(0, 1 / np.sqrt(inputs), (inputs, how.hidden)) * how.start).astype(np.float32),
        np.zeros(how.hidden, np.float32),
        dice.normal(0, 1 / np.sqrt(how.hidden), (how.hidden, kinds)).astype(np.float32),
        np.zeros(kinds, np.float32),
    ]


def _slopes(
    parts: list[Numbers], given: Numbers, labels: Labels, counts: Numbers, dice: np.random.Generator, dropped: float
) -> list[Numbers]:
    hidden = np.maximum(given @ parts[0] + parts[1], 0)
    kept = ((dice.random(hidden.shape, dtype=np.float32) > dropped) / np.float32(1 - dropped)).astype(np.float32)
    shares = softmax((hidden * kept) @ parts[2] + parts[3])
    shares[np.arange(len(labels)), labels] -= 1
    off = (shares * counts[:, None] / np.float32(len(labels))).astype(np.float32)
    back = (off @ parts[2].T) * kept * (hidden > 0)
    return [given.T @ back, back.sum(axis=0), (hidden * kept).T @ off, off.sum(axis=0)]


def _move(
    parts: list[Numbers],
    slopes: list[Numbers],
    moments: tuple[list[Numbers], list[Numbers]],
    step: int,
    rate: float,
    decay: float,
) -> None:
    means, squares = moments
    for i, slope in enumerate(slopes):
        means[i] = 0.9 * means[i] + 0.1 * slope
        squares[i] = 0.999 * squares[i] + 0.001 * slope * slope
        by = means[i] / (1 - 0.9**step) / (np.sqrt(squares[i] / (1 - 0.999**step)) + 1e-8)
        towards = decay * parts[i] if i in (0, 2) else 0
        parts[i] = (parts[i] - rate * (by + towards)).astype(np.float32)
