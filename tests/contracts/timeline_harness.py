"""Our own page for the contract over every network: rows of ours, so nobody answers there and it is never away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

from sqlmodel import col, select

from bot.network import Network, Published
from bot.networks import timeline
from shifts.database import Database
from shifts.timeline import Entry
from tests.ground import create_tables


class TimelineHarness:
    def __init__(self, database: Database, network: Network) -> None:
        self._database = database
        self.network = network

    async def _entries(self) -> list[Entry]:
        async with self._database.reading() as session:
            return list((await session.exec(select(Entry).order_by(col(Entry.id)))).all())

    async def texts(self) -> list[str]:
        return [entry.text for entry in await self._entries() if entry.withdrawn_at is None]

    async def answer(self, published: Published, name: str, text: str) -> None:
        _never("nobody can write there")

    async def shown(self, published: Published) -> list[str]:
        (entry,) = [entry for entry in await self._entries() if entry.key == published.id]
        return ["video" if picture["video"] else "picture" for picture in entry.pictures]

    async def stands_under(self, published: Published) -> str | None:
        entries = {entry.id: entry for entry in await self._entries()}
        (here,) = [entry for entry in entries.values() if entry.key == published.id]
        return None if here.answers is None else entries[here.answers].key

    async def change(self, heard_id: str, text: str | None) -> None:
        _never("nobody can write there")

    async def hidden(self) -> set[str]:
        _never("nobody can write there")

    async def go_away(self, away: bool) -> None:
        _never("it is as near as our own database")

    async def lose_replies(self, lose: bool) -> None:
        _never("it is as near as our own database")

    async def refuse(self, refuse: bool) -> None:
        _never("nobody there has rules but we")

    async def sign_out(self, out: bool) -> None:
        _never("nobody signs in there")


def _never(why: str) -> NoReturn:
    raise NotImplementedError(why)


@asynccontextmanager
async def timeline_network(folder: Path) -> AsyncIterator[TimelineHarness]:
    """An empty page."""
    create_tables(f"sqlite:///{folder}/timeline.db")
    database = Database(f"sqlite+aiosqlite:///{folder}/timeline.db")
    public = folder / "public"
    async with timeline.connect(
        database=database, media=folder, public_media=public, public_url="https://patrol.example"
    ) as network:
        yield TimelineHarness(database, network)
    await database.close()
