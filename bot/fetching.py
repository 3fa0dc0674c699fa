"""Fetching: the pictures that officers sent are brought from the chat app into the vault."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select

from bot import emptied
from bot.chat_app import Attachment, AttachmentKind, AttachmentRefused, ChatApp, ChatAppDown
from bot.desk import Desk
from bot.picture_work import held
from bot.reception import most_bytes, too_big
from moderation.media_video import is_video
from moderation.post import PICTURES, PictureState, Post, PostPicture
from shifts.database import Database, utc_now

IDLE_SECONDS: Final = 0.1
AT_ONCE: Final = 3
"""Some may be as large as a video, and all of them are in memory."""
FAILED_SECONDS: Final = 60.0
"""After so long it is tried again if it failed for a reason nobody foresaw."""

_log = logging.getLogger(__name__)


class Fetcher:
    """Works on rows: what a killed process did not fetch, the next one does."""

    def __init__(self, database: Database, apps: Mapping[str, ChatApp], desk: Desk) -> None:
        self._database = database
        self._apps = apps
        self._desk = desk
        self._in_hand: set[int] = set()

    async def run(self) -> None:
        """Until cancelled. Each picture is a task of its own: a slow one holds up none of those that come after it."""
        self._in_hand.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                if not await self._begin(utc_now(), group):
                    await asyncio.sleep(IDLE_SECONDS)

    async def once(self, now: datetime) -> bool:
        """Fetch what is wanted now; False if there was nothing."""
        async with asyncio.TaskGroup() as group:
            return await self._begin(now, group)

    async def _begin(self, now: datetime, group: asyncio.TaskGroup) -> bool:
        if len(self._in_hand) >= AT_ONCE:
            return False
        async with self._database.reading() as session:
            statement = (
                select(PostPicture, Post)
                .join(Post, col(Post.id) == col(PostPicture.post_id))
                .where(
                    PostPicture.state == PictureState.WANTED,
                    col(PostPicture.fetch_at) <= now,
                    col(Post.app).in_(self._apps),
                    col(PostPicture.id).not_in(self._in_hand),
                )
                .order_by(col(PostPicture.id))
                .limit(AT_ONCE - len(self._in_hand))
            )
            wanted = (await session.exec(statement)).all()
        for picture, post in wanted:
            self._in_hand.add(picture.id or 0)
            group.create_task(self._take(picture, post))
        return bool(wanted)

    async def _take(self, picture: PostPicture, post: Post) -> None:
        try:
            await self._try(picture, post)
        finally:
            self._in_hand.discard(picture.id or 0)

    async def _try(self, picture: PostPicture, post: Post) -> None:
        """One that cannot be fetched, for whatever reason, holds up none of the others."""
        try:
            await self._fetch(picture, post)
        except Exception as error:  # noqa: BLE001 - it is tried again later, and the others are not its fault
            _log.error("a picture could not be fetched", extra={"picture": picture.id, "error": type(error).__name__})
            await self._later(picture.id or 0, FAILED_SECONDS)

    async def _fetch(self, picture: PostPicture, post: Post) -> None:
        ref = self._desk.vault.unseal(picture.ref or b"", f"ref:{picture.post_id}:{picture.part}").decode()
        try:
            data = await self._apps[post.app].fetch(Attachment(AttachmentKind(picture.kind), ref))
        except ChatAppDown as down:
            await self._later(picture.id or 0, down.wait)
        except AttachmentRefused:
            await self._refuse(picture.id or 0, "reception.cannot_fetch")
        else:
            kind = kind_of(AttachmentKind(picture.kind), data)
            if len(data) > most_bytes(kind):
                await self._refuse(picture.id or 0, too_big(kind))
            else:
                await self._hold(picture.id or 0, data, kind)

    async def _hold(self, picture_id: int, data: bytes, kind: AttachmentKind) -> None:
        """Sealed, and known for what it is by its content, whatever it was sent as."""
        now = utc_now()
        async with self._database.transaction() as session:
            post, picture = await held(session, picture_id)
            if picture.state is not PictureState.WANTED:
                return
            purge_at = now + timedelta(days=self._desk.times.originals_days)
            original = await self._desk.vault.put(session, data, now, purge_at)
            await PICTURES.move(session, picture, PictureState.HELD, kind=kind.value, original_id=original, ref=None)
            if post.drafted == post.revision:
                post.prepare_at = now
            await self._desk.changed(session, post, now)

    async def _refuse(self, picture_id: int, words: str) -> None:
        now = utc_now()
        async with self._database.transaction() as session:
            post, picture = await held(session, picture_id)
            if picture.state is not PictureState.WANTED:
                return
            await PICTURES.move(session, picture, PictureState.REFUSED, refused=words, ref=None)
            if post.drafted == post.revision:
                post.prepare_at = now
            await self._desk.tell_author(session, post, words)
            await emptied.end(session, self._desk, post, now)
            await self._desk.changed(session, post, now)

    async def _later(self, picture_id: int, wait: float) -> None:
        async with self._database.transaction() as session:
            picture = await session.get_one(PostPicture, picture_id, with_for_update=True, populate_existing=True)
            picture.tries += 1
            picture.fetch_at = utc_now() + timedelta(seconds=max(wait, min(60.0, 2.0 ** min(picture.tries, 6))))


def kind_of(sent_as: AttachmentKind, data: bytes) -> AttachmentKind:
    """What it is by its content. A video of a kind that we do not take stays one, so that its sender reads why."""
    moving_picture = sent_as is AttachmentKind.VIDEO and not data.startswith(b"GIF8")
    return AttachmentKind.VIDEO if is_video(data) or moving_picture else AttachmentKind.PHOTO
