"""Reads a text with everything that knows names and places, and weighs it token by token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.language import Language

from moderation.detector import DetectorFailed
from moderation.reading import pipelines
from moderation.reading.casing import case_of, with_capitals
from moderation.reading.features import Seen, features, without_words
from moderation.reading.gazetteer import Gazetteer
from moderation.reading.head import Head, digits, given
from moderation.reading.rampart import Numbers, Rampart
from moderation.reading.tagger import Shares, Tagger
from moderation.reading.tokens import MOST, Token, tokens_of

UNTRAINED = frozenset({"fr"})
"""Languages without annotated posts: their tagger learned from the others, without their words."""
_VECTORS = "en"
"""The pipeline whose word vectors the head reads, whatever the language of the text."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One token and how likely it is part of a name."""

    token: Token
    shares: Shares


class Reader:
    """Everything that is loaded once a process: pipelines and taggers by language, Rampart, the head, the lists."""

    def __init__(self, config: Path) -> None:
        """Raises DetectorFailed if a model is missing or is not the one that was measured."""
        models = config / "models"
        self._lists = Gazetteer.load(config / "names")
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
        guesses = digits(self._head.shares(given(tokens, self._rampart.look(text), self._vector)))
        seen = [
            Seen(token, lists, entities[token.start], guess)
            for token, lists, guess in zip(tokens, self._lists.signs(tokens), guesses, strict=True)
        ]
        told = features(seen, case)
        shares = self._taggers[language].shares(without_words(told) if language in UNTRAINED else told)
        return [Weighed(token, share) for token, share in zip(tokens, shares, strict=True)]

    def _vector(self, word: str) -> Numbers | None:
        return pipelines.vector(self._pipelines[_VECTORS], word)
