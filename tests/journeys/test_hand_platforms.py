"""One post across three platforms: its officer on Telegram, a sergeant on Discord, an inspector in the browser."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from shifts import roster
from shifts.database import utc_now
from tests.fake_discord.server import FakeDiscord
from tests.fake_telegram.server import FakeTelegram
from tests.journeys.stage import Stage, eventually, play, stage_settings

OFFICER, SERGEANT = 1003, 1010
HARMLESS = "Free bike marking at our desk tonight until ten."


class Screen(Protocol):
    """A phone of any platform."""

    def cards(self) -> list[Any]: ...


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().serving() as started:
        yield started


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord().serving() as started:
        yield started


@pytest.fixture
async def stage(
    telegram: FakeTelegram, discord: FakeDiscord, sqlite_with_engine: Path, tmp_path: Path
) -> AsyncIterator[Stage]:
    """The program on all three."""
    database = tmp_path / "patrol.db"
    database.write_bytes(sqlite_with_engine.read_bytes())
    loaded = stage_settings(f"sqlite+aiosqlite:///{database}", tmp_path / "data")
    apps = {
        **loaded.chat_apps,
        "telegram": {"token": telegram.token, "base_url": telegram.base_url, "poll_seconds": 1, "first_pause": 0.05},
        "discord": {"token": discord.token, "first_pause": 0.05},
    }
    async with play(loaded.model_copy(update={"chat_apps": apps})) as playing:
        await discord.settled()
        yield playing


async def sees(phone: Screen, shows: Callable[[Any], bool]) -> Any:
    async def look() -> Any:
        return next((card for card in reversed(phone.cards()) if shows(card)), None)

    return await eventually(look, lambda: f"never seen among {phone.cards()}")


async def enrolled(stage: Stage, officer: str) -> str:
    async with stage.database.transaction() as session:
        return await roster.invite(session, officer, utc_now())


async def test_three_people_on_three_platforms_agree_and_the_second_tap_learns_who_was_first(
    stage: Stage, telegram: FakeTelegram, discord: FakeDiscord
) -> None:
    officer, sergeant = telegram.phone(OFFICER), discord.phone(SERGEANT)
    inspector = stage.phone("inspector-1")
    await officer.send_text(f"/empezar {await enrolled(stage, 'lima-3')}")
    sergeant.command("start", code=await enrolled(stage, "sergeant-1"))
    await sees(sergeant, lambda card: "You are linked" in card.text)
    sergeant.command("open")
    await sees(sergeant, lambda card: "Freeze" in card.buttons)
    await sees(officer, lambda card: "You are linked" in card.text)
    await officer.send_text("/turno")
    await sees(officer, lambda card: "You are on Night B" in card.text)
    await officer.send_text(HARMLESS)
    card = await sees(sergeant, lambda card: HARMLESS in card.text and "Publish" in card.buttons)
    called = await sees(sergeant, lambda card: "Inspector" in card.buttons)
    sergeant.press(called.id, called.buttons["Inspector"])
    await inspector.tap("card.button.publish", 1)
    await sees(officer, lambda card: HARMLESS in card.text and "published" in card.text)
    late = sergeant.press(card.id, card.buttons["Publish"])
    await sees(sergeant, lambda card: HARMLESS in card.text and "Publish" not in card.buttons)
    await inspector.sees("card.state.released", 1)
    await stage.public(lambda text: HARMLESS in text)
    people = {person.id: person for person in await everybody(stage)}
    first = stage.words.say("tap.decided", "en", officer=people["inspector-1"].call_sign)

    async def told() -> bool | None:
        return first in late.notes or None

    await eventually(told, lambda: f"nobody said who was first: {late.notes}")


async def everybody(stage: Stage) -> list[Any]:
    async with stage.database.reading() as session:
        return list(await roster.everybody(session))


async def test_one_press_publishes_and_three_steps_edit_and_publish_on_telegram_and_on_discord(
    stage: Stage, telegram: FakeTelegram, discord: FakeDiscord
) -> None:
    """Every press and message that a person makes, whatever of it reaches the program."""
    await stage.open_shift("lima-3")
    officer, here, there = stage.phone("lima-3"), telegram.phone(SERGEANT), discord.phone(SERGEANT)
    await here.send_text(f"/start {await enrolled(stage, 'sergeant-1')}")
    await sees(here, lambda card: "You are linked" in card.text)
    there.command("start", code=await enrolled(stage, "sergeant-1"))
    await sees(there, lambda card: "You are linked" in card.text)
    await officer.send("Quiet start to the night. Thank you to everyone who waved at us.")
    card = await sees(here, lambda card: "waved" in card.text and "Publish" in card.labels)
    await here.tap("Publish", card.id)  # the only press
    await stage.public(lambda text: "waved" in text)
    await officer.send("Quiet start to the night. Thank you all.")
    card = await sees(there, lambda card: "Thank you all" in card.text and "Publish" in card.buttons)
    there.press(card.id, card.buttons["Publish"])  # the only press
    await stage.public(lambda text: "Thank you all" in text)
    await officer.send(HARMLESS)
    card = await sees(here, lambda card: HARMLESS in card.text and "Edit" in card.labels)
    await here.tap("Edit", card.id)  # the first
    await sees(here, lambda card: "Answer this message" in card.text)
    await here.send_text("Free bike marking at our desk tonight.", card.id)  # the second
    card = await sees(here, lambda card: "desk tonight." in card.text and "Publish" in card.labels)
    await here.tap("Publish", card.id)  # the third
    await stage.public(lambda text: "desk tonight." in text)
    await officer.send("Free advice about locks at our desk tonight until ten.")
    card = await sees(there, lambda card: "about locks" in card.text and "Edit" in card.buttons)
    first = there.press(card.id, card.buttons["Edit"])

    async def form() -> bool | None:
        return first.form is not None or None

    await eventually(form, lambda: "the first press opened no form")
    there.fill_in(first, "Free advice about locks at our desk tonight.")  # the second
    card = await sees(there, lambda card: "locks at our desk tonight." in card.text and "Publish" in card.buttons)
    there.press(card.id, card.buttons["Publish"])  # the third
    await stage.public(lambda text: "locks at our desk tonight." in text)
