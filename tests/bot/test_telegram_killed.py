"""Killed at any moment, the Telegram adapter loses nothing that an officer sent."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.bot.arrivals import arrivals, until
from tests.fake_telegram.server import FakeTelegram

ROOT = Path(__file__).parents[2]
UPDATES = 500
BATCH = 100
ALWAYS = 1000
KILLS = 6


@asynccontextmanager
async def reader(fake: FakeTelegram, file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that reads into a file, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot.telegram_reader", fake.base_url, fake.token, str(file), cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def kill_before_the_confirmation(fake: FakeTelegram, file: Path) -> None:
    """The first batch is committed and Telegram never hears so: whoever asks for the next one waits until the kill."""
    fake.fail("hang", "getUpdates", wait=0)
    fake.fail("hang", "getUpdates", times=ALWAYS, wait=3600)
    async with reader(fake, file):
        await until(file, BATCH)
    fake.mend()


@pytest.mark.slow
async def test_five_hundred_updates_and_six_kills_lose_nothing(tmp_path: Path) -> None:
    file, chance = tmp_path / "inbox.db", random.Random(214)
    async with FakeTelegram().serving() as fake:
        phones = [fake.phone(1001 + number) for number in range(5)]
        for number in range(UPDATES):
            await phones[number % 5].send_text(f"update {number}")
        await kill_before_the_confirmation(fake, file)
        in_flight = len(fake.pending)
        for kill in range(KILLS):
            async with reader(fake, file):
                await until(file, UPDATES // 10 * (kill + 1) + chance.randrange(1, 40))
        async with reader(fake, file):
            await until(file, UPDATES)
            async with asyncio.timeout(30):
                while fake.pending:  # noqa: ASYNC110  another process confirms
                    await asyncio.sleep(0.01)
    heard = arrivals(file)
    assert len(heard) == UPDATES
    assert in_flight > 0
    assert sum(heard) > UPDATES, "no kill hit between a commit and its confirmation: the test proved nothing"
