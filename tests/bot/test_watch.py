"""The watch: one publisher listens, follows and hides on a network; when it is gone another does."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import text

from bot.following import Follower
from bot.network import Network, SignedOut, TryLater
from bot.watch import FAILS, Away, Watch, on_watch, watching
from shifts.database import Database, utc_now
from tests.bot.replies_stage import Crowd, replies

LATER = timedelta(seconds=61)


async def test_one_of_several_has_the_watch_of_a_network_until_it_is_gone(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path) as second:
        async with watching(database, tmp_path) as first:
            assert [await one.mine("far") for one in (first, second, first)] == [True, False, True]
            assert [await one.mine("near") for one in (second, first)] == [True, False]
        assert [await second.mine(name) for name in ("far", "near")] == [True, True]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_whoever_loses_the_connection_loses_the_watch_and_asks_anew(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path) as first, watching(database, tmp_path) as second:
        assert await first.mine("far")
        async with database.engine.connect() as connection:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 30000) FROM pg_locks JOIN pg_database d ON d.oid = database"
                    " WHERE locktype = 'advisory' AND datname = current_database()"
                )
            )
        assert not await first.mine("far")
        assert await second.mine("far")
        assert not await first.mine("far")


async def test_whoever_fails_at_it_lets_somebody_else_have_the_watch(database: Database, tmp_path: Path) -> None:
    async def failing() -> float:
        raise ConnectionResetError

    async with watching(database, tmp_path) as first, watching(database, tmp_path) as second:
        assert await first.mine("far")
        with pytest.raises(ConnectionResetError):
            await on_watch(first, "far", failing)
        assert await second.mine("far")
        assert not await first.mine("far")


async def test_who_is_only_ever_told_later_lets_somebody_else_have_the_watch_and_stands_back(
    database: Database, tmp_path: Path
) -> None:
    asked, taken = 0, asyncio.Event()

    async def away() -> float:
        nonlocal asked
        asked += 1
        raise Away(0.0)

    async def there() -> float:
        taken.set()
        return 0.0

    async with watching(database, tmp_path, back=3600.0) as first, watching(database, tmp_path) as second:
        assert await first.mine("far")
        trying = [asyncio.create_task(on_watch(*one)) for one in ((first, "far", away), (second, "far", there))]
        async with asyncio.timeout(30):
            await taken.wait()
        for task in trying:
            task.cancel()
        await asyncio.gather(*trying, return_exceptions=True)
        assert asked == FAILS
        await second.let_go("far")
        assert not await first.mine("far")
        assert await first.mine("near")


async def test_who_is_told_later_now_and_then_keeps_the_watch(database: Database, tmp_path: Path) -> None:
    steps, enough = 0, asyncio.Event()

    async def now_and_then() -> float:
        nonlocal steps
        steps += 1
        if steps == 20 * FAILS:
            enough.set()
        if steps % FAILS:
            raise Away(0.0)
        return 0.0

    async with watching(database, tmp_path, back=3600.0) as first:
        trying = asyncio.create_task(on_watch(first, "far", now_and_then))
        async with asyncio.timeout(30):
            await enough.wait()
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)


async def test_who_stands_by_asks_its_network_nothing(tmp_path: Path, sqlite_database: Database) -> None:
    asked: list[str] = []
    enough = asyncio.Event()

    async def told(who: str, watch: Watch) -> None:
        async def step() -> float:
            asked.append(who)
            if len(asked) >= 20:
                enough.set()
            return 0.0

        await on_watch(watch, "far", step)

    async with AsyncExitStack() as stack:
        watches = [await stack.enter_async_context(watching(sqlite_database, tmp_path)) for _ in range(2)]
        assert await watches[0].mine("far")
        tasks = [asyncio.create_task(told(str(number), watch)) for number, watch in enumerate(watches)]
        await enough.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert set(asked) == {"0"}


@dataclass
class Busy(Crowd):
    """A network that counts what it is asked, and may want to be left alone."""

    trouble: Exception | None = None
    asked: list[int] = field(default_factory=list)

    async def again(self, heard_ids: object) -> dict[str, str | None]:
        self.asked.append(len(cast(list[str], heard_ids)))
        if self.trouble is not None:
            raise self.trouble
        return {}


@pytest.mark.parametrize(("trouble", "seconds"), [(TryLater(300.0), 300), (SignedOut(), 60)])
async def test_a_network_is_asked_about_few_replies_at_once_and_left_alone_as_long_as_it_wants(
    sqlite_database: Database, trouble: Exception, seconds: int
) -> None:
    night = await replies(sqlite_database, wait=None)
    crowds = {"far": Busy(trouble=trouble), "near": Busy()}
    night.crowd = crowds["far"]
    for number in range(7):
        night.says(f"Is bridge {number} open?", f"p{number}")
    await night.ears().listen("far")
    networks = {name: cast(Network, crowd) for name, crowd in crowds.items()}
    follower = Follower(night.database, networks, night.routing, lambda: None)
    now = utc_now() + LATER
    for after in (0, seconds - 1, seconds):
        await follower.tick(now + timedelta(seconds=after), "far")
        await follower.tick(now + timedelta(seconds=after), "near")
    assert crowds["far"].asked == [5, 5]
    crowds["far"].trouble = None
    for after in (2 * seconds, 2 * seconds + 10):
        await follower.tick(now + timedelta(seconds=after), "far")
    assert crowds["far"].asked == [5, 5, 5, 2]
