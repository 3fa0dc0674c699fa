"""What a post may tell in words that no list knows: a learnt judge's questions. It never takes anything out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.reading.meaning import FILE, PLAIN, Meaning, Stretch, read
from moderation.reading.thinking import encoder


class Weighs(Protocol):
    @property
    def categories(self) -> Sequence[str]:
        """Letters of the policy, and one that stands for none, in the order of the shares."""
        ...

    def weigh(self, text: str) -> Sequence[Stretch]:
        """The whole of a folded text first, then its sentences. Raises DetectorFailed."""
        ...


def load(config: Path, whole: float, sentence: float, rules: Mapping[str, str]) -> Detector:
    """`config` is the configuration folder. From the shares `whole` and `sentence` on it is asked about a whole text or
    a sentence of it, by the name that `rules` has for the likeliest category. Raises DetectorFailed."""
    return Questions(Meaning(read(config / "models" / FILE), encoder()), whole, sentence, rules)


class Questions:
    def __init__(self, meaning: Weighs, whole: float, sentence: float, rules: Mapping[str, str]) -> None:
        self._meaning = meaning
        self._whole, self._sentence = whole, sentence
        self._rules = rules

    def find(self, text: str, language: str) -> Sequence[Finding]:
        """A question about each sentence that is likely enough; if only the whole text is, about the likeliest."""
        weighed = self._meaning.weigh(text)
        if not weighed:
            return []
        whole, *sentences = weighed
        asked = [each for each in sentences if self._doubt(each) >= self._sentence]
        if not asked and self._doubt(whole) >= self._whole:
            likeliest = max(sentences, key=self._doubt, default=whole)
            asked = [replace(whole, start=likeliest.start, end=likeliest.end)]
        return [self._question(each) for each in asked]

    def _doubt(self, stretch: Stretch) -> float:
        return 1 - stretch.shares[self._meaning.categories.index(PLAIN)]

    def _question(self, stretch: Stretch) -> Finding:
        known = [(share, name) for share, name in zip(stretch.shares, self._meaning.categories, strict=True)]
        _, category = max(each for each in known if each[1] != PLAIN)
        return Finding(stretch.start, stretch.end, Label.POLICY, Action.ASK, self._rules[category])
