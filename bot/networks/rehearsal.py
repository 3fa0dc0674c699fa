"""The rehearsal as a network: it shows what the public would get, sends nothing, and fails when told to."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from bot.lengths import length
from bot.network import Counting, HeardPage, Limits, Published, Refused, SignedOut, TryLater, Unclear
from bot.rehearsal.platform import Platform
from bot.rehearsal.public import PublicPost, Trouble
from moderation.release import Release

DOWN_FOR: Final = 2.0
SLOW_FOR: Final = 3.0
VIDEO_BYTES: Final = 99_000_000


class RehearsalNetwork:
    """The network over a platform."""

    def __init__(self, platform: Platform, limits: Limits) -> None:
        self._platform = platform
        self._limits = limits

    @property
    def limits(self) -> Limits:
        return self._limits

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        """Put a release on the panel once. Raises TryLater, Refused, SignedOut, Unclear as the switches say."""
        troubles = await self._reach()
        if Trouble.REFUSES in troubles:
            raise Refused("policy")
        self._check(release)
        post, new = await self._platform.public.add(release, key, answers, self._platform.now())
        self._platform.tell_public()
        if new and Trouble.LOST_REPLY in troubles:
            raise Unclear
        return _published(post)

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        """The post with this key, if it is there. Raises TryLater, SignedOut."""
        await self._reach()
        post = await self._platform.public.by_key(key)
        return None if post is None or post.withdrawn else _published(post)

    async def withdraw(self, published: Published) -> None:
        """Strike the post through on the panel. Raises TryLater, SignedOut."""
        await self._reach()
        await self._platform.public.withdraw(published.id, self._platform.now())
        self._platform.tell_public()

    async def replies(self, cursor: str | None) -> HeardPage:
        """What was answered on the panel since `cursor`. Raises TryLater, SignedOut."""
        await self._reach()
        if cursor is None:
            return HeardPage((), str(await self._platform.public.last_reply()))
        heard, last = await self._platform.public.replies(int(cursor))
        return HeardPage(tuple(heard), str(last))

    async def hide(self, heard_id: str, under: str) -> None:
        """Put a reply behind the fold. Raises TryLater, SignedOut."""
        await self._fold(heard_id, hidden=True)

    async def show_again(self, heard_id: str, under: str) -> None:
        """Take it out again. Raises TryLater, SignedOut."""
        await self._fold(heard_id, hidden=False)

    async def again(self, heard_ids: Sequence[str]) -> Mapping[str, str | None]:
        """What replies say now. Raises TryLater, SignedOut."""
        await self._reach()
        return await self._platform.public.now(heard_ids)

    async def _fold(self, heard_id: str, *, hidden: bool) -> None:
        await self._reach()
        await self._platform.public.hide_reply(heard_id, hidden)
        self._platform.tell_public()

    def _check(self, release: Release) -> None:
        if length(release.text, self._limits) > self._limits.characters:
            raise Refused("too long")
        if len(release.pictures) > self._limits.pictures:
            raise Refused("too many pictures")

    async def _reach(self) -> set[Trouble]:
        """The troubles that are on, after those that hit every call. Raises TryLater, SignedOut."""
        troubles = set(await self._platform.public.troubles())
        if Trouble.SLOW in troubles:
            await asyncio.sleep(SLOW_FOR)
        if Trouble.DOWN in troubles:
            raise TryLater(DOWN_FOR)
        if Trouble.SIGNED_OUT in troubles:
            raise SignedOut
        return troubles


def _published(post: PublicPost) -> Published:
    return Published(post.id, None, post.at)


def limits(
    *,
    characters: int = 500,
    counting: str = "code points",
    per_link: int | None = 23,
    pictures: int = 4,
    picture_bytes: int = 16_000_000,
    alt_characters: int = 1500,
) -> Limits:
    """What it takes, from its table in the configuration."""
    counted = Counting(counting)
    numbers = (characters, counted, pictures, picture_bytes, alt_characters, per_link)
    return Limits(*numbers, video_bytes=VIDEO_BYTES, threads=True, hides=True)


@asynccontextmanager
async def connect(
    *,
    platform: Platform,
    characters: int = 500,
    counting: str = "code points",
    per_link: int | None = 23,
    pictures: int = 4,
    picture_bytes: int = 16_000_000,
    alt_characters: int = 1500,
) -> AsyncIterator[RehearsalNetwork]:
    """The network of a platform that is open already."""
    taken = limits(
        characters=characters,
        counting=counting,
        per_link=per_link,
        pictures=pictures,
        picture_bytes=picture_bytes,
        alt_characters=alt_characters,
    )
    yield RehearsalNetwork(platform, taken)
