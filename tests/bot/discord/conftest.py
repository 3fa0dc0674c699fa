"""A Discord of its own for each test, and the adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat_apps import discord
from tests.bot.discord_stage import Stage, staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as started:
        yield started


@pytest.fixture
async def app(stage: Stage) -> AsyncIterator[discord.Discord]:
    async with stage.connect() as connected:
        yield connected
