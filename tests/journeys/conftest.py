from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.stage import Stage, play, stage_settings


@pytest.fixture
async def stage(engine_database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The program on SQLite and on PostgreSQL."""
    async with play(stage_settings(engine_database_url, tmp_path / "data")) as playing:
        yield playing
