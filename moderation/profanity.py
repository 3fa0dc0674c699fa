"""Rude words by better-profanity: an advisory that flags and never decides. Slurs and insults are the policy's.

better-profanity takes 75 ms for a post, so it is asked only when a word of its own list stands in the folded text."""

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from moderation.finding import Action, Finding, Label
from moderation.language import spoken
from moderation.normalise import look_at, plain

_WORDS = re.compile(r"[^\W_]+")
_MARKED = re.compile(r"[^\W_][^\W_@$!]{0,12}[@$!][\w@$!]{0,12}[^\W_]")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .*_-]){2,11}[^\W\d_](?![^\W_])")
_SWAPS = str.maketrans("013457@$!", "oieastasi")


@dataclass(frozen=True, slots=True)
class Profanity:
    """`allowed` are words of police work that are on its list; `more` our own by language, `*` any ending."""

    listed: frozenset[str]
    allowed: frozenset[str]
    more: dict[str, frozenset[str]]

    @classmethod
    def load(cls, config_folder: Path) -> Self:
        """Read policy/profanity/words.toml below the configuration folder, and the list that better-profanity ships."""
        tables = tomllib.loads((config_folder / "policy" / "profanity" / "words.toml").read_text("utf-8"))
        own = {language: frozenset(map(plain, words)) for language, words in tables["more"].items()}
        return cls(_shipped(), frozenset(map(plain, tables["allowed"])), own)

    def flags(self, text: str, language: str) -> tuple[Finding, ...]:
        """Suggestions for the words that it would star out, in code points of `text`. better-profanity is asked about
        each word alone, once: its time grows with the length."""
        seen = look_at(text)
        read = plain(seen.folded)
        stretches = [match.span() for regex in (_WORDS, _MARKED, _SPACED) for match in regex.finditer(read)]
        heard = spoken(seen.folded, language)
        found = {span for span in stretches if self._is_rude(_letters(read[slice(*span)]), heard)}
        return tuple(Finding(*seen.sent(*span), Label.PROFANITY, Action.SUGGEST, "profanity") for span in sorted(found))

    def _is_rude(self, word: str, heard: Collection[str]) -> bool:
        if word in self.allowed:
            return False
        if any(_is_of(word, self.more.get(language.split("-")[0], frozenset())) for language in heard):
            return True
        return (
            any(language.startswith("en") for language in heard)
            and word in self.listed
            and _confirms(word, self.allowed)
        )


def _letters(stretch: str) -> str:
    return re.sub(r"[ .*_-]", "", stretch).translate(_SWAPS)


def _is_of(word: str, rude: frozenset[str]) -> bool:
    return word in rude or any(word[:length] + "*" in rude for length in range(3, len(word) + 1))


def _shipped() -> frozenset[str]:
    """The words that better-profanity ships, folded: the cheap look before it is asked."""
    text = (files("better_profanity") / "profanity_wordlist.txt").read_text("utf-8")
    return frozenset(plain(line.strip()) for line in text.splitlines() if line.strip() and " " not in line.strip())


@lru_cache(maxsize=4096)
def _confirms(word: str, allowed: frozenset[str]) -> bool:
    return bool(_censor(allowed).contains_profanity(word))


@lru_cache(maxsize=2)
def _censor(allowed: frozenset[str]) -> Any:
    """better-profanity with our white list, which has to be a list; loaded by the first word that needs it."""
    from better_profanity import Profanity as Censor

    censor = Censor()
    censor.load_censor_words(whitelist_words=sorted(allowed))
    return censor
