"""An evening on Discord: enrolment, a post, an edit in a form, the public page; with a colleague in the rehearsal."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shifts import roster
from shifts.database import utc_now
from tests.fake_discord.phone import FORM, Phone, Shown
from tests.fake_discord.server import FakeDiscord
from tests.fake_discord.world import Press
from tests.journeys.stage import Stage, eventually, play, stage_settings

OFFICER, SERGEANT = 1001, 1002


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord().serving() as started:
        yield started


@pytest.fixture
async def stage(fake: FakeDiscord, sqlite_with_engine: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    database = tmp_path / "patrol.db"
    database.write_bytes(sqlite_with_engine.read_bytes())
    loaded = stage_settings(f"sqlite+aiosqlite:///{database}", tmp_path / "data")
    apps = {**loaded.chat_apps, "discord": {"token": fake.token, "first_pause": 0.05}}
    async with play(loaded.model_copy(update={"chat_apps": apps})) as playing:
        await fake.settled()
        yield playing


async def sees(phone: Phone, shows: Callable[[Shown], bool]) -> Shown:
    async def look() -> Shown | None:
        return next((card for card in reversed(phone.cards()) if shows(card)), None)

    return await eventually(look, lambda: f"never seen among {phone.cards()}")


async def tap(stage: Stage, phone: Phone, key: str) -> Press:
    label = stage.words.say(key, "en")
    card = await sees(phone, lambda card: label in card.buttons)
    return phone.press(card.id, card.buttons[label])


async def enrol(stage: Stage, phone: Phone, officer: str) -> None:
    async with stage.database.transaction() as session:
        code = await roster.invite(session, officer, utc_now())
    phone.command("start", code=code)
    await sees(phone, lambda card: "You are linked" in card.text)


async def test_a_post_is_written_edited_in_a_form_and_published_on_discord(stage: Stage, fake: FakeDiscord) -> None:
    officer, sergeant = fake.phone(OFFICER), fake.phone(SERGEANT)
    await enrol(stage, officer, "lima-3")
    await enrol(stage, sergeant, "sergeant-1")
    colleague = await stage.open_shift()
    officer.command("on")
    await sees(officer, lambda card: "Night B" in card.text)
    officer.send("Stopped a van with four bald tyres on Harbour Road, plate AB12 CDE.")
    await sees(sergeant, lambda card: "in Riverside" in card.text and "AB12" not in card.text)
    await colleague.card(lambda card: card.quote is not None and "in Riverside" in card.quote, "the same card")
    await tap(stage, sergeant, "card.button.edit")
    asking = await sees(sergeant, lambda card: FORM in card.buttons.values())
    opened = sergeant.press(asking.id, FORM)

    async def form() -> str | None:
        return opened.form["components"][0]["component"]["value"] if opened.form else None

    assert "in Riverside" in await eventually(form, lambda: "no form")
    sergeant.fill_in(opened, "We stopped a van with bald tyres in Riverside.")
    await sees(sergeant, lambda card: "We stopped a van" in card.text and "Publish" in "".join(card.buttons))
    await tap(stage, sergeant, "card.button.publish")
    await stage.public(lambda text: "We stopped a van with bald tyres in Riverside." in text)
    done = stage.words.say("card.state.released", "en")
    await sees(officer, lambda card: done in card.text)
    assert len([card for card in officer.cards() if "bald tyres" in card.text]) == 1


async def test_somebody_who_is_not_enrolled_is_told_why(stage: Stage, fake: FakeDiscord) -> None:
    stranger = fake.phone(2002)
    stranger.send("Stopped a van")
    reason = stage.words.say("roster.not_enrolled", "en")
    await sees(stranger, lambda card: reason in card.text)
