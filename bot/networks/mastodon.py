"""Mastodon, and servers that speak its API: statuses by Mastodon.py, each with its key and looked for after doubt."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import mastodon
from mastodon.return_types import Account, MediaAttachment, Status

from bot.belonging import answered, others
from bot.lengths import length
from bot.mastodon_network.attempts import Attempts
from bot.mastodon_network.instance import taken
from bot.mastodon_network.line import Line, a_line
from bot.mastodon_network.mentions import Threads, aware, heard_since, newest, words_now
from bot.mastodon_network.plain import plain, same_words
from bot.mastodon_network.trouble import PROCESSING_WAIT, Gone
from bot.network import Counting, HeardPage, Limits, Published, Refused, SignedOut, TryLater
from bot.rendition import alt_text, film, master, rendition
from moderation.release import PublicPicture, Release
from shifts.database import Database, utc_now

CLOCKS_APART: Final = timedelta(hours=2)
"""How wrong the instance's clock may be. What earlier deliveries and texts brought there is known: so generous."""
PICTURE_BYTES: Final = 8_000_000
VIDEO_BYTES: Final = 39_000_000
"""As many as instances have taken for years; one that takes fewer says so."""
ALT_CHARACTERS: Final = 1500
LOOKS: Final = 5
"""Replies that are followed at once: each is a call, and an account may make 300 in five minutes."""
LOOK_PAGE: Final = 40
LOOK_PAGES: Final = 10
PROCESSING_LOOKS: Final = (0.3, 0.7, 1.5, 3.0)
VISIBILITIES: Final = frozenset({"public", "unlisted", "private"})

_log = logging.getLogger(__name__)


