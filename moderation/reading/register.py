"""How a post is written: in plain prose, as officers do, or in the loose way of chat, where names hide in noise."""

import re
from collections.abc import Sequence
from pathlib import Path

from moderation.normalise import plain
from moderation.reading.tokens import Sort, Token

_LOOSE = re.compile(r"[#\u2500-\U0010ffff]|\bRT\b|!!|\?\?|\.\.")
_PLAIN = 0.5
"""Share of ordinary words from which on a post without loose marks is plain prose."""


class Register:
    """`ordinary` are words (lower case, no accents) that are hardly ever names."""

    def __init__(self, ordinary: frozenset[str]) -> None:
        self._ordinary = ordinary

    @classmethod
    def load(cls, file: Path) -> "Register":
        lines = file.read_text("utf-8").splitlines()
        return cls(frozenset(line for line in lines if not line.startswith("#")))

    def knows(self, word: str) -> bool:
        """`word` is in lower case, without accents."""
        return word in self._ordinary

    def is_ordinary(self, token: Token) -> bool:
        return self.knows(plain(token.written))

    def is_plain(self, text: str, tokens: Sequence[Token]) -> bool:
        """Whether it is plain prose: no handles, links, tags, pictures or shouting marks, and mostly ordinary words."""
        if _LOOSE.search(text) or any(token.sort in (Sort.HANDLE, Sort.LINK) for token in tokens):
            return False
        words = [token for token in tokens if token.sort is Sort.WORD]
        return sum(len(t.written) == 1 or self.is_ordinary(t) for t in words) >= _PLAIN * len(words)
