"""Publish processes that are killed while networks fail: the public sees every approved post, once and in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot import delivery
from bot.delivery import DeliveryState
from bot.engine import Engine
from bot.network import Published
from bot.publishing import CALLS_AT_ONCE, Pace, Publisher
from moderation.redaction import Redactor
from moderation.release import Release
from moderation.scan import Scan
from shifts.database import Database
from shifts.words import Words
from tests.bot.fault_network import FaultNetwork
from tests.bot.publisher_fakes import fakes
from tests.bot.publisher_stage import ROOT, Clock, Count, Night, count, publishers
from tests.journeys.stage import eventually

NAMES = {"sqlite": ["publish"], "postgresql": ["publish-1", "publish-2"]}
POSTS, SHIFTS, PATIENCE = 12, 2, 240.0


async def test_killed_publishers_lose_nothing_double_nothing_and_keep_the_order(
    engine_database_url: str, tmp_path: Path
) -> None:
    names = NAMES["sqlite" if engine_database_url.startswith("sqlite") else "postgresql"]
    database = Database(engine_database_url)
    async with fakes() as there, publishers(engine_database_url, tmp_path, there, names) as workers:
        night = Night(database, there, SHIFTS)
        await night.begin()
        await night.approve(POSTS)
        for _ in range(3):
            there.strike()

        async def amid() -> bool | None:
            return True if (await night.states()).get(DeliveryState.SENT.value, 0) >= POSTS else None

        await eventually(amid, lambda: "the publishers never came half way", PATIENCE)
        await workers.kill(names[0])
        there.strike()
        assert await night.until(0, PATIENCE), await night.states()
        counts = {name: count(seen, POSTS, SHIFTS) for name, seen in (await night.seen()).items()}
    await database.close()
    assert counts == dict.fromkeys(("timeline", "x", "bluesky"), Count(0, 0, 0))


def test_the_count_knows_what_is_doubled_lost_and_out_of_order() -> None:
    said = [f"Update {number}: all calm." for number in (1, 2, 5, 3, 3, 4)]
    assert count(said, 6, 1) == Count(doubled=1, lost=1, out_of_order=1)
    assert count(said, 6, 2) == Count(doubled=1, lost=1, out_of_order=1)


class Hanging(FaultNetwork):
    """Takes a post and never answers, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        await self.free.wait()
        return await super().publish(release, key, answers)


def a_scan(folder: Path) -> Scan:
    return Scan(Redactor.load(ROOT / "config", Words.load(ROOT / "config" / "languages"), models=False), folder)


@asynccontextmanager
async def a_publisher(
    database: Database, folder: Path, networks: dict[str, FaultNetwork], shifts: int
) -> AsyncIterator[tuple[Publisher, Night]]:
    scan = a_scan(folder)
    clock, minute = Clock(), timedelta(minutes=1)
    publisher = Publisher(
        database, Engine(database), networks, scan, minute, lambda: None, clock=clock, pace=Pace(call=minute / 2)
    )
    async with fakes() as there:
        night = Night(database, there, shifts, tuple(networks), clock)
        await night.begin()
        yield publisher, night


async def _due(night: Night) -> list[int]:
    async with night.database.reading() as session:
        return [row.id or 0 for row in await delivery.to_do(session, night.clock(), timedelta())]


async def test_a_network_that_hangs_never_delays_another(sqlite_database: Database, tmp_path: Path) -> None:
    hanging, quick = Hanging(), FaultNetwork()
    async with a_publisher(sqlite_database, tmp_path, {"far": hanging, "near": quick}, 6) as (publisher, night):
        await night.approve(6)
        jobs = {asyncio.create_task(publisher.deliver(row)) for row in await _due(night)}

        async def there() -> bool | None:
            return (
                True if len(quick.seen) == 6 and len(jobs) - sum(job.done() for job in jobs) == CALLS_AT_ONCE else None
            )

        await eventually(there, lambda: f"only {len(quick.seen)} came through", PATIENCE)
        assert hanging.seen == []
        hanging.free.set()
        await asyncio.gather(*jobs)
        assert len(hanging.seen) == 6


async def test_only_the_first_of_each_shift_is_asked_for_and_brings_the_others_along(
    sqlite_database: Database, tmp_path: Path
) -> None:
    network = FaultNetwork()
    async with a_publisher(sqlite_database, tmp_path, {"far": network}, 2) as (publisher, night):
        await night.approve(10)
        first, _second = await _due(night)
        await publisher.deliver(first)
        assert await _due(night) == []
        assert count(network.texts(), 10, 2) == Count(0, 0, 0)


@pytest.mark.parametrize("tries", [1, 5, 60])
def test_a_network_that_is_back_is_tried_within_a_minute_or_when_it_said(tries: int) -> None:
    assert delivery.patience(tries) <= timedelta(minutes=1)
    assert delivery.patience(tries, 240.0) == timedelta(seconds=240)


@pytest.mark.parametrize("trouble", ["suspended", "out of credit"])
async def test_an_account_that_x_stopped_pauses_x_alone_and_goes_on_in_order(
    sqlite_database: Database, tmp_path: Path, trouble: str
) -> None:
    clock = Clock()
    async with fakes() as there, AsyncExitStack() as stack:
        networks = await there.connected(stack, sqlite_database, tmp_path)
        publisher = Publisher(
            sqlite_database, Engine(sqlite_database), networks, a_scan(tmp_path), timedelta(minutes=1), lambda: None,
            clock=clock,
        )  # fmt: skip
        night = Night(sqlite_database, there, 1, tuple(networks), clock)
        await night.begin()
        await night.approve(3)
        there.x.suspended, there.x.world.credit = trouble == "suspended", 0 if trouble == "out of credit" else None
        await _rounds(publisher, night, clock)
        seen = await night.seen()
        assert (len(seen["bluesky"]), len(seen["x"])) == (3, 0)
        there.x.suspended, there.x.world.credit = False, None
        await _rounds(publisher, night, clock)
        assert count((await night.seen())["x"], 3, 1) == Count(0, 0, 0)


async def _rounds(publisher: Publisher, night: Night, clock: Clock) -> None:
    for _ in range(3):
        clock.now += timedelta(minutes=20)
        for row in await _due(night):
            await publisher.deliver(row)