class Mastodon:
    """One account. Replies are heard on a line of their own, so that listening never delays a post."""

    def __init__(
        self, acting: Line, hearing: Line, table: Limits, visibility: str, media: Path, database: Database
    ) -> None:
        self._acting = acting
        self._hearing = hearing
        self._limits = table
        self._visibility = visibility
        self._media = media
        self._database = database
        self._asked = False
        self._us: Account | None = None
        self._attempts = Attempts()
        self._threads = Threads()
        self._uploaded: dict[tuple[str, str, str], str] = {}

    @property
    def limits(self) -> Limits:
        """What the configuration says, and after the first post what the instance says."""
        return self._limits

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        """Post a status with `key` as its idempotency key; what may be there already is looked for first.

        Raises TryLater, Refused, SignedOut, Unclear."""
        there = await self._there(release, key)
        if there is not None:
            return there
        await self._ask_limits()
        self._check(release)
        try:
            media = await self._media_of(release, key)
        except Gone:
            self._forget_uploads(key)
            raise TryLater(PROCESSING_WAIT) from None
        self._attempts.begin(key, utc_now())
        try:
            published = await self._acting.act(lambda client: self._post(client, release, key, answers, media))
        except Gone:
            self._attempts.failed(key)
            raise Refused("what it answers is gone") from None
        except Refused:
            self._attempts.failed(key)
            self._forget_uploads(key)  # the instance may have forgotten them, and takes less than it said before
            self._asked = False
            await self._ask_limits()
            self._check(release)
            raise
        except (TryLater, SignedOut):
            self._attempts.failed(key)
            raise
        self._forget_uploads(key)
        return self._attempts.done(key, published)

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        """Our status with these words and as many pictures, unless something else brought it there; a fixed text also
        by whom it answers. Raises TryLater, SignedOut."""
        us = await self._account(self._acting)
        earliest = since - CLOCKS_APART
        alike = await self._acting.look(lambda client: _alike(client, us, release, earliest))
        said_to = await answered(self._database, key)
        if said_to is not None:
            alike = [status for status in alike if str(status.in_reply_to_id) == said_to]
        ids = [str(status.id) for status in alike]
        known = self._attempts.of_others(ids, key) | await others(self._database, ids, key)
        unknown = [status for status in alike if str(status.id) not in known]
        if not unknown:
            self._attempts.failed(key)
            return None
        return self._attempts.done(key, _published(unknown[-1]))

    async def withdraw(self, published: Published) -> None:
        """Delete a status and its media. Raises TryLater, SignedOut."""
        self._attempts.withdrawn(published.id)
        try:
            still_there = await self._acting.ask(lambda client: _deleted(client, published.id))
        except Gone:
            return
        except Refused:
            raise TryLater(PROCESSING_WAIT) from None
        if still_there:
            raise TryLater(PROCESSING_WAIT)

    async def correct(self, published: Published, release: Release) -> Published:
        """Change the words of a status; its pictures stay. Raises TryLater, Refused, SignedOut.

        The same words twice are one change, so doubt is answered by trying again."""
        if length(release.text, self._limits) > self._limits.characters:
            raise Refused("too long")

        def edit(client: mastodon.Mastodon) -> Published:
            there = client.status(published.id)
            media = [attachment.id for attachment in there.media_attachments]
            return _published(client.status_update(published.id, release.text, media_ids=media or None))

        try:
            return await self._acting.ask(edit)
        except Gone:
            raise Refused("gone") from None

    async def replies(self, cursor: str | None) -> HeardPage:
        """Mentions of us under our statuses, by a cursor that pages forward. Raises TryLater, SignedOut."""
        us = await self._account(self._hearing)
        if cursor is None:
            return HeardPage((), await self._hearing.look(newest))
        return await self._hearing.look(lambda client: heard_since(client, us, cursor, self._threads))

    async def again(self, heard_ids: Sequence[str]) -> Mapping[str, str | None]:
        """What replies say now. Raises TryLater, SignedOut."""
        us = await self._account(self._hearing)
        # Each is a call by itself, so that listening never waits for more than one.
        return {one: await self._hearing.look(partial(words_now, us=us, id_=one)) for one in heard_ids}

    async def _there(self, release: Release, key: str) -> Published | None:
        """What an earlier call with this key has brought there."""
        since = self._attempts.in_doubt.get(key)
        return self._attempts.there.get(key) if since is None else await self.find(release, key, since)

    def _post(
        self, client: mastodon.Mastodon, release: Release, key: str, answers: str | None, media: list[str]
    ) -> Published:
        status = client.status_post(
            release.text,
            in_reply_to_id=answers,
            media_ids=media or None,
            visibility=self._visibility,
            language=release.language,
            idempotency_key=key,
        )
        return _published(status)

    def _forget_uploads(self, key: str) -> None:
        self._uploaded = {known: id_ for known, id_ in self._uploaded.items() if known[0] != key}

    async def _ask_limits(self) -> None:
        """Ask the instance once what it takes; one that cannot say is believed to take what is configured."""
        if self._asked:
            return
        try:
            told = await self._acting.ask(lambda client: client.instance_v2())
        except (Gone, Refused):
            told = None
        self._limits = taken(told, self._limits)
        self._asked = True

    def _check(self, release: Release) -> None:
        if length(release.text, self._limits) > self._limits.characters:
            raise Refused("too long")
        if len(release.pictures) > self._limits.pictures:
            raise Refused("too many pictures")

    async def _media_of(self, release: Release, key: str) -> list[str]:
        """The ids of what is uploaded for a release: its video alone, or pictures and posters."""
        video = await asyncio.to_thread(film, self._media, release.pictures, self._limits.video_bytes)
        if video is not None:
            return [await self._attached(release.pictures[0], key, video, "video/mp4")]
        return [await self._pictured(picture, key) for picture in release.pictures]

    async def _pictured(self, picture: PublicPicture, key: str) -> str:
        jpeg = master(self._media, picture)
        made = await asyncio.to_thread(rendition, jpeg, self._limits.picture_bytes)
        _log.info("picture made", extra={"key": key, "recipe": made.recipe, "bytes": len(made.jpeg)})
        return await self._attached(picture, key, made.jpeg, "image/jpeg")

    async def _attached(self, picture: PublicPicture, key: str, content: bytes, kind: str) -> str:
        """The id of an upload that is ready to be posted; a second try uses the first one's."""
        known = (key, picture.sha256, picture.alt)
        if known not in self._uploaded:
            alt = alt_text(picture.alt, self._limits.alt_characters)
            media_id, ready = await self._acting.ask(lambda client: _named(client.media_post(content, kind, alt)))
            self._uploaded[known] = media_id
            if ready:
                return media_id
        await self._processed(self._uploaded[known])
        return self._uploaded[known]

    async def _processed(self, media_id: str) -> None:
        """Wait until the instance has made its sizes of a picture. Raises TryLater if that takes long."""
        for pause in PROCESSING_LOOKS:
            _, ready = await self._acting.ask(lambda client: _named(client.media(media_id)))
            if ready:
                return
            await asyncio.sleep(pause)
        raise TryLater(PROCESSING_WAIT)

    async def _account(self, line: Line) -> Account:
        if self._us is None:
            asked: Account = await line.look(lambda client: client.account_verify_credentials())
            self._us = asked
        return self._us


