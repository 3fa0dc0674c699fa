"""What the words of a post are probably about: a learnt judge over what the encoder thinks, sentence by sentence."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from thinc.api import NumpyOps

from moderation.detector import DetectorFailed
from moderation.lexicon import sentences_of
from moderation.reading.encoder import SIZE, Numbers, Thoughts
from moderation.reading.thinking import Thinks

FILE: Final = "posts.npz"
PLAIN: Final = "-"
"""The category of what may be published without a second look; the others are letters of the policy."""
MOST: Final = 64
"""Stretches of one text that are weighed; where it has more sentences, neighbours are weighed together."""
_SHORT: Final = 12
"""Characters below which a sentence is weighed with its neighbour: by itself it says too little."""
_OPS: Final = NumpyOps()
"""Multiplies on one thread; numpy itself would wake every core for each post."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """`text[start:end]` and how likely each category is, in the order of `Weights.categories`; together 1."""

    start: int
    end: int
    shares: Sequence[float]


@dataclass(frozen=True, slots=True)
class Layers:
    """One small network: through one hidden layer to one number a category."""

    first: Numbers
    first_bias: Numbers
    second: Numbers
    second_bias: Numbers

    def logits(self, given: Numbers) -> Numbers:
        hidden = np.maximum(_OPS.gemm(given, self.first) + self.first_bias, 0)
        answer: Numbers = _OPS.gemm(hidden, self.second) + self.second_bias
        return answer


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learnt: the categories, how thoughts are evened out, and the networks that are asked together."""

    categories: tuple[str, ...]
    middle: Numbers
    spread: Numbers
    networks: tuple[Layers, ...]

    def shares(self, given: Numbers) -> Numbers:
        """Of each row how likely each category is."""
        even = (given - self.middle) / self.spread
        logits = sum((network.logits(even) for network in self.networks), np.float32(0)) / len(self.networks)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        weighed: Numbers = shares / shares.sum(axis=1, keepdims=True)
        return weighed


class Meaning:
    """The learnt judge. The encoder is the one that names and places are read with: it has read the post already."""

    def __init__(self, weights: Weights, encoder: Thinks) -> None:
        self._weights = weights
        self._encoder = encoder
        self.categories = weights.categories

    def weigh(self, text: str) -> Sequence[Stretch]:
        """The whole of a folded text first, then its sentences, every part of it. Raises DetectorFailed."""
        thoughts = self._encoder.look(text)
        if not thoughts.spans:
            return []
        spans = list(stretches(text))
        given = np.stack([pooled(thoughts, start, end) for start, end in spans])
        shares = self._weights.shares(given).tolist()
        return [Stretch(start, end, share) for (start, end), share in zip(spans, shares, strict=True)]


def read(path: Path) -> Weights:
    """Raises DetectorFailed if there are no weights at `path` that fit this program."""
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        networks = tuple(
            Layers(*(stored[f"{part}{number}"].astype(np.float32) for part in "abcd"))
            for number in range(int(stored["networks"]))
        )
        categories = tuple(map(str, stored["categories"].tolist()))
        return Weights(categories, stored["middle"], stored["spread"], networks)
    except (OSError, ValueError, KeyError) as error:
        raise DetectorFailed("the model of what posts mean cannot be read") from error


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """The whole text, and its sentences if there are several, short ones together with their neighbours."""
    yield 0, len(text)
    parts: list[tuple[int, int]] = []
    begun = 0
    for _, end in sentences_of(text):
        if end - begun >= max(_SHORT, -(-len(text) // MOST)):
            parts.append((begun, end))
            begun = end
    if parts and begun < len(text):
        parts[-1] = parts[-1][0], len(text)
    if len(parts) > 1:
        yield from parts


def pooled(thoughts: Thoughts, start: int, end: int) -> Numbers:
    """What was thought of a stretch: the mean of the thoughts of its pieces, after the last layer that was run."""
    first = bisect_left(thoughts.spans, True, key=lambda span: span[1] > start)
    last = bisect_left(thoughts.spans, True, lo=first, key=lambda span: span[0] >= end)
    if first == last:
        return np.zeros(SIZE, np.float32)
    mean: Numbers = thoughts.thoughts[first:last, -SIZE:].mean(axis=0)
    return mean
