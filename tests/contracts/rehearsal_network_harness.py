"""The rehearsal's network for the contract over every network."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.network import Network, Published
from bot.networks import rehearsal
from bot.rehearsal.platform import Platform, open_platform
from bot.rehearsal.public import Trouble
from tests.bot.echo import KEY


class RehearsalNetworkHarness:
    def __init__(self, platform: Platform, network: Network) -> None:
        self._platform = platform
        self.network = network

    async def texts(self) -> list[str]:
        posts = await self._platform.public.posts()
        return [post.text for post in reversed(posts) if post.withdrawn is None]

    async def answer(self, published: Published, name: str, text: str) -> None:
        now = self._platform.now()
        await self._platform.public.reply(published.id, name, text, secrets.token_hex(8), now)

    async def shown(self, published: Published) -> list[str]:
        posts = await self._platform.public.posts()
        pictures = next(post.pictures for post in posts if post.id == published.id)
        return ["video" if picture.video else "picture" for picture in pictures]

    async def stands_under(self, published: Published) -> str | None:
        return next(post.answers for post in await self._platform.public.posts() if post.id == published.id)

    async def change(self, heard_id: str, text: str | None) -> None:
        await self._platform.public.change_reply(heard_id, text)

    async def hidden(self) -> set[str]:
        return await self._platform.public.hidden()

    async def go_away(self, away: bool) -> None:
        await self._platform.public.switch(Trouble.DOWN, away)

    async def lose_replies(self, lose: bool) -> None:
        await self._platform.public.switch(Trouble.LOST_REPLY, lose)

    async def refuse(self, refuse: bool) -> None:
        await self._platform.public.switch(Trouble.REFUSES, refuse)

    async def sign_out(self, out: bool) -> None:
        await self._platform.public.switch(Trouble.SIGNED_OUT, out)


@asynccontextmanager
async def rehearsal_network(folder: Path) -> AsyncIterator[RehearsalNetworkHarness]:
    """A platform of its own with its network."""
    async with (
        open_platform(folder / "rehearsal.sqlite", KEY) as platform,
        rehearsal.connect(platform=platform) as network,
    ):
        yield RehearsalNetworkHarness(platform, network)
