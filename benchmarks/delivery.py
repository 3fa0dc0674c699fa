"""Whether the public sees every approved post, once and in order, while publishers are killed and networks fail.

    python benchmarks/delivery.py [--quick] [--check]

Real publish processes (one on SQLite, three on PostgreSQL) send over fakes of X and Bluesky, a mock of Mastodon and the
timeline. The storm: `kill -9`, timeouts, 429 with and without headers, 500, pages instead of answers, answers that are
lost or end half way. Then the calm: how soon after its undo window a post is accepted on each network, how soon a
correction is there, and how soon a recall is confirmed.
Waits that networks ask for are shortened, so that nobody waits for them. Last, X is away for an hour of the
publisher's clock. With --check the program exits with 1 when one of BARS is missed."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from itertools import chain
from math import ceil, inf
from pathlib import Path
from typing import Final

from benchmarks.bars.report import report
from bot import delivery
from bot.delivery import DeliveryState
from bot.engine import Engine
from bot.publishing import Publisher
from moderation.redaction import Redactor
from moderation.scan import Scan
from shifts.database import Database, utc_now
from shifts.words import Words
from tests.bot.publisher_fakes import fakes
from tests.bot.publisher_stage import Clock, Night, Workers, count, number_of, publishers
from tests.contracts import mastodon_harness
from tests.ground import add_engine_tables, create_tables, start_cluster

ROOT: Final = Path(__file__).parents[1]
BARS: Final = {
    "doubled": 0.0,
    "lost": 0.0,
    "out of order": 0.0,
    "not finished": 0.0,
    "undo window over to accepted, p95 s": 10.0,
    "correction's undo window over to said, p95 s": 30.0,
    "recall to gone, p95 s": 30.0,
    "recalled and still there": 0.0,
    "delayed on another network": 0.0,
    "back to caught up, s": 120.0,
}
PUBLISHES: Final = 5000
QUICK: Final = 252
SHIFTS: Final = 3
BACKLOG: Final = 90
"""Open deliveries; more posts are approved when there are fewer."""
UNDO: Final = timedelta(seconds=1)
EDITED: Final = ("timeline", "mastodon")
"""Where words are changed in place; elsewhere a correction stands under its post."""
APART: Final = 0.5
"""Seconds from one approval or correction to the next in the calm: more than all patrols of a large force write."""
PATIENCE: Final = 180.0
HOUR: Final = timedelta(hours=1)
_ENGINE: Final = asyncio.Lock()
"""There is one engine a process: it makes its tables in one database after the other."""


async def main() -> int:
    options = _options()
    # The fakes cut connections on purpose, and their server would tell of each.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        figures = await _everything(Path(name), options.quick)
    return report(figures, BARS, options.check, "9.2f")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="504 publishes instead of 10,000")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    return parser.parse_args()


async def _everything(folder: Path, quick: bool) -> dict[str, float]:
    """All figures; one after the other, in the quick run side by side, where only SQLite has the mock of Mastodon."""
    parts = [_on_sqlite(folder, quick), _on_postgresql(folder, quick), _hour(folder)]
    if quick:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part) for part in parts]
        found = [task.result() for task in tasks]
    else:
        found = [await part for part in parts]
    return {figure: value for part in found for figure, value in part.items()}


async def _on_sqlite(folder: Path, quick: bool) -> dict[str, float]:
    path = folder / "patrol.sqlite"
    await asyncio.to_thread(create_tables, f"sqlite:///{path}")
    figures = await _database(folder / "one", f"sqlite+aiosqlite:///{path}", ["publish"], quick, mastodon=True)
    return {f"SQLite, 1 publisher: {figure}": value for figure, value in figures.items()}


async def _on_postgresql(folder: Path, quick: bool) -> dict[str, float]:
    with ExitStack() as stack:
        cluster = await asyncio.to_thread(stack.enter_context, start_cluster())
        if cluster is None:
            print("PostgreSQL is not installed (`make system`): left out", file=sys.stderr)
            return {}
        url = stack.enter_context(cluster.new_database())
        names = ["publish-1", "publish-2", "publish-3"]
        figures = await _database(folder / "three", url, names, quick, mastodon=not quick)
    return {f"PostgreSQL, 3 publishers: {figure}": value for figure, value in figures.items()}


async def _database(folder: Path, url: str, names: list[str], quick: bool, mastodon: bool) -> dict[str, float]:
    folder.mkdir()
    async with _ENGINE:
        await asyncio.to_thread(add_engine_tables, url)
    server = await asyncio.to_thread(mastodon_harness.server) if mastodon else None
    if server is not None:
        await asyncio.to_thread(server.reset)
    database = Database(url)
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(fakes(server.base_url if server else None))
        posts = (QUICK if quick else PUBLISHES) // len(there.networks)
        workers = await stack.enter_async_context(publishers(url, folder, there, names))
        night = Night(database, there, SHIFTS)
        await night.begin()
        began = time.perf_counter()
        finished = await _storm(night, workers, names, posts, kills=1 if quick else 24)
        took = time.perf_counter() - began
        figures = await _counted(night)
        figures |= {
            "publishes": posts * len(there.networks),
            "kill -9": workers.kills,
            "faults": there.faults,
            "publishes a second in the storm": posts * len(there.networks) / took,
            "not finished": 0 if finished else await night.open(),
        }
        figures |= await _calm(night, 6 if quick else 120)
    await database.close()
    return figures


async def _storm(night: Night, workers: Workers, names: Sequence[str], posts: int, kills: int) -> bool:
    """Approve all posts while things go wrong; whether everything got to its end."""
    async with asyncio.TaskGroup() as group:
        trouble = group.create_task(_trouble(night, workers, names, posts, kills))
        while night.approved < posts:
            await night.approve(min(12, posts - night.approved))
            if not await night.until(BACKLOG, PATIENCE):
                trouble.cancel()  # what is wrong by now stays so, and is counted
                break
    night.fakes.mend()
    return await night.until(0, PATIENCE) and night.approved == posts


async def _trouble(night: Night, workers: Workers, names: Sequence[str], posts: int, kills: int) -> None:
    """A fault on every network for each few posts; a publisher killed whenever so many are through."""
    killed = 0
    while True:
        sent = (await night.states()).get(DeliveryState.SENT.value, 0)
        if sent > posts * len(night.fakes.networks) * (killed + 0.5) / kills and killed < kills:
            await workers.kill(names[killed % len(names)])
            killed += 1
        if night.approved >= posts and killed >= kills:
            return
        if night.fakes.faults * 12 < sent + 24:
            night.fakes.strike()
        await asyncio.sleep(0.1)


async def _counted(night: Night) -> dict[str, float]:
    counts = [count(seen, night.approved, night.shifts) for seen in (await night.seen()).values()]
    return {
        "doubled": sum(one.doubled for one in counts),
        "lost": sum(one.lost for one in counts),
        "out of order": sum(one.out_of_order for one in counts),
    }


async def _calm(night: Night, posts: int) -> dict[str, float]:
    """One post after the other, nothing goes wrong; then some are corrected one by one, and all recalled at once."""
    began, numbers = utc_now(), []
    for _ in range(posts):
        numbers += await night.approve(1, UNDO)
        await asyncio.sleep(APART)
    await night.until(0, PATIENCE)
    accepted = await night.waits("sent", began)
    began, wrong, corrections = utc_now(), numbers[: max(3, posts // 6)], []
    for number in wrong:
        corrections += await night.correct([number], EDITED, UNDO)
        await asyncio.sleep(APART)
    await night.until(0, PATIENCE)
    corrected = await night.waits("sent", began)
    await night.recall([number for number in numbers if number not in wrong])
    await night.until(0, PATIENCE)
    await night.recall([*corrections, *wrong])
    await night.until(0, PATIENCE)
    gone = await night.waits("recalled", began)
    left = set(numbers) & {number_of(said) for seen in (await night.seen()).values() for said in seen if said}
    return {
        "undo window over to accepted, median s": sorted(chain(*accepted.values()))[posts * len(accepted) // 2],
        **_each("undo window over to accepted, p95 s", accepted),
        **_each("correction's undo window over to said, p95 s", corrected),
        **_each("recall to gone, p95 s", gone),
        "recalled and still there": len(left),
    }


def _each(figure: str, waits: Mapping[str, list[float]]) -> dict[str, float]:
    """The figure over all networks, and on each."""
    whole = {figure: _p95([second for seconds in waits.values() for second in seconds])}
    return whole | {f"{name}: {figure}": _p95(seconds) for name, seconds in waits.items()}


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[ceil(len(seconds) * 0.95) - 1] if seconds else inf


async def _hour(folder: Path) -> dict[str, float]:
    """X refuses connections for an hour of the publisher's clock, while a post is approved each two minutes."""
    path = folder / "hour.sqlite"
    await asyncio.to_thread(create_tables, f"sqlite:///{path}")
    database = Database(f"sqlite+aiosqlite:///{path}")
    clock = Clock()
    async with fakes() as there, AsyncExitStack() as stack:
        networks = await there.connected(stack, database, folder)
        words = Words.load(ROOT / "config" / "languages")
        scan = Scan(await asyncio.to_thread(Redactor.load, ROOT / "config", words, models=False), folder)
        publisher = Publisher(
            database, Engine(database), networks, scan, timedelta(minutes=1), lambda: None, clock=clock
        )
        night = Night(database, there, 1, tuple(networks), clock)
        await night.begin()
        await there.x.go_away(True)
        slowest = 0
        for minute in range(60):
            if minute % 2 == 0:
                await night.approve(1)
            await _round(publisher, database, clock, timedelta(minutes=1))
            slowest = max(slowest, await night.open() - (minute // 2 + 1))
        await there.x.go_away(False)
        back = clock.now
        while await night.open() and clock.now < back + HOUR:
            await _round(publisher, database, clock, timedelta(seconds=5))
        seen = count((await night.seen())["x"], night.approved, 1)
    await database.close()
    return {
        "an hour away: posts meanwhile": night.approved,
        "an hour away: lost": seen.lost,
        "an hour away: doubled": seen.doubled,
        "an hour away: out of order": seen.out_of_order,
        "an hour away: delayed on another network": slowest,
        "an hour away: back to caught up, s": (clock.now - back).total_seconds(),
    }


async def _round(publisher: Publisher, database: Database, clock: Clock, passed: timedelta) -> None:
    """What the sweep and the jobs do, after some time has passed."""
    clock.now += passed
    async with database.reading() as session:
        due = [row.id or 0 for row in await delivery.to_do(session, clock.now, timedelta())]
    for delivery_id in due:
        await publisher.deliver(delivery_id)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
