"""Publishers in processes of their own over fakes of every network: to be killed, misled and counted.

As a program: one publish process, whose waits are shorter than in service so that nobody waits for them."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import mastodon
from sqlmodel import col, func, select

from bot import delivery, settings, wiring
from bot.delivery import Delivery
from bot.desk import DELIVER
from bot.engine import Lane
from bot.mastodon_network.plain import plain
from bot.network import HeardPage, Limits, Network, Published, TryLater
from bot.networks import bluesky as bluesky_adapter
from bot.networks import x as x_adapter
from bot.publishing import Pace, Publisher
from moderation import approval
from moderation.audit import AuditEntry
from moderation.decision import Decision, DecisionKind
from moderation.post import POSTS, Post, PostState
from moderation.redaction import Redactor
from moderation.release import Release
from moderation.scan import Scan
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState
from shifts.timeline import Entry
from tests.contracts import fault_proxy, x_harness
from tests.contracts.fault_proxy import FaultProxy
from tests.fake_bluesky import server as fake_bluesky
from tests.fake_bluesky.server import FakeBluesky
from tests.fake_bluesky.world import PASSWORD
from tests.fake_x.server import FakeX, Kind

ROOT: Final = Path(__file__).parents[2]
DAY: Final = timedelta(days=1)
LEASE: Final = timedelta(seconds=6)
PACE: Final = Pace(call=timedelta(seconds=5), settle=timedelta(seconds=1), again=timedelta(seconds=2))
HURRY: Final = 20.0
"""By how much the waits that networks ask for are shortened."""
HANGS: Final = 6.0
"""Seconds of a call that nobody waits for to its end."""
PUT: Final = "com.atproto.repo.putRecord"
STATUSES: Final = "/api/v1/statuses"
TOKEN: Final = "Patrol-token"
X_STORM: Final[tuple[Kind, ...]] = (
    "lost", "half", "garbage", "drop", "html", "empty", "busy", "busy", "status", "hang", "slow",
)  # fmt: skip
BLUESKY_STORM: Final = ("lost", "after", "html", "busy", "drop", "half", "hang")
MASTODON_STORM: Final = ("lost", "after", "html", "busy", "drop", "half", "json")

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
X_TABLE: Final = """
[networks.x]
base_url = "{url}"
spending = {{ nightly = {nightly} }}
[networks.x.keys]
api_key = "{api_key}"
api_secret = "{api_secret}"
access_token = "{access_token}"
access_secret = "{access_secret}"
"""
BLUESKY_TABLE: Final = """
[networks.bluesky]
identifier = "patrol.bsky.example"
app_password = "{password}"
service = "{url}"
"""
MASTODON_TABLE: Final = """
[networks.mastodon]
base_url = "{url}"
access_token = "{token}"
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

    async def replies(self, cursor: str | None) -> HeardPage:
        return await self.network.replies(cursor)


@dataclass
class Fakes:
    """X and Bluesky as they are strict, Mastodon where a server of it is given, and what goes wrong with them."""

    x: FakeX
    bluesky: FakeBluesky
    mastodon: FaultProxy | None = None
    faults: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(24))

    @property
    def networks(self) -> tuple[str, ...]:
        return ("timeline", "x", "bluesky", *(("mastodon",) if self.mastodon else ()))

    def tables(self, nightly: float) -> str:
        """Their part of patrol.toml."""
        keys: Mapping[str, str] = x_harness.settings(self.x)["keys"]
        told = X_TABLE.format(url=self.x.base_url, nightly=nightly, **keys)
        told += BLUESKY_TABLE.format(url=self.bluesky.base_url, password=PASSWORD)
        return told + (MASTODON_TABLE.format(url=self.mastodon.base_url, token=TOKEN) if self.mastodon else "")

    def strike(self) -> None:
        """Let one more post go wrong on each network, in some way."""
        self.faults += len(self.networks) - 1
        kind = self.dice.choice(X_STORM)
        wait = self.dice.choice([-1.0, 2.0]) if kind == "busy" else HANGS
        self.x.fail(kind, self.dice.choice(["post", "post", "post", "timeline"]), wait=wait, status=self._status())
        put = fake_bluesky.Fault(self.dice.choice(BLUESKY_STORM), PUT, status=self._status(), wait=HANGS)
        self.bluesky.fail(put)
        if self.mastodon is not None:
            headers = {"X-RateLimit-Reset": (utc_now() + timedelta(seconds=2)).isoformat()}
            busy = self.dice.choice([None, headers])
            post = fault_proxy.Fault(self.dice.choice(MASTODON_STORM), "POST", STATUSES, 1, self._status(), 0.2, busy)
            self.mastodon.fail(post)

    async def connected(self, stack: AsyncExitStack, database: Database, folder: Path) -> dict[str, Network]:
        """X and Bluesky as the program connects them."""
        keys = x_harness.settings(self.x, spending={"nightly": 1000})
        bluesky = bluesky_adapter.connect(
            media=folder,
            state=folder / "state",
            identifier="patrol.bsky.example",
            app_password=PASSWORD,
            service=self.bluesky.base_url,
        )
        return {
            "x": await stack.enter_async_context(x_adapter.connect(database=database, media=folder, **keys)),
            "bluesky": await stack.enter_async_context(bluesky),
        }

    def mend(self) -> None:
        self.x.mend()
        self.bluesky.heal()
        if self.mastodon is not None:
            self.mastodon.heal()

    def _status(self) -> int:
        return self.dice.choice([500, 502, 503])


