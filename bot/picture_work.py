"""Work on pictures: what covering photos and covering videos share, from the original to what its row says of it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import emptied, judging
from bot.desk import Desk
from bot.media_folder import MediaFolder
from moderation import queue
from moderation.finding import Box, BoxKind
from moderation.media import draft_alt, draft_alt_of_video
from moderation.post import OPEN, PICTURES, PictureState, Post, PostPicture, pictures
from moderation.vault import Gone
from shifts.database import Database, utc_now
from shifts.words import Words

PICTURE_TRIES: Final = 3
GONE: Final = "clock.picture_gone"
"""Words for its author: its original died on its clock before it was covered."""
UNSEEN: Final = judging.UNSEEN.words
ASK_AGAIN: Final = timedelta(seconds=5)
_log = logging.getLogger(__name__)


class PictureWork:
    """Rows and files of pictures. `changed` is called after every commit."""

    def __init__(self, database: Database, desk: Desk, media: Path, changed: Callable[[], None]) -> None:
        self.database = database
        self.desk = desk
        self.folder = MediaFolder(media)
        self.changed = changed

    async def in_state(
        self, post_id: int, kinds: tuple[str, ...], states: tuple[PictureState, ...], revision: int | None = None
    ) -> list[int]:
        """The pictures of an open post (of a `revision`) of these kinds and in these states, in the order they came."""
        async with self.database.reading() as session:
            post = await session.get(Post, post_id)
            if post is None or post.state not in OPEN or revision not in (None, post.revision):
                return []
            wanted = (PostPicture.post_id == post_id, col(PostPicture.state).in_(states))
            found = select(PostPicture.id).where(*wanted, col(PostPicture.kind).in_(kinds))
            return [i for i in (await session.exec(found.order_by(col(PostPicture.id)))).all() if i is not None]

    async def original(self, picture_id: int) -> tuple[PostPicture, bytes] | None:
        """A picture as it was sent, with its row; None if it is not kept any more: then it is refused."""
        async with self.database.reading() as session:
            picture = await session.get_one(PostPicture, picture_id)
            try:
                return picture, await self.desk.vault.get(session, picture.original_id or "")
            except Gone:
                pass
        await self.refuse(picture_id, GONE)
        return None

    async def covered(self, asked: PostPicture, state: PictureState, facts: Mapping[str, Any]) -> None:
        """What came of it stands in its row, unless somebody has asked for something else meanwhile."""
        async with self.database.transaction() as session:
            post, picture = await held(session, asked.id)
            if post.state not in OPEN:
                return
            if _asked(picture) != _asked(asked):
                post.prepare_at = utc_now()
                return
            if picture.state is not state:
                await PICTURES.move(session, picture, state)
            before = len(picture.lifted)
            for name, value in facts.items():
                setattr(picture, name, value)
            if len(picture.lifted) > before:
                signs = len(picture.lifted) - before
                await queue.note(session, post, "signs left open", None, utc_now(), picture=picture.id, boxes=signs)
            picture.tries = 0
            if not picture.alt_chosen:
                picture.alt = drafted(picture, self.desk.words, post.language)
            judging.again(post, await pictures(session, post))
            await self.desk.changed(session, post, utc_now())
        self.changed()

    async def refuse(self, picture_id: int, words: str) -> None:
        """It is not taken, and its author reads why."""
        async with self.database.transaction() as session:
            post, picture = await held(session, picture_id)
            if PictureState.REFUSED not in PICTURES.moves.get(picture.state, frozenset()):
                return
            await PICTURES.move(session, picture, PictureState.REFUSED, refused=words)
            await emptied.end(session, self.desk, post, utc_now())
            await self.desk.changed(session, post, utc_now())
            await self.desk.tell_author(session, post, words)

    async def failed(self, picture_id: int) -> None:
        """A detector could not look: held, tried again, and after that left to an inspector without the picture."""
        _log.error("a picture could not be examined", extra={"picture": picture_id})
        async with self.database.transaction() as session:
            post, picture = await held(session, picture_id)
            picture.tries += 1
            await session.flush()
            post.prepare_at = utc_now() + ASK_AGAIN
            if picture.tries >= PICTURE_TRIES:
                await PICTURES.move(session, picture, PictureState.REFUSED, refused=UNSEEN)
                judging.unseen(post, await pictures(session, post))
                if await emptied.end(session, self.desk, post, utc_now()):
                    await self.desk.tell_author(session, post, UNSEEN)
            await self.desk.changed(session, post, utc_now())

    async def finish(self, post_id: int) -> None:
        """Publish unlocks if this was the last of what the post was waiting for."""
        async with self.database.transaction() as session:
            post = await queue.locked(session, post_id)
            if post.state in OPEN and post.prepared != post.revision:
                await judging.finish(session, post, await pictures(session, post), utc_now())
                await self.desk.changed(session, post, utc_now())
        self.changed()


async def held(session: AsyncSession, picture_id: int | None) -> tuple[Post, PostPicture]:
    """A post and then its picture, as they are now; nobody else changes them. Everybody locks them in this order."""
    known = await session.get_one(PostPicture, picture_id)
    post = await queue.locked(session, known.post_id)
    return post, await session.get_one(PostPicture, picture_id, with_for_update=True, populate_existing=True)


def _asked(picture: PostPicture) -> tuple[Any, ...]:
    """What people have asked for about a picture."""
    return picture.added, picture.lifted, picture.sound


def drafted(picture: PostPicture, words: Words, language: str) -> str:
    """A first alt text, from what was covered."""
    if picture.video is not None:
        number = {BoxKind(kind): count for kind, count in picture.counts.items()}
        return draft_alt_of_video(number, picture.seconds, words, language)
    return draft_alt(
        [read(box) for index, box in enumerate(picture.boxes) if index not in picture.lifted], words, language
    )


def told(box: Box) -> dict[str, Any]:
    """A box as its row holds it."""
    return {**asdict(box), "kind": box.kind.value}


def read(told: Mapping[str, Any]) -> Box:
    """A box out of its row."""
    return Box(**{**told, "kind": BoxKind(told["kind"])})
