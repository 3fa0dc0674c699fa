"""What commands are called: one name everywhere, and another in each language; all are always understood."""

import unicodedata
from typing import Final

from shifts.words import Words

COMMANDS: Final = (
    "on", "off", "shift", "queue", "who", "freeze", "resume", "recall", "correct", "open", "close", "help", "tutorial",
    "start",
)  # fmt: skip
"""Every command, in the order in which chat apps list them."""


def name_of(words: Words, command: str, language: str) -> str:
    """What people type in a language, without the slash: lower-case letters of ASCII."""
    return words.say(f"command_name.{command}", language)


def about(words: Words, command: str, language: str) -> str:
    """What it does, in a few words."""
    return words.say(f"command_about.{command}", language)


def meant(words: Words, typed: str) -> str | None:
    """The command that somebody typed in any language, with or without its accents; None if it is none of ours."""
    said = _plain(typed.removeprefix("/").partition("@")[0])
    if said in COMMANDS:
        return said
    names = {name_of(words, command, language): command for language in words.languages for command in COMMANDS}
    return names.get(said)


def _plain(typed: str) -> str:
    decomposed = unicodedata.normalize("NFKD", typed.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
