"""Killed at any moment, the Discord adapter loses nothing that an officer wrote."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.bot.arrivals import arrivals, until
from tests.bot.discord_stage import Stage, staged
from tests.fake_discord.phone import Phone

ROOT = Path(__file__).parents[2]
MESSAGES = 500
KILLS = 6
UNHEARD = 25
PEOPLE = 5


@asynccontextmanager
async def reader(stage: Stage, file: Path) -> AsyncIterator[None]:
    """A process that reads into a file, killed at the end."""
    address = stage.fake.base_url.removeprefix("http://")
    command = ("-m", "tests.bot.discord_reader", address, stage.fake.token, str(stage.state), str(file))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def write(phones: list[Phone], numbers: range) -> None:
    """People go on writing, whether anybody listens or not."""
    for number in numbers:
        phones[number % PEOPLE].send(f"message {number}")
        await asyncio.sleep(0.004)


@pytest.mark.slow
async def test_five_hundred_messages_and_six_kills_lose_nothing(tmp_path: Path) -> None:
    file, chance = tmp_path / "inbox.db", random.Random(214)
    async with staged(tmp_path) as stage:
        phones = [stage.fake.phone(1001 + number) for number in range(PEOPLE)]
        for phone in phones:
            stage.knows(phone)
        await write(phones, range(MESSAGES // 2))
        writing = asyncio.create_task(write(phones, range(MESSAGES // 2, MESSAGES - UNHEARD)))
        for kill in range(KILLS):
            async with reader(stage, file):
                await until(file, MESSAGES // 10 * (kill + 1) + chance.randrange(1, 40))
        await writing
        # And some are written while nobody listens at all.
        await write(phones, range(MESSAGES - UNHEARD, MESSAGES))
        assert len(arrivals(file)) < MESSAGES
        async with reader(stage, file):
            await until(file, MESSAGES)
    heard = arrivals(file)
    assert len(heard) == MESSAGES
    assert sum(heard) - MESSAGES <= KILLS, "a kill repeats what was in hand, and no more"
