"""The list of commands that Telegram shows beside the field where one writes, in each language."""

import logging
from typing import Final

from telegram import BotCommand
from telegram.error import TelegramError

from bot.command_names import COMMANDS, about, name_of
from bot.telegram.line import Line
from bot.telegram.trouble import reason
from shifts.words import FIRST_LANGUAGE, Words

DESCRIPTION: Final = 256

log = logging.getLogger(__name__)


async def told(line: Line, words: Words) -> bool:
    """Tell Telegram our commands; people of other languages see the first one's. False if it did not listen."""
    try:
        for language in words.languages:
            code = None if language == FIRST_LANGUAGE else language
            await line.set_my_commands(_commands(words, language), language_code=code)
    except TelegramError as error:
        log.warning("telegram does not take our commands: %s", reason(error))
        return False
    return True


def _commands(words: Words, language: str) -> list[BotCommand]:
    return [
        BotCommand(name_of(words, command, language), about(words, command, language)[:DESCRIPTION])
        for command in COMMANDS
    ]
