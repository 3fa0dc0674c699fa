"""The watch: of several publishers one listens to a network, follows its replies and hides what has to be hidden.

By a lock that a killed process lets go by itself: of a file, or on PostgreSQL an advisory one."""

import asyncio
import fcntl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Final, Protocol

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from shifts.database import Database

_ADVISORY: Final = 0x54_50_57_61  # "TPWa"
STAND_BY: Final = 1.0
"""Seconds after which somebody else asks whether the watch is free."""
ANSWER_SECONDS: Final = 10.0
"""A database that says nothing for so long is gone, and the watch with it."""
_KEPT_ALIVE: Final = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
"""The server asks so often whether we are there: a machine that vanished would keep its locks for hours."""


class Watch(Protocol):
    async def mine(self, network: str) -> bool:
        """Whether this process has the watch of a network; it takes what nobody has."""
        ...

    async def let_go(self, network: str) -> None:
        """Somebody else may have it."""
        ...


@asynccontextmanager
async def watching(database: Database, data: Path) -> AsyncIterator[Watch]:
    """A watch of this process; at the end it lets go of everything."""
    watch = _Files(data) if database.is_sqlite else _Advisory(database)
    try:
        yield watch
    finally:
        await watch.close()


async def on_watch(watch: Watch, network: str, step: Callable[[], Awaitable[float]]) -> None:
    """Take one step after the other while this process has the watch. A step gives the seconds before the next.

    Whoever fails at it lets go: perhaps somebody else does not."""
    while True:
        pause = STAND_BY
        if await watch.mine(network):
            try:
                pause = await step()
            except Exception:
                await watch.let_go(network)
                raise
        await asyncio.sleep(pause)


class _Files:
    def __init__(self, data: Path) -> None:
        self._data = data
        self._held: dict[str, IO[str]] = {}

    async def mine(self, network: str) -> bool:
        if network not in self._held:
            self._data.mkdir(parents=True, exist_ok=True)
            file = (self._data / f"watch-{zlib.crc32(network.encode()):08x}.lock").open("w", encoding="ascii")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                return False
            self._held[network] = file
        return True

    async def let_go(self, network: str) -> None:
        if (file := self._held.pop(network, None)) is not None:
            file.close()

    async def close(self) -> None:
        for file in self._held.values():
            file.close()
        self._held.clear()


class _Advisory:
    """On a connection of its own: whoever loses that has lost the watch, and asks for it anew."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: AsyncConnection | None = None
        self._held: set[str] = set()
        self._one = asyncio.Lock()

    async def mine(self, network: str) -> bool:
        async with self._one:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await self._ask(network)
            except (SQLAlchemyError, OSError):
                await self._hang_up()
                return False

    async def let_go(self, network: str) -> None:
        async with self._one:
            if network not in self._held or self._connection is None:
                return
            self._held.discard(network)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._connection.execute(text("SELECT pg_advisory_unlock(:one, :two)"), _key(network))
            except (SQLAlchemyError, OSError):
                await self._hang_up()

    async def _ask(self, network: str) -> bool:
        if self._connection is None:
            connection = await self._database.engine.connect()
            self._connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for setting in _KEPT_ALIVE:
                await self._connection.execute(text(f"SET {setting}"))
        if network in self._held:
            await self._connection.execute(text("SELECT 1"))
            return True
        if await self._connection.scalar(text("SELECT pg_try_advisory_lock(:one, :two)"), _key(network)):
            self._held.add(network)
            return True
        return False

    async def close(self) -> None:
        """Let go of everything."""
        if self._connection is not None:
            with suppress(SQLAlchemyError, OSError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
        await self._hang_up()

    async def _hang_up(self) -> None:
        """The connection is not given back, for a lock might still be on it, but ended."""
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None:
            with suppress(SQLAlchemyError, OSError):
                await connection.invalidate()
            with suppress(SQLAlchemyError, OSError):
                await connection.close()


def _key(network: str) -> dict[str, int]:
    return {"one": _ADVISORY, "two": zlib.crc32(network.encode()) - 2**31}
