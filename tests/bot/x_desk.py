"""A desk with approved posts for X and the real publisher; as a program, a publisher to be killed."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from bot import delivery
from bot.delivery import Delivery, DeliveryState
from bot.engine import Engine
from bot.network import Network
from bot.networks import x
from bot.publishing import Publisher
from moderation import approval
from moderation.decision import Decision, DecisionKind
from moderation.post import POSTS, Post, PostState
from moderation.redaction import Redactor
from moderation.scan import Scan
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState
from shifts.words import Words
from tests.contracts.x_harness import settings
from tests.fake_x.server import FakeX

CONFIG = Path(__file__).parents[2] / "config"
LEASE = timedelta(seconds=60)
DAY = timedelta(days=1)


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
    officer = Officer(
        id="lima-3", call_sign="Lima 3", name="P", unit="lima", roles=["officer"], language="en",
        accredited_until=now + DAY,
    )  # fmt: skip
    async with database.transaction() as session:
        shift = Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=now, ends_at=now + DAY)
        session.add_all([officer, shift])
        await session.flush()
        for number, text in enumerate(texts, start=1):
            post = _approved(number, text, now)
            session.add(post)
            await session.flush()
            post.content = approval.content_of(post, [], None)
            yes = Decision(
                post_id=post.id or 0, kind=DecisionKind.PUBLISH, officer_id="sergeant-1", at=now, revision=1,
                content=post.content,
            )  # fmt: skip
            session.add(yes)
            await delivery.plan(session, post, ["x"], now, {})


def _approved(number: int, text: str, now: datetime) -> Post:
    return Post(
        number=number, author_id="lima-3", shift_id=1, state=PostState.APPROVED, app="a", chat="c",
        message=f"{number}", source_id="s", original_id="s", prepared=1, drafted=1, prepare_at=now, text=text,
        sent_at=now, received_at=now, networks=["x"], undo_until=now, approved_at=now, approved_by="sergeant-1",
    )  # fmt: skip


async def recall(database: Database) -> None:
    """Take every post off X."""
    now = utc_now()
    async with database.transaction() as session:
        for post in (await session.exec(select(Post))).all():
            await POSTS.move(session, post, PostState.RECALLED)
            await delivery.recall(session, post, now)


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
