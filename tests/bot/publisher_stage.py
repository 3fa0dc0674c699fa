"""Publishers in processes of their own over fakes of every network: to be killed, misled and counted.

As a program: one publish process, whose waits are shorter than in service so that nobody waits for them."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from sqlmodel import col, func, select

from bot import delivery, settings, wiring
from bot.delivery import Delivery
from bot.desk import DELIVER
from bot.engine import Lane
from bot.network import Corrects, HeardPage, Limits, Network, Published, Refused, TryLater
from bot.publishing import Pace, Publisher
from moderation.audit import AuditEntry
from moderation.post import Post
from moderation.redaction import Redactor
from moderation.release import Release
from moderation.scan import Scan
from shifts.database import Database, utc_now
from shifts.timeline import Entry
from tests.bot import approved
from tests.bot.publisher_fakes import Fakes

ROOT: Final = Path(__file__).parents[2]
LEASE: Final = timedelta(seconds=6)
SECOND: Final = timedelta(seconds=1)
PACE: Final = Pace(call=5 * SECOND, settle=SECOND, unended=SECOND, again=2 * SECOND)
CORRECTION: Final = 1_000_000
"""So far are the numbers of corrections from those of their posts."""
HURRY: Final = 20.0
"""By how much the waits that networks ask for are shortened."""
CONFIG: Final = """
[force]
name = "Port Alba Police"
emergency.en = "Emergency? Call 112."
[chat_apps.telegram]
token = "0:0"
[networks.timeline]
{networks}
[files]
roster = "{config}/roster.toml"
places = "{config}"
languages = "{config}/languages"
"""


@dataclass(frozen=True, slots=True)
class Hurried:
    """A network whose requests for patience are shortened."""

    network: Network

    @property
    def limits(self) -> Limits:
        return self.network.limits

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        try:
            return await self.network.publish(release, key, answers)
        except TryLater as later:
            raise TryLater(later.wait / HURRY) from None

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        try:
            return await self.network.find(release, key, since)
        except TryLater as later:
            raise TryLater(later.wait / HURRY) from None

    async def withdraw(self, published: Published) -> None:
        try:
            await self.network.withdraw(published)
        except TryLater as later:
            raise TryLater(later.wait / HURRY) from None

    async def correct(self, published: Published, release: Release) -> Published:
        if not isinstance(self.network, Corrects):
            raise Refused("cannot be corrected there")
        try:
            return await self.network.correct(published, release)
        except TryLater as later:
            raise TryLater(later.wait / HURRY) from None

    async def replies(self, cursor: str | None) -> HeardPage:
        return await self.network.replies(cursor)


class Workers:
    """Publish processes; any of them can be killed, and another takes its place."""

    def __init__(self, config: Path, data: Path, log: Path) -> None:
        self._command = (sys.executable, "-m", "tests.bot.publisher_stage", str(config), str(data))
        self._log = log
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self.kills = 0

    async def start(self, name: str) -> None:
        with self._log.open("ab") as log:
            self._running[name] = await asyncio.create_subprocess_exec(
                *self._command, name, cwd=ROOT, stdout=log, stderr=log
            )

    async def kill(self, name: str) -> None:
        """kill -9, and the process starts again as a supervisor would have it."""
        old = self._running[name]
        old.send_signal(signal.SIGKILL)
        await old.wait()
        self.kills += 1
        await self.start(name)

    async def end(self) -> None:
        for process in self._running.values():
            if process.returncode is None:
                process.kill()
            await process.wait()


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now


class Night:
    """Shifts with approved posts for every network, and what the public has seen of them."""

    def __init__(
        self,
        database: Database,
        fakes: Fakes,
        shifts: int,
        networks: Sequence[str] = (),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.database, self.fakes, self.shifts, self.clock = database, fakes, shifts, clock
        self.networks = list(networks or fakes.networks)
        self.approved = 0

    async def begin(self) -> None:
        async with self.database.transaction() as session:
            nights = [f"Night {number}" for number in range(1, self.shifts + 1)]
            await approved.begin(session, nights, self.clock())

    async def approve(self, count: int, undo: timedelta = timedelta()) -> list[int]:
        """So many more posts, approved now; gives their numbers."""
        now = self.clock()
        numbers = list(range(self.approved + 1, self.approved + count + 1))
        self.approved += count
        async with self.database.transaction() as session:
            for number in numbers:
                shift = number % self.shifts + 1
                await approved.approve(session, number, text(number), self.networks, now, now + undo, shift)
        return numbers

    async def correct(self, numbers: Sequence[int], edited: Sequence[str], undo: timedelta = timedelta()) -> list[int]:
        """A correction of each of these posts, approved now; gives the corrections' numbers. `edited`: the networks on
        which words can be changed in place."""
        now = self.clock()
        apart = [name for name in self.networks if name not in edited]
        told = {"area": None, "line": "A number was wrong.", "lead": "Correction:", "apart": apart}
        async with self.database.transaction() as session:
            posts = (await session.exec(select(Post).where(col(Post.number).in_(numbers)))).all()
            for post in posts:
                said = {"corrects": post.id, "correction": {**told, "number": post.number}}
                words, mine = f"{text(post.number)} Once more.", CORRECTION + post.number
                await approved.approve(session, mine, words, self.networks, now, now + undo, post.shift_id, **said)
        return [CORRECTION + number for number in numbers]

    async def recall(self, numbers: Sequence[int]) -> None:
        """Take posts off every network."""
        async with self.database.transaction() as session:
            found = (await session.exec(select(Post).where(col(Post.number).in_(numbers)))).all()
            await approved.recall(session, found, self.clock())

    async def open(self) -> int:
        """How many deliveries are not where they end."""
        statement = select(func.count(col(Delivery.id))).where(col(Delivery.state).in_(delivery.WORKING))
        async with self.database.reading() as session:
            return (await session.exec(statement)).one()

    async def states(self) -> dict[str, int]:
        statement = select(Delivery.state, func.count(col(Delivery.id))).group_by(col(Delivery.state))
        async with self.database.reading() as session:
            return {str(state): count for state, count in (await session.exec(statement)).all()}

    async def until(self, open_at_most: int, patience: float) -> bool:
        """Wait until the publishers have caught up; False if they do not."""
        end = asyncio.get_running_loop().time() + patience
        while await self.open() > open_at_most:
            if asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(0.05)
        return True

    async def waits(self, event: str, since: datetime) -> dict[str, list[float]]:
        """By network, the seconds from when a delivery was due to each outcome of this kind since a time."""
        statement = select(AuditEntry.at, AuditEntry.subject, AuditEntry.facts).where(
            AuditEntry.event == event, AuditEntry.at >= since
        )
        async with self.database.reading() as session:
            outcomes = (await session.exec(statement)).all()
            rows = (await session.exec(select(Delivery.due_at, Delivery.network, Post.number).join(Post))).all()
        due = {(f"post {number}", network): at for at, network, number in rows}
        waits: dict[str, list[float]] = {name: [] for name in self.networks}
        for at, subject, facts in outcomes:
            waits[facts["network"]].append((at - due[subject, facts["network"]]).total_seconds())
        return waits

    async def seen(self) -> dict[str, list[str]]:
        """Per network, every text that the public ever saw there, in its order."""
        async with self.database.reading() as session:
            own = (await session.exec(select(Entry.text).order_by(col(Entry.id)))).all()
        return {"timeline": list(own), **await self.fakes.seen()}


def text(number: int) -> str:
    return f"Update {number}: all calm."


def number_of(said: str) -> int:
    """The post that some words are of, or correct."""
    return int(said.partition("Update ")[2].partition(":")[0])


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the approved posts on one network."""

    doubled: int
    lost: int
    out_of_order: int


