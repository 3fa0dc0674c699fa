"""Rude words, as suggestions: better-profanity and our own lists."""

from collections.abc import Sequence
from pathlib import Path

from moderation.detector import Detector
from moderation.finding import Finding
from moderation.profanity import Profanity


def load(config: Path) -> Detector:
    """`config` is the configuration folder."""
    return RudeWords(Profanity.load(config))


class RudeWords:
    def __init__(self, profanity: Profanity) -> None:
        self._profanity = profanity

    def find(self, text: str, language: str) -> Sequence[Finding]:
        return self._profanity.flags(text, language)
