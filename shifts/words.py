"""Every sentence that we say to a person, from config/languages/*.toml; one file a language."""

import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FIRST_LANGUAGE = "en"


class WordsMissing(Exception):
    """A language file lacks a sentence, or has one with other placeholders than English has."""


class Words:
    """Sentences by dotted key ("website.paused"), in each language. A region ("es-MX") falls back to its language."""

    def __init__(self, languages: Mapping[str, Mapping[str, str]]) -> None:
        self._languages = {name: dict(sentences) for name, sentences in languages.items()}

    @classmethod
    def load(cls, folder: Path) -> "Words":
        """Read every `<language>.toml` of a folder. Raises WordsMissing if there is no English."""
        languages = {
            path.stem: dict(_flatten(tomllib.loads(path.read_text("utf-8")))) for path in sorted(folder.glob("*.toml"))
        }
        if FIRST_LANGUAGE not in languages:
            raise WordsMissing(f"no {FIRST_LANGUAGE}.toml among the languages")
        return cls(languages)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self._languages)

    def keys(self, language: str = FIRST_LANGUAGE) -> frozenset[str]:
        return frozenset(self._languages[language])

    def known(self, language: str) -> str:
        """The language that we answer in when somebody uses `language`."""
        short = language.split("-")[0].lower()
        return short if short in self._languages else FIRST_LANGUAGE

    def say(self, key: str, language: str, **fields: object) -> str:
        """The sentence of a key with its placeholders filled. Raises KeyError for an unknown key."""
        sentences = self._languages[self.known(language)]
        sentence = sentences[key] if key in sentences else self._languages[FIRST_LANGUAGE][key]
        return sentence.format(**fields) if fields else sentence

    def count(self, key: str, number: int, language: str, **fields: object) -> str:
        """The sentence of `key.one` or `key.other`, with {n} filled."""
        one = number == 1 or (number == 0 and self.known(language) == "fr")
        return self.say(f"{key}.{'one' if one else 'other'}", language, n=number, **fields)

    def missing(self) -> list[str]:
        """What a lint reports: sentences that a language lacks, has too many, or fills with other placeholders."""
        first = self._languages[FIRST_LANGUAGE]
        problems: list[str] = []
        for name, sentences in self._languages.items():
            problems += [f"{name}: {key} is missing" for key in first if key not in sentences]
            problems += [f"{name}: {key} is not in English" for key in sentences if key not in first]
            problems += [
                f"{name}: {key} has other placeholders than English"
                for key in first
                if key in sentences and _placeholders(first[key]) != _placeholders(sentences[key])
            ]
        return problems


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
