"""A process that does nothing but commit what Telegram delivers, to be killed: ADDRESS TOKEN FILE."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bot.chat_apps import telegram


async def read(base_url: str, token: str, file: Path) -> None:
    """Every item becomes a row before the next is asked for; `heard` counts every arrival, repeated ones too."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, heard INTEGER NOT NULL)")
        async with telegram.connect(token=token, base_url=base_url, poll_seconds=2, first_pause=0.05) as app:
            async for item in app.incoming():
                database.execute(
                    "INSERT INTO item VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET heard = heard + 1", (item.id,)
                )


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
