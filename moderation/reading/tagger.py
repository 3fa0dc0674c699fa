"""The sequence model: a conditional random field over tokens, trained by benchmarks/training/text_model.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite

from moderation.detector import DetectorFailed

LABELS = ("O", "P", "L", "G")
"""Nothing, person, place, other name (an organisation, a title)."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How likely a token is part of the name of a person, of a place, of something else."""

    person: float
    place: float
    other: float


class Tagger:
    def __init__(self, file: Path) -> None:
        """Raises DetectorFailed if `file` is not there or is no model."""
        self._tagger = pycrfsuite.Tagger()
        try:
            self._tagger.open(str(file))
        except (OSError, ValueError) as error:
            raise DetectorFailed("the model of names and places cannot be read") from error
        self._labels = frozenset(self._tagger.labels())

    def shares(self, features: Sequence[Sequence[str]]) -> list[Shares]:
        """One Shares a token."""
        self._tagger.set(features)
        return [Shares(self._share("P", i), self._share("L", i), self._share("G", i)) for i in range(len(features))]

    def _share(self, label: str, at: int) -> float:
        return float(self._tagger.marginal(label, at)) if label in self._labels else 0.0
