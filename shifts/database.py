"""The database: one SQLite file by default, one PostgreSQL when several machines share the work; the same code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Enum as SqlEnum
from sqlalchemy import Index, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

BUSY_SECONDS: Final = 30

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def by_value(enum: type[StrEnum]) -> SqlEnum:
    """A column type that stores an enum by value, as text that the database checks."""
    return SqlEnum(
        enum,
        native_enum=False,
        values_callable=lambda members: [member.value for member in members],
        create_constraint=True,
        length=24,
        name=enum.__name__.lower(),
    )


def index_where(name: str, *columns: str, rows: str, unique: bool = False) -> Index:
    """An index over only those `rows` of a table, said as PostgreSQL says it: "closed IS false".

    SQLite keeps truth as a number, and uses such an index only for a query that says the condition in the same way."""
    in_numbers = rows.replace("IS false", "IS 0").replace("IS true", "IS 1")
    return Index(name, *columns, unique=unique, postgresql_where=text(rows), sqlite_where=text(in_numbers))


def utc_now() -> datetime:
    """The clock, for processes; everything else takes `now` as an argument."""
    return datetime.now(UTC)


class Database:
    """One engine. `transaction()` is for writes, `reading()` for reads; never await a network inside either."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # hide_parameters: what fails names the statement, never the words that it was to write.
        self.engine = (
            _sqlite(url)
            if self.is_sqlite
            else create_async_engine(url, pool_pre_ping=True, pool_size=10, hide_parameters=True)
        )
        # SQLite has one writer: waiting for the lock here is fair and cheap, waiting in SQLite is neither.
        self._writer: asyncio.Lock | nullcontext[None] = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or rolled back by an exception."""
        async with self._writer, AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody writes through here meanwhile: for what writes to the same SQLite file and lets nobody else run."""
        async with self._writer:
            yield

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session to read from; nothing that it holds is written."""
        async with AsyncSession(self._reading_engine, expire_on_commit=False) as session:
            yield session

    @property
    def _reading_engine(self) -> AsyncEngine:
        if self.is_sqlite:
            return self.engine.execution_options(reading=True)
        return self.engine

    async def close(self) -> None:
        await self.engine.dispose()


def _sqlite(url: str) -> AsyncEngine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # synchronous=FULL: NORMAL may forget a committed intent when the power goes.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        # IMMEDIATE takes the write lock at once: a read that later wants to write would fail with "locked".
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
