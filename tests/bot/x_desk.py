"""A desk with approved posts for X and the real publisher; as a program, a publisher to be killed."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from bot.delivery import Delivery, DeliveryState
from bot.engine import Engine
from bot.network import Network
from bot.networks import x
from bot.publishing import Publisher
from moderation.post import Post
from moderation.redaction import Redactor
from moderation.scan import Scan
from shifts.database import Database, utc_now
from shifts.words import Words
from tests.bot import approved
from tests.contracts.x_harness import settings
from tests.fake_x.server import FakeX

CONFIG = Path(__file__).parents[2] / "config"
LEASE = timedelta(seconds=60)


def load_redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)


def publisher(
    database: Database, network: Network, redactor: Redactor, media: Path, clock: Callable[[], datetime] = utc_now
) -> Publisher:
    scan = Scan(redactor, media)
    return Publisher(database, Engine(database), {"x": network}, scan, LEASE, lambda: None, clock=clock)


async def approve(database: Database, *texts: str) -> None:
    """A live shift with these posts, approved and due on X."""
    now = utc_now()
    async with database.transaction() as session:
        await approved.begin(session, ["Night B"], now)
        for number, text in enumerate(texts, start=1):
            await approved.approve(session, number, text, ["x"], now, now)


async def recall(database: Database) -> None:
    """Take every post off X."""
    async with database.transaction() as session:
        await approved.recall(session, (await session.exec(select(Post))).all(), utc_now())


async def rows(database: Database) -> Sequence[Delivery]:
    async with database.reading() as session:
        return (await session.exec(select(Delivery).order_by(col(Delivery.id)))).all()


async def states(database: Database) -> list[DeliveryState]:
    return [row.state for row in await rows(database)]


async def _deliver_one(database_url: str, base_url: str, media: str) -> None:
    database = Database(database_url)
    fake = FakeX()
    fake.base_url = base_url
    async with x.connect(database=database, media=Path(media), **settings(fake)) as network:
        await publisher(database, network, load_redactor(), Path(media)).deliver(1)


if __name__ == "__main__":
    asyncio.run(_deliver_one(*sys.argv[1:4]))
