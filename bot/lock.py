"""One bot process at a time: two would fight over a chat token. A lock file, or on PostgreSQL an advisory lock."""

import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text

from shifts.database import Database

_ADVISORY: Final = 0x54_50_42_6F  # "TPBo"


class AlreadyRunning(Exception):
    """Another process holds the lock."""


@asynccontextmanager
async def only_one(database: Database, data: Path) -> AsyncIterator[None]:
    """Hold the lock for as long as the block lasts; a killed process lets go by itself. Raises AlreadyRunning."""
    if database.is_sqlite:
        data.mkdir(parents=True, exist_ok=True)
        with (data / "bot.lock").open("w", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise AlreadyRunning from error
            yield
        return
    async with database.engine.connect() as connection:
        held = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY})
        if not held:
            raise AlreadyRunning
        # Ended here, or an idle transaction would be open for as long as the program runs.
        await connection.commit()
        yield