@asynccontextmanager
async def fakes(mastodon: str | None = None) -> AsyncIterator[Fakes]:
    """Empty networks; `mastodon` is the address of a server, before which our proxy is put."""
    async with AsyncExitStack() as stack:
        x = await stack.enter_async_context(FakeX().serving())
        bluesky = await stack.enter_async_context(fake_bluesky.fake_bluesky())
        proxy = None
        if mastodon is not None:
            proxy = await stack.enter_async_context(fault_proxy.fault_proxy(mastodon))
        yield Fakes(x, bluesky, proxy)


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
        now = self.clock()
        async with self.database.transaction() as session:
            officer = Officer(
                id="lima-3", call_sign="Lima 3", name="P", unit="lima", roles=["officer"], language="en",
                accredited_until=now + DAY,
            )  # fmt: skip
            session.add(officer)
            for number in range(1, self.shifts + 1):
                night = f"Night {number}"
                session.add(
                    Shift(id=number, unit="lima", name=night, state=ShiftState.LIVE, starts_at=now, ends_at=now + DAY)
                )

    async def approve(self, count: int, undo: timedelta = timedelta()) -> list[int]:
        """So many more posts, approved now; gives their numbers."""
        now = self.clock()
        numbers = list(range(self.approved + 1, self.approved + count + 1))
        self.approved += count
        async with self.database.transaction() as session:
            for number in numbers:
                post = _approved(number, number % self.shifts + 1, self.networks, now, now + undo)
                session.add(post)
                await session.flush()
                post.content = approval.content_of(post, [], None)
                yes = Decision(
                    post_id=post.id or 0, kind=DecisionKind.PUBLISH, officer_id="sergeant-1", at=now, revision=1,
                    content=post.content,
                )  # fmt: skip
                session.add(yes)
                await delivery.plan(session, post, self.networks, now + undo, {})
        return numbers

    async def recall(self, numbers: Sequence[int]) -> None:
        """Take posts off every network."""
        now = self.clock()
        async with self.database.transaction() as session:
            found = (await session.exec(select(Post).where(col(Post.number).in_(numbers)))).all()
            for post in found:
                await POSTS.move(session, post, PostState.RECALLED)
                await delivery.recall(session, post, now)

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

    async def waits(self, event: str, since: datetime) -> list[float]:
        """Seconds from when a delivery was due to each outcome of this kind since a time."""
        statement = select(AuditEntry.at, AuditEntry.subject, AuditEntry.facts).where(
            AuditEntry.event == event, AuditEntry.at >= since
        )
        async with self.database.reading() as session:
            outcomes = (await session.exec(statement)).all()
            rows = (await session.exec(select(Delivery.due_at, Delivery.network, Post.number).join(Post))).all()
        due = {(f"post {number}", network): at for at, network, number in rows}
        return [(at - due[subject, facts["network"]]).total_seconds() for at, subject, facts in outcomes]

    async def seen(self) -> dict[str, list[str]]:
        """Per network, every text that the public ever saw there, in its order."""
        async with self.database.reading() as session:
            own = (await session.exec(select(Entry.text).order_by(col(Entry.id)))).all()
        records = sorted(self.fakes.bluesky.world.person("Patrol").records.values(), key=lambda record: record.indexed)
        seen = {
            "timeline": list(own),
            "x": self.fakes.x.texts(),
            "bluesky": [str(record.value["text"]) for record in records],
        }
        if self.fakes.mastodon is not None:
            seen["mastodon"] = await asyncio.to_thread(_statuses, self.fakes.mastodon.base_url)
        return seen


def _statuses(base_url: str) -> list[str]:
    client = mastodon.Mastodon(access_token=TOKEN, api_base_url=base_url)
    us, found = client.account_verify_credentials(), list[mastodon.return_types.Status]()
    while page := client.account_statuses(us.id, max_id=found[-1].id if found else None, limit=40):
        found += page
    return [plain(status.content) for status in reversed(found)]


def _approved(number: int, shift: int, networks: list[str], now: datetime, leaves: datetime) -> Post:
    return Post(
        number=number, author_id="lima-3", shift_id=shift, state=PostState.APPROVED, app="a", chat="c",
        message=f"{number}", source_id="s", original_id="s", prepared=1, drafted=1, prepare_at=now, text=text(number),
        sent_at=now, received_at=now, networks=networks, undo_until=leaves, approved_at=now, approved_by="sergeant-1",
    )  # fmt: skip


def text(number: int) -> str:
    return f"Update {number}: all calm."


def number_of(said: str) -> int:
    return int(said.split()[1].rstrip(":"))


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
