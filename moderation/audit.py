"""The audit: who did what, when, why. Append-only and hash-chained; ids, kinds and keyed hashes, never words."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, text, update
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

FIRST_HASH: Final = "0" * 64


class AuditEntry(SQLModel, table=True):
    """One step. `hash` covers the entry and the hash before it."""

    __tablename__ = "audit_entry"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime
    event: str = Field(max_length=48)
    subject: str = Field(max_length=80, index=True)
    actor: str | None = Field(default=None, max_length=64)
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    before: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditHead(SQLModel, table=True):
    """The end of the chain: one row, moved by compare-and-set, so that entries stand in one line on any database."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    seq: int = 0
    hash: str = Field(default=FIRST_HASH, max_length=64)


class ChainBroken(Exception):
    """The audit is not what was written. `seq` is the first entry that does not fit."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the audit does not fit from entry {seq} on")
        self.seq = seq


async def record(
    session: AsyncSession, now: datetime, event: str, subject: str, actor: str | None = None, **facts: Any
) -> AuditEntry:
    """Append one step in the caller's transaction: it is kept if and only if what it tells is."""
    head = await _head(session)
    seq = head.seq + 1
    entry = AuditEntry(
        seq=seq, at=now, event=event, subject=subject, actor=actor, facts=facts, before=head.hash, hash=""
    )
    entry.hash = _hash(entry)
    moved: Any = await session.exec(
        update(AuditHead)
        .where(col(AuditHead.id) == 1, col(AuditHead.seq) == head.seq)
        .values(seq=seq, hash=entry.hash)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:
        raise RuntimeError("the audit head moved under a transaction that had locked it")
    await session.refresh(head)
    session.add(entry)
    await session.flush()
    return entry


async def last(session: AsyncSession, event: str, subject: str) -> datetime | None:
    """When this was last recorded about that; None: never."""
    statement = select(AuditEntry.at).where(AuditEntry.event == event, AuditEntry.subject == subject)
    return (await session.exec(statement.order_by(col(AuditEntry.seq).desc()).limit(1))).first()


async def verify(session: AsyncSession) -> int:
    """Walk the whole chain; gives the number of entries. Raises ChainBroken."""
    before, expected = FIRST_HASH, 1
    entries = await session.stream_scalars(select(AuditEntry).order_by(col(AuditEntry.seq)))
    async for entry in entries:
        if entry.seq != expected or entry.before != before or entry.hash != _hash(entry):
            raise ChainBroken(expected)
        before, expected = entry.hash, expected + 1
    head = await session.get(AuditHead, 1)
    if (head.seq, head.hash) != (expected - 1, before) if head else expected != 1:
        raise ChainBroken(expected)
    return expected - 1


def fits(entry: AuditEntry) -> bool:
    """Whether an entry is what was written, by its own hash."""
    return entry.hash == _hash(entry)


async def _head(session: AsyncSession) -> AuditHead:
    connection = await session.connection()
    first = text("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, :hash) ON CONFLICT DO NOTHING")
    await connection.execute(first, {"hash": FIRST_HASH})
    return await session.get_one(AuditHead, 1, with_for_update=True, populate_existing=True)


def _hash(entry: AuditEntry) -> str:
    facts: Mapping[str, Any] = entry.facts
    line = [entry.seq, entry.at.isoformat(), entry.event, entry.subject, entry.actor, facts, entry.before]
    return hashlib.sha256(json.dumps(line, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
