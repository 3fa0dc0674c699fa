"""The force's own public timeline: publishing is one row, so exactly once is simply true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sqlmodel import col, select

from bot.media_folder import MediaFolder
from bot.network import Counting, HeardPage, Limits, Published, Refused
from moderation.release import Release
from shifts import timeline
from shifts.database import Database, utc_now
from shifts.timeline import Entry

LIMITS = Limits(
    characters=2000,
    counting=Counting.CODE_POINTS,
    pictures=4,
    picture_bytes=10_000_000,
    alt_characters=2000,
    own=True,
    video_bytes=200_000_000,
    edits=True,
)


class Timeline:
    """Writes timeline entries. Approved pictures are copied from the media folder to the public one."""

    limits = LIMITS

    def __init__(self, database: Database, media: Path, public_media: Path, public_url: str) -> None:
        self._database = database
        self._media = media
        self._public = MediaFolder(public_media)
        self._url = public_url.rstrip("/")

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        """One entry for one key, however often it is asked for. Raises Refused."""
        if len(release.text) > LIMITS.characters and not release.thread:
            raise Refused("too long")
        if len(release.pictures) > LIMITS.pictures:
            raise Refused("too many pictures")
        for picture in release.pictures:
            for name in picture.files:
                if not await asyncio.to_thread(self._public.take, name, self._media / name):
                    raise Refused("picture changed")
        async with self._database.transaction() as session:
            thread = await self._entry_id(answers) if answers else None
            entry = Entry(
                key=key,
                number=release.number,
                shift_id=release.shift,
                kind=release.kind,
                language=release.language,
                text=release.text,
                pictures=[asdict(picture) for picture in release.pictures],
                area=release.area,
                byline=release.byline,
                published_at=utc_now(),
                answers=thread,
            )
            published = await timeline.publish(session, entry)
        return self._published(published)

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        async with self._database.reading() as session:
            there = select(Entry).where(col(Entry.key) == key, col(Entry.withdrawn_at).is_(None))
            entry = (await session.exec(there)).first()
        return None if entry is None else self._published(entry)

    async def withdraw(self, published: Published) -> None:
        """A tombstone stays; words, pictures and videos go, these also from the folder that the website serves."""
        async with self._database.transaction() as session:
            try:
                purged = await timeline.withdraw(session, published.id, utc_now())
            except LookupError:
                return
        for name in purged:
            await asyncio.to_thread(self._public.drop, name)

    async def correct(self, published: Published, release: Release) -> Published:
        """The new words stand where the old ones stood; a line under them says what was wrong. Raises Refused."""
        async with self._database.transaction() as session:
            try:
                entry = await timeline.correct(
                    session,
                    published.id,
                    utc_now(),
                    text=release.text,
                    language=release.language,
                    area=release.area,
                    correction=release.correction or "",
                )
            except LookupError:
                raise Refused("gone") from None
        if entry.withdrawn_at is not None:
            raise Refused("gone")
        return self._published(entry)

    async def replies(self, cursor: str | None) -> HeardPage:
        """Nobody can write on our own page."""
        return HeardPage((), cursor)

    def _published(self, entry: Entry) -> Published:
        return Published(entry.key, f"{self._url}/p/{entry.number}", entry.published_at)

    async def _entry_id(self, key: str) -> int | None:
        async with self._database.reading() as session:
            return (await session.exec(select(Entry.id).where(col(Entry.key) == key))).first()


def limits() -> Limits:
    """What the timeline takes."""
    return LIMITS


@asynccontextmanager
async def connect(*, database: Database, media: Path, public_media: Path, public_url: str) -> AsyncIterator[Timeline]:
    """The timeline takes nothing from its table in patrol.toml; everything is the program's own."""
    yield Timeline(database, media, public_media, public_url)
