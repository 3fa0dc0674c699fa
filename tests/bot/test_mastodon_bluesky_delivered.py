"""The real publisher over Mastodon, over a server that keeps no keys, and over Bluesky: each post once, in order."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from sqlmodel import col, select

from bot import delivery
from bot.delivery import DeliveryState
from bot.engine import Engine
from bot.network import Network, Published
from bot.publishing import Publisher
from moderation import queue
from moderation.post import POSTS, Post, PostState
from moderation.redaction import Redactor
from shifts.database import Database
from shifts.words import Words
from tests.bot.test_publishing import CONFIG, LEASE, Desk, a_desk
from tests.contracts import fault_proxy
from tests.contracts.bluesky_harness import PUT, BlueskyHarness, bluesky_network
from tests.contracts.mastodon_harness import (
    STATUSES,
    MastodonHarness,
    mastodon_network,
    mastodon_without_keys,
)
from tests.fake_bluesky import server as fake_bluesky

Kind = Literal["lost", "after", "html", "busy", "drop", "half"]
KINDS: tuple[Kind, ...] = ("lost", "after", "html", "busy", "drop", "half")
SENT = DeliveryState.SENT

Harness = MastodonHarness | BlueskyHarness
NETWORKS = ("mastodon", "mastodon without keys", "bluesky")


def harness_of(name: str, folder: Path, database: Database) -> AbstractAsyncContextManager[Harness]:
    match name:
        case "mastodon":
            return mastodon_network(folder, database)
        case "mastodon without keys":
            return mastodon_without_keys(folder, database)
        case _:
            return bluesky_network(folder)


@dataclass
class Ground:
    """A desk whose publisher publishes on a network that is there."""

    desk: Desk
    harness: Harness

    def fail(self, kind: Kind, times: int = 1) -> None:
        """Let the next posts go wrong."""
        match self.harness:
            case MastodonHarness():
                self.harness.proxy.fail(fault_proxy.Fault(kind, "POST", STATUSES, times))
            case BlueskyHarness():
                self.harness.fake.fail(fake_bluesky.Fault(kind, PUT, times))

    def tried(self) -> int:
        """How often a post was sent."""
        match self.harness:
            case MastodonHarness():
                return self.harness.proxy.called("POST", STATUSES)
            case BlueskyHarness():
                return self.harness.fake.called(PUT)

    async def texts(self) -> list[str]:
        return await self.harness.texts()

    @asynccontextmanager
    async def started_again(self) -> AsyncIterator[None]:
        """A new publisher and a new adapter, which know nothing but the database."""
        async with self.harness.again() as network:
            self.desk.publisher = publisher(self.desk, network)
            yield


def publisher(desk: Desk, network: Network, lease: timedelta = LEASE) -> Publisher:
    scan = desk.publisher._scan
    return Publisher(
        desk.database, Engine(desk.database), {"far": network}, scan, lease, lambda: None, clock=desk.clock
    )


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)


@pytest.fixture(params=NETWORKS)
async def ground(
    request: pytest.FixtureRequest, sqlite_database: Database, redactor: Redactor, tmp_path: Path
) -> AsyncIterator[Ground]:
    folder = tmp_path / "network"
    folder.mkdir()
    async with (
        harness_of(request.param, folder, sqlite_database) as harness,
        a_desk(sqlite_database, redactor, tmp_path) as desk,
    ):
        desk.publisher = publisher(desk, harness.network)
        yield Ground(desk, harness)


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_happens_to_the_first_try_the_public_sees_one_post(ground: Ground, kind: Kind) -> None:
    await ground.desk.approve(1, "All quiet in Riverside.")
    ground.fail(kind)
    await ground.desk.run(5)
    assert await ground.texts() == ["All quiet in Riverside."]
    assert await ground.desk.states() == [SENT]
    assert ground.tried() == (1 if kind in {"lost", "after", "half"} else 2)


async def test_posts_stay_in_their_order_when_the_first_has_trouble(ground: Ground) -> None:
    for number in (1, 2, 3):
        await ground.desk.approve(number, f"Post {number}.")
    ground.fail("busy", 2)
    ground.fail("lost")
    await ground.desk.run(12)
    assert await ground.texts() == ["Post 1.", "Post 2.", "Post 3."]
    assert await ground.desk.states() == [SENT] * 3


async def test_the_same_words_twice_are_two_posts_and_not_three(ground: Ground) -> None:
    await ground.desk.approve(1, "All quiet.")
    await ground.desk.run(1)
    await ground.desk.approve(2, "All quiet.")
    ground.fail("lost")
    async with ground.started_again():
        await ground.desk.run(6)
    assert await ground.texts() == ["All quiet.", "All quiet."]
    rows = await ground.desk.rows()
    assert [row.state for row in rows] == [SENT, SENT]
    assert rows[0].published_id != rows[1].published_id


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_publisher_killed_between_intent_and_outcome_leaves_one_post(ground: Ground, arrived: bool) -> None:
    await ground.desk.approve(1, "All quiet.")
    (row,) = await ground.desk.rows()
    step = await ground.desk.publisher._intend(row.id or 0)
    assert step is not None
    assert step[1] is not None
    if arrived:
        await ground.harness.network.publish(step[1], row.key, None)
    async with ground.started_again():
        await ground.desk.run(5)
    assert await ground.texts() == ["All quiet."]
    assert await ground.desk.states() == [SENT]


async def test_a_network_that_is_away_is_waited_for(ground: Ground) -> None:
    await ground.desk.approve(1, "Post 1.")
    await ground.desk.approve(2, "Post 2.")
    await ground.harness.go_away(True)
    await ground.desk.run(3)
    assert await ground.desk.states() == [DeliveryState.DUE] * 2
    await ground.harness.go_away(False)
    await ground.desk.run(8)
    assert await ground.texts() == ["Post 1.", "Post 2."]


async def test_a_post_is_taken_back_even_if_nobody_confirms_it(ground: Ground) -> None:
    await ground.desk.approve(1, "All quiet.")
    await ground.desk.run(1)
    async with ground.desk.database.transaction() as session:
        post = (await session.exec(select(Post).where(col(Post.number) == 1))).one()
        post = await queue.locked(session, post.id or 0)
        await POSTS.move(session, post, PostState.RECALLED)
        await delivery.recall(session, post, ground.desk.clock.now)
    match ground.harness:
        case MastodonHarness():
            ground.harness.proxy.fail(fault_proxy.Fault("lost", "DELETE"))
        case BlueskyHarness():
            ground.harness.fake.fail(fake_bluesky.Fault("lost", "com.atproto.repo.deleteRecord"))
    await ground.desk.run(4)
    assert await ground.texts() == []
    assert await ground.desk.states() == [DeliveryState.RECALLED]


@pytest.mark.parametrize("kind", ["lost", "drop"])
async def test_each_post_of_a_thread_stands_once_under_the_one_before(ground: Ground, kind: Kind) -> None:
    await ground.desk.approve(1, "One.\n\nTwo.\n\nThree.", thread=True)
    await ground.desk.approve(2, "Later.")
    ground.fail(kind)
    await ground.desk.run(1)
    ground.fail(kind)
    await ground.desk.run(8)
    assert await ground.texts() == ["One.", "Two.", "Three.", "Later."]
    thread, later = await ground.desk.rows()
    assert (thread.state, later.state, thread.published_id) == (SENT, SENT, thread.parts[0])
    places = [Published(part, None, ground.desk.clock.now) for part in thread.parts]
    assert [await ground.harness.stands_under(place) for place in places] == [None, *thread.parts[:2]]
