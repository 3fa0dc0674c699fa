"""How the website learns that the timeline changed, in whichever process that was."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.database import Database
from shifts.timeline import CHANNEL, Change

POLL_SECONDS: Final = 0.25
"""How often SQLite is asked, which can not call."""

SAFETY_SECONDS: Final = 5.0
"""How often PostgreSQL is asked besides, should a notification have been lost."""

AGAIN_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


async def latest_change(session: AsyncSession) -> int:
    """The id of the newest change; 0 when there is none."""
    return (await session.exec(select(func.max(col(Change.id))))).one() or 0


async def changes_between(session: AsyncSession, after: int, until: int, limit: int) -> Sequence[Change]:
    """Changes with after < id <= until, oldest first, at most `limit`."""
    between = (col(Change.id) > after, col(Change.id) <= until)
    return (await session.exec(select(Change).where(*between).order_by(col(Change.id)).limit(limit))).all()


class Changes:
    """Follows the Change table: by LISTEN on PostgreSQL, by a short poll on SQLite, and at once after `nudge()`."""

    def __init__(
        self, database: Database, poll_seconds: float = POLL_SECONDS, safety_seconds: float = SAFETY_SECONDS
    ) -> None:
        self.latest = 0
        self._database = database
        self._poll_seconds = poll_seconds if database.is_sqlite else safety_seconds
        self._nudged = asyncio.Event()
        self._stopped = False
        self.healthy = False
        """Whether the database answered when it was last asked."""

    def nudge(self) -> None:
        """Look now: somebody in this process has committed a change."""
        self._nudged.set()

    def stop(self) -> None:
        """End `watch`, after the read that is under way."""
        self._stopped = True
        self.healthy = False
        self.nudge()

    async def watch(self) -> AsyncIterator[int]:
        """Give the id of the newest change: first as it stands, then each time that it grew, until `stop()`."""
        listening = None if self._database.is_sqlite else asyncio.create_task(self._listen())
        try:
            self.latest = await self._ask()
            yield self.latest
            while not self._stopped:
                await self._woken(self._poll_seconds)
                latest = await self._ask()
                if latest > self.latest and not self._stopped:
                    self.latest = latest
                    yield latest
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _woken(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
        self._nudged.clear()

    async def _ask(self) -> int:
        """The id of the newest change; while the database is away, wait for it."""
        while True:
            try:
                async with self._database.reading() as session:
                    latest = await latest_change(session)
            except (SQLAlchemyError, OSError) as error:
                self.healthy = False
                _log.warning("website.database_away", error=type(error).__name__)
                if self._stopped:
                    return self.latest
                await self._woken(AGAIN_SECONDS)
            else:
                self.healthy = not self._stopped
                return latest

    async def _listen(self) -> None:
        """Nudge on every notification, and after every reconnect: what was said meanwhile was not heard."""
        url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        # A connection that died silently is noticed after 25 seconds.
        address = make_conninfo(url, keepalives_idle=10, keepalives_interval=5, keepalives_count=3)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.nudge()
                    async for _ in connection.notifies():
                        self.nudge()
            except (psycopg.Error, OSError) as error:
                _log.warning("website.listening_lost", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
