"""What a reader in a process of its own has committed, for whoever kills it."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path


def arrivals(file: Path) -> list[int]:
    """How often each item arrived."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'item'").fetchone():
            return []
        return [heard for (heard,) in database.execute("SELECT heard FROM item")]


async def until(file: Path, items: int) -> None:
    async with asyncio.timeout(60):
        while len(arrivals(file)) < items:  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.002)
