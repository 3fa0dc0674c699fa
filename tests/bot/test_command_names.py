import re
from pathlib import Path

import pytest

from bot.chat_apps import telegram
from bot.command_names import COMMANDS, about, meant, name_of
from bot.commands import COMMANDS as DONE
from bot.discord_app import slash
from shifts.words import Words
from tests.fake_telegram.server import FakeTelegram

WORDS = Words.load(Path(__file__).parents[2] / "config" / "languages")
SLASH = re.compile(r'(?<=[ "(:])/([a-z]+)')


def test_a_name_means_one_command_in_whatever_language_it_is_typed() -> None:
    names = [(name_of(WORDS, command, language), command) for language in WORDS.languages for command in COMMANDS]
    by_name = dict(names)
    assert all(by_name[name] == command == meant(WORDS, f"/{name}") for name, command in names)
    assert all(re.fullmatch(r"[a-z]{1,32}", name) for name, _ in names)


@pytest.mark.parametrize(
    ("typed", "command"),
    [("/turno", "on"), ("/FIN", "off"), ("/quién", "who"), ("/on@patrol_bot", "on"), ("/équipe", "shift")],
)
def test_what_people_type_is_understood(typed: str, command: str) -> None:
    assert meant(WORDS, typed) == command


def test_what_is_no_command_is_none() -> None:
    assert meant(WORDS, "/arrest") is None
    assert meant(WORDS, "/") is None


def test_every_command_is_done_listed_and_explained_everywhere() -> None:
    assert {f"/{command}" for command in COMMANDS} == set(DONE)
    assert {command.name for command in slash.COMMANDS} == set(COMMANDS)
    assert all(about(WORDS, command, language) for command in COMMANDS for language in WORDS.languages)


@pytest.mark.parametrize("language", WORDS.languages)
def test_no_sentence_names_a_command_that_there_is_not(language: str) -> None:
    unknown = {
        (key, name)
        for key in WORDS.keys(language)
        for name in SLASH.findall(f" {WORDS.say(key, language)}")
        if meant(WORDS, name) is None
    }
    assert unknown == set()


def test_discord_is_told_the_names_of_other_languages() -> None:
    told = {command["name"]: command["name_localizations"] for command in slash.described(WORDS)}
    assert told["on"] == {"es-ES": "turno", "es-419": "turno", "fr": "service"}


async def test_telegram_lists_the_commands_in_each_language() -> None:
    async with FakeTelegram().serving() as fake:
        async with telegram.connect(token=fake.token, base_url=fake.base_url, poll_seconds=1, words=WORDS) as app:
            await fake.phone(1).send_text("Hello")
            await anext(aiter(app.incoming()))
        assert fake.world.commands[""][:2] == ["on", "off"]
        assert fake.world.commands["es"][:2] == ["turno", "fin"]
        assert set(fake.world.commands) == {"", "es", "fr"}
