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
FAILS: Final = 3
"""After so many steps in a row that came to nothing, somebody else may try: perhaps only we do not get through."""
STAND_BACK: Final = 5 * STAND_BY
"""So long whoever let go leaves it to others."""
ANSWER_SECONDS: Final = 10.0
"""A database that says nothing for so long is gone, and the watch with it."""
_KEPT_ALIVE: Final = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
"""The server asks so often whether we are there: a machine that vanished would keep its locks for hours."""


class Away(Exception):
    """A step came to nothing, for its network does not serve us now; the next one after `wait` seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__("the network does not serve us now")
        self.wait = wait


class Watch(Protocol):
    async def mine(self, network: str) -> bool:
        """Whether this process has the watch of a network; it takes what nobody has."""
        ...

    async def let_go(self, network: str) -> None:
        """Somebody else may have it; for a while this process does not even ask."""
        ...


@asynccontextmanager
async def watching(database: Database, data: Path, back: float = STAND_BACK) -> AsyncIterator[Watch]:
    """A watch of this process; at the end it lets go of everything. `back`: so long it stands back after letting go."""
    watch = _Files(data, back) if database.is_sqlite else _Advisory(database, back)
    try:
        yield watch
    finally:
        await watch.close()


async def on_watch(watch: Watch, network: str, step: Callable[[], Awaitable[float]]) -> None:
    """Take one step after the other while this process has the watch. A step gives the seconds before the next.

    Whoever fails at it lets go: at once after a fault, after `FAILS` steps in a row of a network that is Away, as soon
    as that may be asked again. Perhaps somebody else gets through."""
    failed = 0
    while True:
        pause = STAND_BY
        if await watch.mine(network):
            try:
                pause, failed = await step(), 0
            except Away as away:
                pause, failed = away.wait, failed + 1
            except Exception:  # whatever it was, it is raised again once the watch is free
                await watch.let_go(network)
                raise
        await asyncio.sleep(pause)
        if failed >= FAILS:
            await watch.let_go(network)
            failed = 0


class _StandsBack:
    """Whoever has let go of a network does not take it again at once: the others would never get it."""

    def __init__(self, back: float) -> None:
        self._back = back
        self._until: dict[str, float] = {}

    def _stand_back(self, network: str) -> None:
        self._until[network] = asyncio.get_running_loop().time() + self._back

    def _stands_back(self, network: str) -> bool:
        return asyncio.get_running_loop().time() < self._until.get(network, 0.0)


class _Files(_StandsBack):
    def __init__(self, data: Path, back: float) -> None:
        super().__init__(back)
        self._data = data
        self._held: dict[str, IO[str]] = {}

    async def mine(self, network: str) -> bool:
        if network not in self._held:
            if self._stands_back(network):
                return False
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
            self._stand_back(network)

    async def close(self) -> None:
        for file in self._held.values():
            file.close()
        self._held.clear()


class _Advisory(_StandsBack):
    """On a connection of its own: whoever loses that has lost the watch, and asks for it anew."""

    def __init__(self, database: Database, back: float) -> None:
        super().__init__(back)
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
            self._stand_back(network)
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
        if self._stands_back(network):
            return False
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
