"""The four processes, each on its own, on PostgreSQL and over a Telegram of our own; then the same on SQLite."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp

from shifts import roster, shift
from shifts.database import Database, utc_now
from shifts.roster_file import Roster
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram
from tests.journeys.stage import eventually, free_port

ROOT = Path(__file__).parents[2]
KEY = "5b" * 32
CONFIG = """
[force]
name = "Port Alba Police"
public_url = "http://127.0.0.1:{port}"
[force.emergency]
en = "Emergency? Call 112."
[chat_apps.telegram]
token = "env:TELEGRAM_TOKEN"
base_url = "{telegram}"
[networks.timeline]
[times]
undo_seconds = 0.5
scene_minutes = 0
jitter_minutes = 0
[web]
port = {port}
[files]
roster = "{config}/roster.toml"
places = "{config}"
languages = "{config}/languages"
[moderation]
warm = false
models = false
"""


@asynccontextmanager
async def process(name: str, environment: dict[str, str], log: Path) -> AsyncIterator[None]:
    with log.open("wb") as out:
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", name, cwd=ROOT, env=environment, stderr=out
        )
        try:
            yield
        finally:
            running.terminate()
            assert await asyncio.wait_for(running.wait(), 30) == 0, f"{name} did not end well"


async def enrol(database: Database, phones: dict[str, Phone]) -> None:
    """The roster, a planned shift, and a code for everybody who plays."""
    now = utc_now()
    async with database.transaction() as session:
        await roster.import_roster(session, Roster.load(ROOT / "config" / "roster.toml"), now)
        await shift.plan(session, "lima", "Night B", now, now + timedelta(hours=8), now)
        codes = {person: await roster.invite(session, person, now) for person in phones}
    for person, phone in phones.items():
        await phone.send_text(f"/start {codes[person]}")


async def reads(phone: Phone, words: str) -> str:
    async def look() -> str | None:
        return next((shown.text for shown in phone.cards() if words in shown.text), None)

    return await eventually(look, lambda: f"the phone never showed {words}: {[c.text for c in phone.cards()]}", 60)


async def tap(phone: Phone, label: str) -> None:
    async def there() -> bool | None:
        return True if any(label in shown.labels for shown in phone.cards()) else None

    await eventually(there, lambda: f"no button {label}: {[c.text for c in phone.cards()]}", 60)
    await phone.tap(label)


async def test_four_processes_publish_what_a_sergeant_approves_and_two_of_them_have_no_key(
    engine_database_url: str, tmp_path: Path
) -> None:
    port, database = free_port(), Database(engine_database_url)
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(FakeTelegram().serving())
        config = tmp_path / "patrol.toml"
        config.write_text(CONFIG.format(port=port, telegram=fake.base_url, config=ROOT / "config"))
        plain = {
            **os.environ, "TWEETPATROL_CONFIG": str(config), "TWEETPATROL_DATA": str(tmp_path / "data"),
            "TWEETPATROL_DATABASE_URL": engine_database_url, "TELEGRAM_TOKEN": fake.token,
        }  # fmt: skip
        holding = {**plain, "TWEETPATROL_VAULT_KEY": KEY}
        phones = {"lima-3": fake.phone(1003), "sergeant-1": fake.phone(1001)}
        await enrol(database, phones)
        for name, environment in (("web", plain), ("publish", plain), ("prepare", holding), ("bot", holding)):
            await stack.enter_async_context(process(name, environment, tmp_path / f"{name}.log"))
        officer, sergeant = phones["lima-3"], phones["sergeant-1"]
        await reads(sergeant, "Sierra 1")
        await sergeant.send_text("/open")
        await reads(sergeant, "live")
        await officer.send_text("/on")
        await reads(officer, "Night B")
        await officer.send_text("Stopped a van with bald tyres on Harbour Road, plate AB12 CDE.")
        await reads(sergeant, "in Riverside")
        await tap(sergeant, "Publish")

        async def public() -> str | None:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
                page = await response.text()
            return page if "in Riverside" in page else None

        page = await eventually(public, lambda: "the page never showed it", 60)
        assert "AB12" not in page
        await reads(officer, "published")
        # Nobody without the key made one: the web and the publish process cannot open an original.
        assert not (tmp_path / "data" / "vault.key").exists()
    await database.close()
    for log in tmp_path.glob("*.log"):
        told = log.read_text("utf-8")
        assert not any(word in told for word in ("Harbour", "AB12", "bald", fake.token, "Traceback")), log.name
