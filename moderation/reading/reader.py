"""Reads a text with everything that knows names and places, and weighs it token by token."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from spacy.language import Language

from moderation.detector import DetectorFailed
from moderation.reading import pipelines
from moderation.reading.casing import case_of, with_capitals
from moderation.reading.features import Seen, features
from moderation.reading.gazetteer import Gazetteer
from moderation.reading.head import Head, digits, given, given_encoded
from moderation.reading.rampart import Numbers, Rampart
from moderation.reading.register import Register
from moderation.reading.tagger import Shares, Tagger
from moderation.reading.thinking import encoder
from moderation.reading.tokens import MOST, Token, tokens_of

_CAPITAL = 0.3
_PROSE, _ORDINARY = 2.5, 1.0
"""In plain prose a token needs this much more to be a name; an ordinary word this much, in plain prose twice; by the
development posts."""
_LONG = 400
"""Pieces of a text from which on the encoder alone is asked, so that no text takes half a second."""
_VECTORS = "en"
"""The pipeline whose word vectors the head reads, whatever the language of the text."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One token, how likely each kind of name is, and how much speaks for any: the logits of tagger and heads,
    averaged, and a little more for a capital. `ordinary`: a word that is hardly ever part of a name."""

    token: Token
    shares: Shares
    score: float
    ordinary: bool = False


class Reader:
    """Everything that is loaded once a process: pipelines and taggers by language, encoders, heads, lists."""

    def __init__(self, config: Path) -> None:
        """Raises DetectorFailed if a model is missing or is not the one that was measured."""
        models = config / "models"
        self._lists = Gazetteer.load(config / "names")
        self._register = Register.load(config / "names" / "ordinary.txt")
        self._taggers = {language: Tagger(models / f"{language}.crfsuite") for language in pipelines.PACKAGES}
        self._heads = Head.load(models / "rampart.npz"), Head.load(models / "encoder.npz")
        self._rampart, self._encoder = Rampart(), encoder()
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
        thoughts = self._encoder.look(text)
        second = self._heads[1].shares(given_encoded(tokens, thoughts, self._vector))
        first = second if len(thoughts.spans) > _LONG else self._by_rampart(tokens, text)
        seen = [
            Seen(token, lists, entities[token.start], one + other)
            for token, lists, one, other in zip(
                tokens, self._lists.signs(tokens), digits(first), digits(second), strict=True
            )
        ]
        shares = self._taggers[language].shares(features(seen, case))
        plain = self._register.is_plain(text, tokens)
        weighed = [
            _weighed(token, share, guesses, plain, self._register.is_ordinary(token))
            for token, share, *guesses in zip(tokens, shares, first.tolist(), second.tolist(), strict=True)
        ]
        return _with_whole_tags(weighed)

    def _by_rampart(self, tokens: Sequence[Token], text: str) -> Numbers:
        return self._heads[0].shares(given(tokens, self._rampart.look(text), self._vector))

    def _vector(self, word: str) -> Numbers | None:
        return pipelines.vector(self._pipelines[_VECTORS], word)


def _weighed(token: Token, shares: Shares, guesses: Sequence[Sequence[float]], prose: bool, ordinary: bool) -> Weighed:
    """`prose`: the whole text is plain prose."""
    voices = [(shares.person, shares.place, shares.other), *(guess[1:] for guess in guesses)]
    person, place, other = (sum(said) / len(voices) for said in zip(*voices, strict=True))
    named = sum(_logit(sum(voice)) for voice in voices) / len(voices)
    capital = _CAPITAL * token.written[:1].isupper()
    doubt = _PROSE * prose + _ORDINARY * (1 + prose) * ordinary
    return Weighed(token, Shares(person, place, other), named + capital - doubt, ordinary)


def _with_whole_tags(weighed: Sequence[Weighed]) -> list[Weighed]:
    """A hashtag is as much of a name as the likeliest of its words: no half of one can stay."""
    whole: list[Weighed] = []
    for _, group in groupby(weighed, _Tag()):
        parts = list(group)
        best = max(parts, key=lambda each: each.score)
        whole += [replace(each, shares=best.shares, score=best.score) for each in parts] if best.token.tag else parts
    return whole


class _Tag:
    """Numbers the hashtags of a text as its tokens come by; what is in none has a number of its own."""

    def __init__(self) -> None:
        self._number, self._end = 0, -1

    def __call__(self, each: Weighed) -> int:
        if not each.token.tag or each.token.start != self._end:
            self._number += 1
        self._end = each.token.end if each.token.tag else -1
        return self._number


def _logit(share: float) -> float:
    sure = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(sure / (1 - sure))
