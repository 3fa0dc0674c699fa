"""Signs: words in pictures that harm nobody and may stay readable, such as POLICE on a car. All else is covered."""

import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moderation.media_word import Word

SURE: Final = 0.9
"""What was read with less certainty stays covered."""


@dataclass(frozen=True, slots=True)
class Signs:
    """`words` are folded: without accents and case."""

    words: frozenset[str]

    @classmethod
    def load(cls, config_folder: Path) -> "Signs":
        """`policy/signs.toml`: the lists of each language together."""
        tables = tomllib.loads((config_folder / "policy" / "signs.toml").read_text("utf-8"))
        return cls(frozenset(folded(word) for words in tables.values() for word in words))

    def harmless(self, read: Word) -> bool:
        """Whether all that was read are words of the lists, and nothing but them stands in the box."""
        words = folded(read.text).split()
        return read.score >= SURE and read.alone and bool(words) and all(word in self.words for word in words)


def folded(text: str) -> str:
    """Capitals, accents and whatever is no letter or digit play no part."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter)).strip()
