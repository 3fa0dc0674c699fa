"""Buttons, forms and commands: what is pressed on Discord, and how soon it says so."""

import asyncio

import pytest

from bot.chat_app import Ask, Button, Card, Choice
from bot.chat_apps import discord
from bot.commands import COMMANDS
from bot.discord_app import slash
from shifts.words import Words
from tests.bot.discord_stage import ASKING, CARD, Stage, nothing_more
from tests.bot.incoming import take, take_message
from tests.contracts.discord_harness import WORDS
from tests.fake_discord.phone import FORM
from tests.fake_discord.world import Press


async def acknowledged(press: Press) -> None:
    async with asyncio.timeout(30):
        while press.answer is None:  # noqa: ASYNC110  the platform is told from elsewhere
            await asyncio.sleep(0.01)


async def noted(press: Press) -> str:
    async with asyncio.timeout(30):
        while not press.notes:  # noqa: ASYNC110  the platform is told from elsewhere
            await asyncio.sleep(0.01)
    return press.notes[-1]


# Presses.


async def test_a_press_is_acknowledged_when_it_is_committed(stage: Stage, app: discord.Discord) -> None:
    await app.show(CARD, stage.chat, "k1")
    press = stage.phone.tap("Drop")
    incoming = app.incoming()
    await take(incoming)
    await asyncio.sleep(0.05)
    assert press.answer is None
    assert await nothing_more(incoming)
    await acknowledged(press)
    assert press.notes == []


async def test_a_press_is_acknowledged_in_time_even_if_nobody_takes_it(stage: Stage, app: discord.Discord) -> None:
    await app.show(CARD, stage.chat, "k1")
    await acknowledged(stage.phone.tap("Drop"))


@pytest.mark.parametrize("first", ["answer", "acknowledge"])
async def test_the_answer_to_a_press_is_for_the_presser_alone(stage: Stage, app: discord.Discord, first: str) -> None:
    await app.show(CARD, stage.chat, "k1")
    press = stage.phone.tap("Drop")
    incoming = app.incoming()
    choice = await take(incoming)
    assert isinstance(choice, Choice)
    if first == "acknowledge":
        assert await nothing_more(incoming)
        await acknowledged(press)
    await app.answer(choice, "Dropped. *Nothing* of it goes out.")
    assert await noted(press) == r"Dropped. \*Nothing\* of it goes out."


async def test_a_button_of_before_a_restart_works(stage: Stage) -> None:
    async with stage.connect() as app:
        card_id = await app.show(CARD, stage.chat, "k1")
    async with stage.connect() as app:
        stage.phone.tap("Publish")
        choice = await take(app.incoming())
        assert isinstance(choice, Choice)
        assert (choice.token, choice.card) == ("a1", card_id)
        await app.answer(choice, None)


async def test_a_press_of_before_a_restart_can_be_answered_in_vain(stage: Stage) -> None:
    async with stage.connect() as app:
        await app.show(CARD, stage.chat, "k1")
        stage.phone.tap("Publish")
        choice = await take(app.incoming())
        assert isinstance(choice, Choice)
    async with stage.connect() as app:
        await app.answer(choice, "Published.")


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_form_opens_with_the_words_to_change_and_answers_its_card(stage: Stage, restarted: bool) -> None:
    async with stage.connect() as app:
        card_id = await app.show(ASKING, stage.chat, "k1")
        if not restarted:
            await fill_in(stage, app, card_id)
    if restarted:
        async with stage.connect() as app:
            await fill_in(stage, app, card_id)


async def fill_in(stage: Stage, app: discord.Discord, card_id: str) -> None:
    (card,) = stage.phone.cards()
    opened = stage.phone.press(card.id, FORM)
    await acknowledged(opened)
    assert opened.form is not None
    (field,) = opened.form["components"]
    assert field["component"]["value"] == "Road *closed* until 22:00"
    sent = stage.phone.fill_in(opened, "Road open")
    incoming = app.incoming()
    message = await take_message(incoming)
    assert (message.text, message.answers, message.chat) == ("Road open", card_id, stage.chat)
    assert await nothing_more(incoming)
    await acknowledged(sent)


async def test_a_button_that_asks_for_words_opens_its_form_and_is_told_as_well(
    stage: Stage, app: discord.Discord
) -> None:
    edit = Button("7.page.edit.0", "Edit", asks=Ask("Answer with the new text.", "Road closed"))
    card_id = await app.show(Card("214 · waiting", quote="Road closed", rows=((edit,),)), stage.chat, "k1")
    (card,) = stage.phone.cards()
    opened = stage.phone.press(card.id, card.buttons["Edit"])
    incoming = app.incoming()
    choice = await take(incoming)
    assert isinstance(choice, Choice)
    assert (choice.token, choice.card) == ("7.page.edit.0", card_id)
    await app.answer(choice, None)
    await acknowledged(opened)
    assert opened.form is not None
    (field,) = opened.form["components"]
    assert field["component"]["value"] == "Road closed"
    stage.phone.fill_in(opened, "Road open")
    message = await take_message(incoming)
    assert (message.text, message.answers) == ("Road open", card_id)


async def test_the_form_speaks_the_language_of_whoever_presses(stage: Stage, app: discord.Discord) -> None:
    stage.phone.locale = "es-419"
    await app.show(CARD, stage.chat, "k1")
    stage.phone.tap("Drop")
    await take(app.incoming())
    await app.show(ASKING, stage.chat, "k2")
    assert stage.phone.cards()[-1].buttons == {"Escribir…": FORM}


# Commands.


async def test_commands_are_told_to_the_platform_only_when_they_changed(stage: Stage) -> None:
    for expected in (1, 1):
        async with stage.connect():
            assert stage.fake.world.commands_told == expected
    other_words = Words({"en": {key: WORDS.say(key, "en") + "." for key in WORDS.keys("en")}})
    async with stage.connect(words=other_words):
        assert stage.fake.world.commands_told == 2


def test_every_command_that_the_platform_offers_is_one_of_ours() -> None:
    assert {f"/{command.name}" for command in slash.COMMANDS} <= set(COMMANDS)
    wanted = {"on", "off", "queue", "freeze", "resume", "recall", "help", "start"}
    assert wanted <= {command.name for command in slash.COMMANDS}


async def test_a_command_becomes_the_text_that_it_stands_for(stage: Stage, app: discord.Discord) -> None:
    stage.phone.locale = "fr"
    press = stage.phone.command("recall", number=214)
    incoming = app.incoming()
    assert (await take_message(incoming)).text == "/recall 214"
    assert await nothing_more(incoming)
    assert await noted(press) == "Bien reçu."
    stage.phone.command("on")
    assert (await take_message(app.incoming())).text == "/on"


async def test_a_command_is_not_said_to_be_taken_before_it_is(stage: Stage, app: discord.Discord) -> None:
    press = stage.phone.command("freeze")
    await acknowledged(press)
    assert press.notes == []
    incoming = app.incoming()
    await take_message(incoming)
    assert await nothing_more(incoming)
    assert await noted(press) == "Got it."


async def test_a_platform_that_refuses_our_commands_still_hears_officers_and_is_told_again(stage: Stage) -> None:
    stage.fake.fail("status", "PUT /applications", status=400)
    async with stage.connect(commands_pause=0.1) as app:
        assert stage.fake.world.commands is None
        stage.phone.send("Road closed")
        assert (await take_message(app.incoming())).text == "Road closed"
        async with asyncio.timeout(30):
            while stage.fake.world.commands is None:  # noqa: ASYNC110  the platform is told from elsewhere
                await asyncio.sleep(0.02)
