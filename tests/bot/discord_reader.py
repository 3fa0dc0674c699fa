"""A process that does nothing but commit what Discord delivers, to be killed: ADDRESS TOKEN STATE FILE."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bot.chat_apps import discord
from tests.contracts.discord_harness import WORDS
from tests.fake_discord.server import lead_library


async def read(address: str, token: str, state: Path, file: Path) -> None:
    """Every item becomes a row before the next is asked for; `heard` counts every arrival, repeated ones too."""
    lead_library(address)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, heard INTEGER NOT NULL)")
        async with discord.connect(token=token, state=state, words=WORDS, first_pause=0.05) as app:
            async for item in app.incoming():
                database.execute(
                    "INSERT INTO item VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET heard = heard + 1", (item.id,)
                )


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