def _alike(client: mastodon.Mastodon, us: Account, release: Release, earliest: datetime) -> list[Status]:
    """Our own statuses with the words and the number of pictures of a release, newest first."""
    alike: list[Status] = []
    before: str | None = None
    for _ in range(LOOK_PAGES):
        page = client.account_statuses(us.id, exclude_reblogs=True, max_id=before, limit=LOOK_PAGE)
        if not isinstance(page, list):
            raise TypeError("no list of statuses")
        recent = [status for status in page if aware(status.created_at) >= earliest]
        alike += [status for status in recent if _is_of(status, release)]
        if not page or len(recent) < len(page):
            break
        before = str(page[-1].id)
    return alike


def _is_of(status: Status, release: Release) -> bool:
    as_many = len(status.media_attachments) == len(release.pictures)
    return as_many and same_words(plain(status.content), plain_words(release.text))


def _deleted(client: mastodon.Mastodon, status_id: str) -> bool:
    """Delete a status; True if it is there although the instance said yes. Most answer with what they deleted: whoever
    does not is asked."""
    told = client.status_delete(status_id, delete_media=True)
    return not getattr(told, "id", None) and bool(client.status(status_id).id)


def plain_words(text: str) -> str:
    """Our own words after the journey through an instance and back."""
    return plain(text.replace("&", "&amp;").replace("<", "&lt;"))


def _named(attachment: MediaAttachment) -> tuple[str, bool]:
    """The id of an upload, and whether it may be posted by now. Raises ValueError for what is none."""
    if not attachment.id:
        raise ValueError("an upload has an id")
    return str(attachment.id), bool(attachment.url)


def _published(status: Status) -> Published:
    """Raises ValueError or AttributeError for what is no status."""
    if not status.id:
        raise ValueError("a status has an id")
    return Published(str(status.id), status.url, aware(status.created_at))


def limits(
    *,
    base_url: str = "",
    access_token: str = "",
    visibility: str = "public",
    characters: int = 500,
    per_link: int = 23,
    pictures: int = 4,
) -> Limits:
    """What it takes, from its table in the configuration: nearly every instance takes at least this."""
    return Limits(
        characters,
        Counting.CODE_POINTS,
        pictures,
        PICTURE_BYTES,
        ALT_CHARACTERS,
        per_link,
        edits=True,
        video_bytes=VIDEO_BYTES,
        threads=True,
        looks=LOOKS,
    )


@asynccontextmanager
async def connect(
    *,
    database: Database,
    media: Path,
    base_url: str,
    access_token: str,
    visibility: str = "public",
    characters: int = 500,
    per_link: int = 23,
    pictures: int = 4,
) -> AsyncIterator[Mastodon]:
    """An account by its access token (scopes read and write). Nothing is asked before the first call."""
    if visibility not in VISIBILITIES:
        raise ValueError("visibility must be public, unlisted or private")
    table = limits(characters=characters, per_link=per_link, pictures=pictures)
    async with a_line(base_url, access_token) as acting, a_line(base_url, access_token) as hearing:
        yield Mastodon(acting, hearing, table, visibility, media, database)
