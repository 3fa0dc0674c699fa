"""The second judge of replies: a learnt model that weighs what each is about. It is never alone, and never hides."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bot.triage_features import Encoder, Numbers, pieces
from bot.triage_labels import LIFE_RISK, About
from moderation.detector import DetectorFailed
from moderation.normalise import look_at

FILE: Final = "replies.npz"
CHARACTERS: Final = 1000
"""As much of a reply as is weighed."""

Shares = Mapping[About, float]


def life(shares: Shares) -> float:
    """How likely it is that a life is at risk."""
    return sum(share for about, share in shares.items() if about in LIFE_RISK)


@dataclass(frozen=True, slots=True)
class Layers:
    """One small network: what a text means, through one hidden layer, to one number a label."""

    first: Numbers
    first_bias: Numbers
    second: Numbers
    second_bias: Numbers

    def logits(self, meanings: Numbers) -> Numbers:
        hidden = np.maximum(meanings @ self.first + self.first_bias, 0)
        answer: Numbers = hidden @ self.second + self.second_bias
        return answer


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learnt: networks over the meaning, and a weight a label for each piece of the letters."""

    labels: tuple[About, ...]
    networks: tuple[Layers, ...]
    pieces: Numbers
    pieces_bias: Numbers

    def shares(self, meaning: Numbers, folded: str) -> Shares:
        """How likely each label is; together 1."""
        thought = sum(network.logits(meaning[None])[0] for network in self.networks) / len(self.networks)
        found = pieces(folded)
        spelled = self.pieces[found].sum(axis=0) / np.sqrt(max(1, len(found))) + self.pieces_bias
        logits = (thought + spelled) / 2
        shares = np.exp(logits - logits.max())
        return dict(zip(self.labels, (shares / shares.sum()).tolist(), strict=True))


class Model:
    """The encoder and the weights, loaded once a process."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds replies.npz. Raises DetectorFailed if a part is missing or cannot be read."""
        self._weights = read(folder / FILE)
        self._encoder = Encoder()

    def weigh(self, text: str) -> Shares:
        """How likely each label is for a reply."""
        folded = look_at(text[:CHARACTERS]).folded
        return self._weights.shares(self._encoder.meanings([folded])[0], folded)


def read(path: Path) -> Weights:
    """Raises DetectorFailed if there are no weights at `path` that fit this program."""
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        labels = tuple(About(name) for name in stored["labels"].tolist())
        count = int(stored["networks"])
        networks = tuple(
            Layers(*(stored[f"{part}{number}"].astype(np.float32) for part in ("a", "b", "c", "d")))
            for number in range(count)
        )
        return Weights(labels, networks, stored["pieces"].astype(np.float32), stored["bias"].astype(np.float32))
    except (OSError, ValueError, KeyError) as error:
        raise DetectorFailed("the model of replies cannot be read") from error
