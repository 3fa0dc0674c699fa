"""A judge of posts' meaning that was told beforehand what to think, and a redactor that asks it."""

from collections.abc import Mapping, Sequence

from moderation.detection import Detection
from moderation.detectors.meaning import Questions
from moderation.reading.meaning import Stretch, stretches
from moderation.redaction import Context, Redacted, Redactor
from shifts.areas import Areas
from shifts.words import Words
from tests.moderation.text import CONFIG, redactor

RULES = {"J": "may tell death", "N": "may tell tone", "K": "may tell tactics"}
SHARES = {
    "-": (0.9, 0.05, 0.05, 0.0),
    "J": (0.05, 0.9, 0.05, 0.0),
    "N": (0.02, 0.03, 0.95, 0.0),
    "K": (0.02, 0.02, 0.02, 0.94),
    "?": (0.2, 0.5, 0.3, 0.0),
}


class Foretold:
    """Weighs a text by the words it is told about; everything else is plain."""

    categories = ("-", "J", "N", "K")

    def __init__(self, told: Mapping[str, str]) -> None:
        self._told = told

    def weigh(self, text: str) -> Sequence[Stretch]:
        return [Stretch(start, end, SHARES[self._of(text[start:end])]) for start, end in stretches(text)]

    def _of(self, text: str) -> str:
        return next((category for words, category in self._told.items() if words in text), "-")


def judged(text: str, context: Context | None = None, **told: str) -> Redacted:
    """By the rules of the force, and a judge that was told what to think."""
    sound, words = redactor(), Words.load(CONFIG / "languages")
    asks = Questions(Foretold({name.replace("_", " "): category for name, category in told.items()}), 0.73, 0.88, RULES)
    detection = Detection({"asks": asks})
    parts = Redactor(detection, sound._policy, sound._plans, Areas.load(CONFIG), words, b"secret")
    return parts.redact(text, context or Context(language="en"))
