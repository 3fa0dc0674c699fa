"""Bluesky, and servers of its protocol: each release is one record whose key and time are fixed beforehand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot.bluesky.gate import change_gate
from bot.bluesky.line import OUT_OF_ORDER, Line, a_line
from bot.bluesky.notifications import heard_since, words_now
from bot.bluesky.record import COLLECTION, Image, Thread, record, thread_under
from bot.bluesky.session import Session
from bot.bluesky.tid import tid
from bot.bluesky.trouble import Gone, harmless_twice, translated
from bot.lengths import length
from bot.network import Counting, HeardPage, Limits, Published, Refused, TryLater, Unclear
from bot.rendition import alt_text, master, rendition
from moderation.release import PublicPicture, Release

LIMITS: Final = Limits(
    characters=300,
    counting=Counting.GRAPHEMES,
    pictures=4,
    picture_bytes=950_000,
    alt_characters=2000,
    bytes=3000,
    threads=True,
    hides=True,
)
PAGES: Final = "https://bsky.app"

_log = logging.getLogger(__name__)


class Bluesky:
    """One account."""

    limits = LIMITS

    def __init__(self, line: Line, media: Path) -> None:
        self._line = line
        self._media = media

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        """Write the record of a release. The same key writes the same record, which then changes nothing.

        Raises TryLater, Refused, SignedOut, Unclear."""
        _check(release)
        us = await self._line.us()
        try:
            thread = await self._thread(answers, us) if answers else None
            images = [await self._image(picture, release) for picture in release.pictures]
            rkey = tid(key, release.public_at)
            body = {**_place(us, rkey), "record": record(release, images, thread)}
            said = await self._line.act("com.atproto.repo.putRecord", body)
        except Gone:
            raise Refused("what it answers is gone") from None
        published = _published(us, rkey, release.public_at)
        if said.get("uri") != published.id:
            raise Unclear  # whoever says that did not write our record
        return published

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        """The record with this key's name, if it is there. Raises TryLater, SignedOut."""
        us = await self._line.us()
        rkey = tid(key, release.public_at)
        try:
            said = await self._record(us, rkey)
        except Gone:
            return None
        published = _published(us, rkey, release.public_at)
        if said.get("uri") != published.id:
            raise TryLater(OUT_OF_ORDER)  # whoever says that does not know our record
        return published

    async def withdraw(self, published: Published) -> None:
        """Delete the record; the server says yes if it is gone already. Raises TryLater, SignedOut."""
        us = await self._line.us()
        if not _is_ours(us, published.id):
            return
        rkey = _rkey(published.id)
        try:
            async with harmless_twice():
                said = await self._line.act("com.atproto.repo.deleteRecord", _place(us, rkey))
            if "commit" not in said:  # there was nothing to delete, or this is not the server that has it
                await self._record(us, rkey)
                raise TryLater(OUT_OF_ORDER)
        except Gone:
            return
        except Refused:
            raise TryLater(OUT_OF_ORDER) from None

    async def replies(self, cursor: str | None) -> HeardPage:
        """Notifications of replies and mentions that the cursor does not know. Raises TryLater, SignedOut."""
        return await heard_since(self._line, cursor)

    async def hide(self, heard_id: str, under: str) -> None:
        """Name a reply in the gate of its thread: apps put it behind a fold. Raises TryLater, Refused, SignedOut."""
        await change_gate(self._line, under, lambda hidden: [*(one for one in hidden if one != heard_id), heard_id])

    async def show_again(self, heard_id: str, under: str) -> None:
        """Take it out of the gate. Raises TryLater, Refused, SignedOut."""
        await change_gate(self._line, under, lambda hidden: [one for one in hidden if one != heard_id])

    async def again(self, heard_ids: Sequence[str]) -> Mapping[str, str | None]:
        """What replies say now. Raises TryLater, SignedOut."""
        return await words_now(self._line, heard_ids)

    async def _thread(self, answers: str, us: Session) -> Thread:
        """Where an answer stands. Our own records are read where they are kept, others as the network shows them."""
        async with harmless_twice(), translated():
            if _is_ours(us, answers):
                said = await self._record(us, _rkey(answers))
                return thread_under(said, said["value"])
            posts = (await self._line.ask("app.bsky.feed.getPosts", [("uris", answers)]))["posts"]
            if not posts:
                raise Gone
            return thread_under(posts[0], posts[0]["record"])

    async def _image(self, picture: PublicPicture, release: Release) -> Image:
        """Upload an approved picture, in fewer bytes if need be, right before the record that names it."""
        made = await asyncio.to_thread(rendition, master(self._media, picture), LIMITS.picture_bytes)
        _log.info("picture made", extra={"post": release.post, "recipe": made.recipe, "bytes": len(made.jpeg)})
        blob = await self._line.upload(made.jpeg)
        return Image(blob, alt_text(picture.alt, LIMITS.alt_characters), made.width, made.height)

    async def _record(self, us: Session, rkey: str) -> dict[str, Any]:
        return await self._line.ask("com.atproto.repo.getRecord", list(_place(us, rkey).items()))


def _check(release: Release) -> None:
    if length(release.text, LIMITS) > LIMITS.characters or len(release.text.encode()) > (LIMITS.bytes or 0):
        raise Refused("too long")
    if len(release.pictures) > LIMITS.pictures:
        raise Refused("too many pictures")


def _place(us: Session, rkey: str) -> dict[str, str]:
    return {"repo": us.did, "collection": COLLECTION, "rkey": rkey}


def _is_ours(us: Session, uri: str) -> bool:
    return uri.startswith(f"at://{us.did}/{COLLECTION}/")


def _rkey(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


def _published(us: Session, rkey: str, at: datetime) -> Published:
    return Published(f"at://{us.did}/{COLLECTION}/{rkey}", f"{PAGES}/profile/{us.handle}/post/{rkey}", at)


def limits(*, identifier: str = "", app_password: str = "", service: str = "") -> Limits:
    """What it takes: the protocol's own limits, nothing of the configuration's."""
    return LIMITS


@asynccontextmanager
async def connect(
    *, media: Path, state: Path, identifier: str, app_password: str, service: str = "https://bsky.social"
) -> AsyncIterator[Bluesky]:
    """An account by its handle and an app password. The session is kept in the folder `state`."""
    async with a_line(service, identifier, app_password, state) as line:
        yield Bluesky(line, media)
