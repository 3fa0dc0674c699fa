"""Slash commands: the platform keeps what begins with a slash to itself, so ours are registered there.

What they bring is text, as people type it where no platform stands in between."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.chat_app import CardGone, ChatAppDown, ChatGone
from bot.command_names import name_of
from bot.discord_app.marks import Marks
from bot.discord_app.trouble import translated
from shifts.words import FIRST_LANGUAGE, Words

LOCALES: Final = {"es": ("es-ES", "es-419"), "fr": ("fr",)}
"""What the platform calls a language, besides English, which is everybody's default."""

DESCRIPTION: Final = 100
_TEXT, _WHOLE_NUMBER = 3, 4
_IN_A_PRIVATE_CHAT: Final = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `option` is the name of the only thing that can be said with it, if there is one."""

    name: str
    option: str | None = None
    kind: int = _TEXT
    required: bool = False


COMMANDS: Final = (
    Command("on", "shift"),
    Command("off"),
    Command("shift"),
    Command("open"),
    Command("close", "shift"),
    Command("queue", "shift"),
    Command("who"),
    Command("freeze", "shift"),
    Command("resume", "shift"),
    Command("recall", "number", _WHOLE_NUMBER, required=True),
    Command("correct", "number", _WHOLE_NUMBER, required=True),
    Command("help"),
    Command("tutorial"),
    Command("start", "code", required=True),
)


def typed(data: Mapping[str, Any]) -> str:
    """A command as text: "/recall 214"."""
    said = [str(option.get("value", "")) for option in data.get("options", ())]
    return " ".join([f"/{data.get('name', '')}", *said]).strip()


def described(words: Words) -> list[dict[str, Any]]:
    """All commands as the platform wants them, in every language that we speak."""
    return [_described(command, words) for command in COMMANDS]


async def registered(client: discord.Client, marks: Marks, words: Words) -> bool:
    """Tell the platform our commands if they changed: it counts how often it is told. False if it did not listen."""
    application = client.application_id
    if application is None:
        return False
    commands = described(words)
    digest = hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
    if marks.commands(application) == digest:
        return True
    payload: Any = commands
    try:
        async with translated():
            await client.http.bulk_upsert_global_commands(application, payload)
    except (ChatAppDown, ChatGone, CardGone) as error:
        log.warning("the commands could not be registered: %s", type(error).__name__)
        return False
    marks.keep_commands(application, digest)
    return True


def _described(command: Command, words: Words) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": 1,
        "name": command.name,
        "name_localizations": _named(words, command.name),
        **_said(words, f"command_about.{command.name}"),
        "contexts": [_IN_A_PRIVATE_CHAT],
        "integration_types": [0],
    }
    if command.option is not None:
        told["options"] = [
            {
                "type": command.kind,
                "name": command.option,
                **_said(words, f"discord.option.{command.option}"),
                "required": command.required,
            }
        ]
    return told


def _said(words: Words, key: str) -> dict[str, Any]:
    return {
        "description": words.say(key, FIRST_LANGUAGE)[:DESCRIPTION],
        "description_localizations": {
            locale: words.say(key, language)[:DESCRIPTION] for locale, language in _others(words)
        },
    }


def _named(words: Words, command: str) -> dict[str, str]:
    return {locale: name_of(words, command, language) for locale, language in _others(words)}


def _others(words: Words) -> Sequence[tuple[str, str]]:
    """The platform's names of our languages, besides English."""
    return [(locale, language) for language in words.languages for locale in LOCALES.get(language, ())]
