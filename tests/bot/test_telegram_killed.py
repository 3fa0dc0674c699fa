"""Killed at any moment, the Telegram adapter loses nothing that an officer sent."""

import asyncio
import random
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.fake_telegram.server import FakeTelegram

ROOT = Path(__file__).parents[2]
UPDATES = 500
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


def arrivals(file: Path) -> list[int]:
    """How often each item arrived."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'item'").fetchone():
            return []
        return [heard for (heard,) in database.execute("SELECT heard FROM item")]


async def until(file: Path, items: int) -> None:
    async with asyncio.timeout(30):
        while len(arrivals(file)) < items:  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.002)


@pytest.mark.slow
async def test_five_hundred_updates_and_six_kills_lose_nothing(tmp_path: Path) -> None:
    file, chance = tmp_path / "inbox.db", random.Random(214)
    async with FakeTelegram().serving() as fake:
        phones = [fake.phone(1001 + number) for number in range(5)]
        for number in range(UPDATES):
            await phones[number % 5].send_text(f"update {number}")
        for kill in range(KILLS):
            async with reader(fake, file):
                await until(file, UPDATES // 10 * (kill + 1) + chance.randrange(1, 40))
        in_flight = len(fake.pending)
        async with reader(fake, file):
            await until(file, UPDATES)
            await asyncio.sleep(0.2)
            assert fake.pending == []
    heard = arrivals(file)
    assert len(heard) == UPDATES
    assert in_flight > 0
    assert sum(heard) > UPDATES, "no kill hit between a commit and its confirmation: the test proved nothing"
