"""The public timeline as it is stored: what the website shows, and nothing else. Written by the timeline network."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column, String, cast, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.database import by_value

CHANNEL: Final = "public_timeline"
"""The PostgreSQL channel on which every change is announced."""

_CHANGES_IN_TURN: Final = 0x74696D65
"""The advisory lock under which PostgreSQL hands out change ids, so that they become visible in order."""


class ChangeKind(StrEnum):
    PUBLISHED = "published"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    SHIFT = "shift"


class Entry(SQLModel, table=True):
    """One public post. `pictures` lists {"sha256", "width", "height", "alt"}; bytes lie in the public media folder.

    A video has {"video", "seconds"} besides: the name of its MP4, whose poster is the picture.

    A withdrawn entry keeps its number and its times, and loses text, pictures and byline: the tombstone."""

    __tablename__ = "timeline_entry"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=64)
    """The delivery's key: publishing twice with one key gives one entry."""
    number: int = Field(index=True)
    """The post's running number, as in the permalink /p/214."""
    shift_id: int = Field(index=True)
    kind: str = Field(max_length=16)
    language: str = Field(max_length=8)
    text: str
    pictures: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    area: str | None = Field(default=None, max_length=64, index=True)
    byline: str | None = Field(default=None, max_length=80)
    published_at: datetime
    answers: int | None = Field(default=None, index=True)
    """The entry in whose thread this stands (an answer to a question that somebody asked under it)."""
    corrected_at: datetime | None = None
    correction: str | None = None
    withdrawn_at: datetime | None = None


class Change(SQLModel, table=True):
    """One step of the live stream; `id` only grows and is what `Last-Event-ID` holds."""

    __tablename__ = "timeline_change"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    kind: ChangeKind = Field(sa_type=by_value(ChangeKind))
    entry_id: int | None = None
    shift_id: int | None = None
    at: datetime


async def publish(session: AsyncSession, entry: Entry) -> Entry:
    """Put an entry on the timeline; with a key that is there already, nothing is added and the first one returned."""
    there = (await session.exec(select(Entry).where(col(Entry.key) == entry.key))).first()
    if there is not None:
        return there
    session.add(entry)
    await session.flush()
    await _record(
        session, Change(kind=ChangeKind.PUBLISHED, entry_id=entry.id, shift_id=entry.shift_id, at=entry.published_at)
    )
    return entry


async def correct(
    session: AsyncSession, key: str, now: datetime, *, text: str, language: str, area: str | None, correction: str
) -> Entry:
    """Put other words in the place of an entry's, and say under it in one line what was wrong.

    Nothing happens if that is so already, or if it is withdrawn. Raises LookupError if it is not there."""
    entry = await _by_key(session, key)
    told = (text, language, area, correction)
    if entry.withdrawn_at is not None or (entry.text, entry.language, entry.area, entry.correction) == told:
        return entry
    entry.text, entry.language, entry.area, entry.correction = told
    entry.corrected_at = now
    await _record(session, Change(kind=ChangeKind.CORRECTED, entry_id=entry.id, shift_id=entry.shift_id, at=now))
    return entry


async def withdraw(session: AsyncSession, key: str, now: datetime) -> list[str]:
    """Leave a tombstone. Gives the names of the files to be purged; empty if it was gone already.

    A picture or a video that another post shows as well stays."""
    entry = await _by_key(session, key)
    if entry.withdrawn_at is not None:
        return []
    files = [name for picture in entry.pictures for name in files_of(picture)]
    entry.text, entry.pictures, entry.byline, entry.correction = "", [], None, None
    entry.area = None
    entry.withdrawn_at = now
    await _record(session, Change(kind=ChangeKind.WITHDRAWN, entry_id=entry.id, shift_id=entry.shift_id, at=now))
    return [name for name in files if not await picture_is_public(session, name.partition(".")[0])]


def files_of(picture: Mapping[str, Any]) -> list[str]:
    """The names of a picture's files in the public media folder: of a video, its poster and the video itself."""
    video = picture.get("video")
    return [f"{picture['sha256']}.jpg", *([f"{video}.mp4"] if video else [])]


async def picture_is_public(session: AsyncSession, sha256: str) -> bool:
    """Whether a post that is not withdrawn shows this picture, or this video."""
    shows = cast(col(Entry.pictures), String).contains(sha256, autoescape=True)
    found = await session.exec(select(Entry.id).where(col(Entry.withdrawn_at).is_(None), shows).limit(1))
    return found.first() is not None


async def shift_changed(session: AsyncSession, shift_id: int, now: datetime) -> None:
    """Tell the live stream that a shift opened, froze, resumed or ended."""
    await _record(session, Change(kind=ChangeKind.SHIFT, shift_id=shift_id, at=now))


async def _record(session: AsyncSession, change: Change) -> None:
    """Add a change, last in the transaction: on PostgreSQL the next one waits from here until this one commits.

    SQLite has one writer anyway. A reader that has seen change 7 will never again find a change 6."""
    connection = await session.connection()
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _CHANGES_IN_TURN})
    session.add(change)
    await session.flush()
    if on_postgresql:
        said = {"channel": CHANNEL, "change": str(change.id)}
        await connection.execute(text("SELECT pg_notify(:channel, :change)"), said)


async def _by_key(session: AsyncSession, key: str) -> Entry:
    entry = (await session.exec(select(Entry).where(col(Entry.key) == key))).first()
    if entry is None:
        raise LookupError("no timeline entry has this key")
    return entry
