"""The rehearsal's own small file: what is on the phones, what has not been taken yet, what the public got."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiosqlite

from bot.rehearsal.seal import Seal

Row = sqlite3.Row
Value = str | int | bytes | None

_MARK: Final = b"rehearsal"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS mark (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS item (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, chat TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, at TEXT NOT NULL, gone INTEGER NOT NULL DEFAULT 0, sealed BLOB NOT NULL,
    UNIQUE (chat, kind, key));
CREATE TABLE IF NOT EXISTS arrival (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, chat TEXT NOT NULL, item TEXT NOT NULL,
    nonce TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0, sealed BLOB NOT NULL, UNIQUE (chat, nonce));
CREATE INDEX IF NOT EXISTS arrival_untaken ON arrival (place) WHERE taken = 0;
CREATE INDEX IF NOT EXISTS arrival_item ON arrival (item);
CREATE TABLE IF NOT EXISTS upload (
    ref TEXT PRIMARY KEY, chat TEXT NOT NULL, size INTEGER NOT NULL, at TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS public_post (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE, at TEXT NOT NULL,
    answers TEXT, withdrawn TEXT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS public_reply (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, post TEXT NOT NULL, nonce TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS public_fate (
    id TEXT PRIMARY KEY, text TEXT, gone INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS trouble (name TEXT PRIMARY KEY);
"""


class Store:
    """One SQLite file and the seal on it. Every write is on the disk before `writing()` ends."""

    def __init__(self, connection: aiosqlite.Connection, seal: Seal) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()
        self.seal = seal

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[aiosqlite.Connection]:
        """A transaction: committed at the end, rolled back by an exception."""
        async with self._lock:
            try:
                # Inside: a caller cancelled while it begins leaves a transaction open, which nobody else would end.
                await self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
            except BaseException:
                await self._connection.rollback()
                raise
            await self._connection.commit()

    async def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """What a query gives, outside any half-done write."""
        async with self._lock:
            return list(await self._connection.execute_fetchall(sql, values))

    async def row(self, sql: str, values: Sequence[Value] = ()) -> Row | None:
        """The first row of a query, if there is one."""
        return next(iter(await self.rows(sql, values)), None)


async def one(connection: aiosqlite.Connection, sql: str, values: Sequence[Value] = ()) -> Row | None:
    """The first row of a query inside a transaction."""
    return next(iter(await connection.execute_fetchall(sql, values)), None)


@asynccontextmanager
async def open_store(path: Path, seal: Seal) -> AsyncIterator[Store]:
    """Open the file, or make it. Raises WrongKey if it was sealed with another key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=30000"):
            await connection.execute(f"PRAGMA {pragma}")
        await connection.executescript(_SCHEMA)
        store = Store(connection, seal)
        await _check_key(store)
        yield store


async def _check_key(store: Store) -> None:
    async with store.writing() as db:
        mark = await one(db, "SELECT sealed FROM mark")
        if mark is None:
            await db.execute("INSERT INTO mark VALUES (1, ?)", (store.seal.close(_MARK, "mark"),))
        else:
            store.seal.open(mark["sealed"], "mark")
