"""An account on the fake X for tests: releases to post, what was spent, and the adapter with short waits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlmodel import select

from bot.networks.x import Switches, X
from bot.x.budget import Tariff, XSpending
from bot.x.line import Keys, open_line
from moderation.release import ContentHash, PublicPicture, Release
from shifts.database import Database, utc_now
from tests.fake_x.server import FakeX

CALL_SECONDS = 8.0
SHORT_SECONDS = 0.7
"""For what never answers: a test waits as long."""
POST = Release(
    post=1,
    number=214,
    network="x",
    shift=1,
    kind="patrol",
    language="en",
    text="Stopped a van with four bald tyres in Riverside, driver reported.",
    pictures=(),
    area="riverside",
    byline="Lima 3",
    approved_at=utc_now() - timedelta(seconds=10),
    content=ContentHash("0" * 64),
)


class Clock:
    """The adapter's clock, moved by hand."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.passed


class Account:
    """The fake, a database and a folder of pictures; `open` gives the network."""

    def __init__(self, fake: FakeX, database: Database, media: Path) -> None:
        self.fake, self.database, self.media, self.clock = fake, database, media, Clock()

    @asynccontextmanager
    async def open(
        self, tariff: Tariff | None = None, *, seconds: float = CALL_SECONDS, **switches: Any
    ) -> AsyncIterator[X]:
        """The network, with nothing allowed that is off by default; `seconds` for a call."""
        secrets = self.fake.secrets
        keys = Keys(secrets.api_key, secrets.api_secret, secrets.access_token, secrets.access_secret)
        chosen = {"replies_allowed": False, "hear_replies": False, "hear_seconds": 0.0, **switches}
        async with open_line(keys, self.fake.base_url, seconds) as line:
            yield X(line, self.database, self.media, tariff or Tariff(), Switches(**chosen), self.clock)

    def with_pictures(self, release: Release, *jpegs: bytes, alt: str = "A van at night, plate covered") -> Release:
        """The release with these pictures, which lie in the folder."""
        pictures = []
        for jpeg in jpegs:
            name = sha256(jpeg).hexdigest()
            (self.media / f"{name}.jpg").write_bytes(jpeg)
            pictures.append(PublicPicture(name, 640, 480, alt))
        return replace(release, pictures=tuple(pictures))

    async def spent(self) -> int:
        """Millionths of a dollar, over all nights."""
        async with self.database.reading() as session:
            return sum(row.micros for row in (await session.exec(select(XSpending))).all())


@asynccontextmanager
async def an_account(database: Database, media: Path) -> AsyncIterator[Account]:
    async with FakeX().serving() as fake:
        yield Account(fake, database, media)
