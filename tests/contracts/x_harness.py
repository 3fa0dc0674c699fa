"""X, over a strict fake of its API, for the contract over every network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.network import Network, Published
from bot.networks import x
from shifts.database import Database
from tests.fake_x.server import FakeX
from tests.ground import create_tables

ALWAYS = 1_000_000


class XHarness:
    def __init__(self, fake: FakeX, network: Network) -> None:
        self.fake = fake
        self.network = network

    async def texts(self) -> list[str]:
        return self.fake.texts()

    async def answer(self, published: Published, name: str, text: str) -> None:
        self.fake.say(name, f"@PortAlbaPolice {text}", published.id)

    async def shown(self, published: Published) -> list[str]:
        media = self.fake.world.posts[published.id].media
        return ["video" if one.content[4:8] == b"ftyp" else "picture" for one in media]

    async def stands_under(self, published: Published) -> str | None:
        return self.fake.world.posts[published.id].answers

    async def change(self, heard_id: str, text: str | None) -> None:
        raise NotImplementedError("replies on X are not followed: every look costs")

    async def hidden(self) -> set[str]:
        return {post.id for post in self.fake.world.posts.values() if post.hidden}

    async def go_away(self, away: bool) -> None:
        await self.fake.go_away(away)

    async def lose_replies(self, lose: bool) -> None:
        self._switch(lose, "lost")

    async def refuse(self, refuse: bool) -> None:
        self._switch(refuse, "status")

    async def sign_out(self, out: bool) -> None:
        self.fake.revoked = out

    def _switch(self, on: bool, kind: Any) -> None:
        self.fake.mend()
        if on:
            self.fake.fail(kind, "post", times=ALWAYS, status=403, detail="This request looks like it is automated.")


def settings(fake: FakeX, **more: Any) -> dict[str, Any]:
    """The table of patrol.toml for a fake."""
    secrets = fake.secrets
    keys = {
        "api_key": secrets.api_key,
        "api_secret": secrets.api_secret,
        "access_token": secrets.access_token,
        "access_secret": secrets.access_secret,
    }
    return {"keys": keys, "base_url": fake.base_url, **more}


@asynccontextmanager
async def x_network(folder: Path) -> AsyncIterator[XHarness]:
    """A fake and an account on it, with everything allowed that is off by default."""
    create_tables(f"sqlite:///{folder}/x.db")
    database = Database(f"sqlite+aiosqlite:///{folder}/x.db")
    async with FakeX().serving() as fake:
        table = settings(fake, replies_allowed=True, hear_replies=True, hear_seconds=0.0)
        async with x.connect(database=database, media=folder, **table) as network:
            yield XHarness(fake, network)
    await database.close()
