from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.killed_night import Night, begin_night
from tests.journeys.stage import Stage, play, stage_settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever plays with killed programs starts several of them, and waits for each with patience."""
    for item in items:
        if "night" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture
def times() -> Mapping[str, Any]:
    """What a journey sets otherwise in `[times]`: parametrize it."""
    return {}


@pytest.fixture
async def stage(engine_database_url: str, tmp_path: Path, times: Mapping[str, Any]) -> AsyncIterator[Stage]:
    """The program on SQLite and on PostgreSQL."""
    async with play(stage_settings(engine_database_url, tmp_path / "data", **times)) as playing:
        yield playing


@pytest.fixture(scope="session")
def night(sqlite_with_engine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The program loaded in a process of its own, ready to be killed on its journeys."""
    with begin_night(sqlite_with_engine, tmp_path_factory.mktemp("killed")) as night:
        yield night
    print("\nkilled at", dict(night.kills))  # noqa: T201  shown with -s: where the kills fell
