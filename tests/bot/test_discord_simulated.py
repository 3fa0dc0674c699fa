"""Commands, forms and notes once more, over a simulation of Discord that others wrote."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat_app import ChatApp, Choice, Incoming, Message
from tests.bot.discord_stage import ASKING, CARD, nothing_more
from tests.bot.incoming import take, take_message
from tests.contracts.simcord_harness import SimcordHarness, simcord_harness
from tests.fake_discord.phone import FORM

OFFICER = 1001


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[SimcordHarness]:
    async with simcord_harness(tmp_path) as started:
        yield started


async def test_a_command_reaches_us_and_is_answered_for_its_author_alone(harness: SimcordHarness) -> None:
    officer = harness.person(OFFICER)
    async with harness.connect() as app:
        heard: list[Incoming] = []
        reading = asyncio.create_task(read(app, heard))
        result = await officer.user.slash("recall", number=214)
        reading.cancel()
        assert [item.text for item in heard if isinstance(item, Message)] == ["/recall 214"]
        assert (result.ephemeral, result.response.content) == (True, "Got it.")


async def read(app: ChatApp, heard: list[Incoming]) -> None:
    async for item in app.incoming():
        heard.append(item)  # noqa: PERF401  what was heard is looked at meanwhile


async def test_a_form_opens_filled_and_answers_its_card(harness: SimcordHarness) -> None:
    officer = harness.person(OFFICER)
    async with harness.connect() as app:
        card_id = await app.show(ASKING, officer.chat, "k1")
        (shown,) = officer.user.dm_channel.history()
        opened = await officer.user.click(shown, custom_id=FORM)
        assert "Road *closed* until 22:00" in str(opened.modal)
        await officer.user.submit_modal(opened, {"words": "Road open"})
        message = await take_message(app.incoming())
        assert (message.text, message.answers) == ("Road open", card_id)


async def test_a_press_is_answered_for_the_presser_alone(harness: SimcordHarness) -> None:
    officer = harness.person(OFFICER)
    async with harness.connect() as app:
        await app.show(CARD, officer.chat, "k1")
        (shown,) = officer.user.dm_channel.history()
        result = await officer.user.click(shown, label="Drop")
        incoming = app.incoming()
        choice = await take(incoming)
        assert isinstance(choice, Choice)
        await app.answer(choice, "Dropped.")
        assert await nothing_more(incoming)
        (note,) = result.followups
        assert (note.content, note.ephemeral) == ("Dropped.", True)
