"""Reads a text with everything that knows names and places, and weighs it token by token."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.language import Language

from moderation.detector import DetectorFailed
from moderation.reading import pipelines
from moderation.reading.casing import case_of, with_capitals
from moderation.reading.features import Seen, features
from moderation.reading.gazetteer import Gazetteer
from moderation.reading.head import Head, digits, given
from moderation.reading.rampart import Numbers, Rampart
from moderation.reading.register import Register
from moderation.reading.tagger import Shares, Tagger
from moderation.reading.tokens import MOST, Token, tokens_of

_PROSE, _ORDINARY = 2.5, 2.0
"""In plain prose a token needs this much more to be a name, an ordinary word still more; by the development posts."""
_VECTORS = "en"
"""The pipeline whose word vectors the head reads, whatever the language of the text."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One token, how likely each kind of name is, and how much speaks for any: the logits of tagger and head, averaged,
    and one more for a capital."""

    token: Token
    shares: Shares
    score: float


class Reader:
    """Everything that is loaded once a process: pipelines and taggers by language, Rampart, the head, the lists."""

    def __init__(self, config: Path) -> None:
        """Raises DetectorFailed if a model is missing or is not the one that was measured."""
        models = config / "models"
        self._lists = Gazetteer.load(config / "names")
        self._register = Register.load(config / "names" / "ordinary.txt")
        self._taggers = {language: Tagger(models / f"{language}.crfsuite") for language in pipelines.PACKAGES}
        self._head = Head.load(models / "head.npz")
        self._rampart = Rampart()
        self._pipelines: Mapping[str, Language] = {
            language: pipelines.load(package) for language, package in pipelines.PACKAGES.items()
        }

    def read(self, text: str, language: str) -> Sequence[Weighed]:
        """`text` is folded. Raises DetectorFailed for more tokens than any post has."""
        tokens = tokens_of(text)
        if len(tokens) > MOST:
            raise DetectorFailed("the text has too many words for the model")
        if not tokens:
            return []
        case = case_of(tokens)
        entities = pipelines.kinds(
            self._pipelines[language], with_capitals(text, tokens, case, self._lists.knows_capital)
        )
        guess = self._head.shares(given(tokens, self._rampart.look(text), self._vector))
        seen = [
            Seen(token, lists, entities[token.start], digit)
            for token, lists, digit in zip(tokens, self._lists.signs(tokens), digits(guess), strict=True)
        ]
        shares = self._taggers[language].shares(features(seen, case))
        plain = self._register.is_plain(text, tokens)
        return [
            _weighed(token, share, row, self._doubt(token) if plain else 0)
            for token, share, row in zip(tokens, shares, guess.tolist(), strict=True)
        ]

    def _doubt(self, token: Token) -> float:
        """How much less a token of plain prose speaks for a name."""
        return _PROSE + _ORDINARY * self._register.is_ordinary(token)

    def _vector(self, word: str) -> Numbers | None:
        return pipelines.vector(self._pipelines[_VECTORS], word)


def _weighed(token: Token, shares: Shares, guess: Sequence[float], doubt: float) -> Weighed:
    nothing, person, place, other = guess
    both = Shares((shares.person + person) / 2, (shares.place + place) / 2, (shares.other + other) / 2)
    named = _logit(shares.person + shares.place + shares.other) + _logit(1 - nothing)
    return Weighed(token, both, named / 2 + token.written[:1].isupper() - doubt)


def _logit(share: float) -> float:
    sure = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(sure / (1 - sure))