def count(seen: Sequence[str], approved: int, shifts: int) -> Count:
    """`out_of_order`: posts that stand behind a later one of their shift."""
    numbers = [number_of(said) for said in seen]
    late = 0
    for shift in range(shifts):
        mine = [number for number in dict.fromkeys(numbers) if number % shifts == shift]
        late += sum(after < before for before, after in pairwise(mine))
    return Count(len(numbers) - len(set(numbers)), approved - len(set(numbers)), late)


@asynccontextmanager
async def publishers(
    database_url: str, folder: Path, fakes: Fakes, names: Sequence[str], nightly: float = 1000
) -> AsyncIterator[Workers]:
    """Publish processes of these names on a database with all tables."""
    database = _in_toml(database_url)
    config = folder / "patrol.toml"
    told = CONFIG.format(networks=fakes.tables(nightly), config=ROOT / "config")
    config.write_text(f"database_url = {database}\n{told}", "utf-8")
    workers = Workers(config, folder / "data", folder / "publishers.log")
    try:
        for name in names:
            await workers.start(name)
        yield workers
    finally:
        await workers.end()


def _in_toml(words: str) -> str:
    return f"'{words}'"


async def publish(config: Path, data: Path, name: str) -> None:
    """What the publish process does with deliveries, for ever."""
    loaded = settings.load(config, data)
    async with wiring.open_program(loaded, alone=False) as program, AsyncExitStack() as stack:
        networks = {known: Hurried(one) for known, one in (await program.networks(stack)).items()}
        redactor = await asyncio.to_thread(Redactor.load, loaded.files.places, program.words, models=False)
        scan = Scan(redactor, loaded.media)
        publisher = Publisher(program.database, program.engine, networks, scan, LEASE, lambda: None, pace=PACE)
        async with program.engine.working({DELIVER: publisher.deliver}, [Lane.DELIVERIES], name):
            await wiring.every(0.2, lambda: publisher.sweep(utc_now()))()


if __name__ == "__main__":
    asyncio.run(publish(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
