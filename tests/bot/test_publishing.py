"""The publisher over networks that fail in every way: nothing lost, nothing twice, nothing out of order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot import delivery
from bot.delivery import STUCK_AFTER, Delivery, DeliveryState
from bot.engine import Engine
from bot.publishing import Publisher
from moderation import approval
from moderation.decision import Decision, DecisionKind, NotAllowed
from moderation.post import POSTS, Post, PostState, Wait
from moderation.redaction import Redactor
from moderation.release import Release
from moderation.scan import Scan
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import SHIFT_MOVES, Shift, ShiftState, end
from shifts.words import Words
from tests.bot.fault_network import LIMITS, Fault, FaultNetwork

CONFIG = Path(__file__).parents[2] / "config"
LEASE = timedelta(seconds=60)


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)


class Clock:
    """The publisher's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now

    def on(self, **passed: float) -> None:
        self.now += timedelta(**passed)


class Desk:
    """A shift with approved posts, and a publisher whose jobs are run by hand."""

    def __init__(self, database: Database, network: FaultNetwork, clock: Clock, scan: Scan) -> None:
        self.database, self.network, self.clock = database, network, clock
        self.publisher = Publisher(database, Engine(database), {"far": network}, scan, LEASE, lambda: None, clock=clock)

    async def approve(self, number: int, text: str, **values: Any) -> None:
        now = self.clock.now
        async with self.database.transaction() as session:
            post = Post(
                number=number,
                author_id="lima-3",
                shift_id=1,
                state=PostState.APPROVED,
                app="a",
                chat="c",
                message=f"{number}",
                source_id="s",
                original_id="s",
                prepared=1,
                drafted=1,
                prepare_at=now,
                text=text,
                sent_at=now,
                received_at=now,
                networks=["far"],
                undo_until=now,
                approved_at=now,
                approved_by="sergeant-1",
                **values,
            )
            session.add(post)
            await session.flush()
            content = approval.content_of(post, [], None)
            post.content = content
            yes = Decision(
                post_id=post.id or 0,
                kind=DecisionKind.PUBLISH,
                officer_id="sergeant-1",
                at=now,
                revision=1,
                content=content,
            )
            session.add(yes)
            await delivery.plan(session, post, ["far"], now, {})

    async def run(self, rounds: int = 1) -> None:
        """Do what the sweep and the queue do: every due delivery once a round, a minute apart."""
        for _ in range(rounds):
            self.clock.on(seconds=61)
            for row in await self.rows():
                await self.publisher.deliver(row.id or 0)

    async def rows(self) -> list[Delivery]:
        async with self.database.reading() as session:
            return list((await session.exec(select(Delivery).order_by(col(Delivery.id)))).all())

    async def states(self) -> list[DeliveryState]:
        return [row.state for row in await self.rows()]


@asynccontextmanager
async def a_desk(
    database: Database, redactor: Redactor, folder: Path, *faults: Fault, scan: Scan | None = None
) -> AsyncIterator[Desk]:
    clock = Clock()
    async with database.transaction() as session:
        session.add(
            Officer(
                id="lima-3",
                call_sign="Lima 3",
                name="P",
                unit="lima",
                roles=["officer"],
                language="en",
                accredited_until=clock.now + timedelta(days=9),
            )
        )
        session.add(
            Shift(
                id=1,
                unit="lima",
                name="Night B",
                state=ShiftState.LIVE,
                starts_at=clock.now,
                ends_at=clock.now + timedelta(days=9),
            )
        )
    yield Desk(database, FaultNetwork(list(faults)), clock, scan or Scan(redactor, folder))


async def test_what_is_due_is_published_once(database: Database, redactor: Redactor, tmp_path: Path) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "All quiet.")
        await desk.run(5)
        assert (desk.network.texts(), await desk.states()) == (["All quiet."], [DeliveryState.SENT])


async def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path, Fault.LOST_AFTER) as desk:
        await desk.approve(1, "All quiet.")
        await desk.run(5)
        assert (desk.network.texts(), desk.network.calls) == (["All quiet."], 1)
        assert await desk.states() == [DeliveryState.SENT]


async def test_what_never_comes_through_in_time_stops_keeping_the_line_and_somebody_is_asked(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path, *[Fault.LOST_BEFORE] * 12) as desk:
        await desk.approve(1, "A long upload.")
        await desk.approve(2, "All quiet.")
        await desk.run(40)
        assert (await desk.states(), desk.network.texts()) == (
            [DeliveryState.STUCK, DeliveryState.SENT],
            ["All quiet."],
        )


async def test_a_sender_that_died_is_not_believed_to_have_sent_nothing(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "All quiet.")
        row = (await desk.rows())[0]
        step = await desk.publisher._intend(row.id or 0)
        assert step is not None
        desk.network.seen.append((row.key, "All quiet."))
        assert await desk.publisher._intend(row.id or 0) is None
        await desk.run(2)
        assert desk.network.texts() == ["All quiet."]
        assert await desk.states() == [DeliveryState.SENT]


async def test_a_slow_answer_after_the_lease_changes_nothing(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "All quiet.")
        row = (await desk.rows())[0]
        step = await desk.publisher._intend(row.id or 0)
        assert step is not None
        desk.network.seen.append((row.key, "All quiet."))
        await desk.run(2)
        await desk.publisher._outcome(step[0], DeliveryState.REFUSED, reason="late")
        assert await desk.states() == [DeliveryState.SENT]


@pytest.mark.parametrize("there", [True, False])
async def test_a_recall_of_what_may_be_there_looks_for_it_and_takes_it_away(
    database: Database, redactor: Redactor, tmp_path: Path, there: bool
) -> None:
    fault = Fault.LOST_AFTER if there else Fault.LOST_BEFORE
    async with a_desk(database, redactor, tmp_path, fault) as desk:
        await desk.approve(1, "All quiet.")
        await desk.run(1)
        assert await desk.states() == [DeliveryState.UNCLEAR]
        async with database.transaction() as session:
            post = (await session.exec(select(Post))).one()
            await POSTS.move(session, post, PostState.RECALLED)
            await delivery.recall(session, post, desk.clock.now)
        await desk.run(4)
        assert await desk.states() == [DeliveryState.RECALLED if there else DeliveryState.CANCELLED]
        assert len(desk.network.withdrawn) == (1 if there else 0)
        assert desk.network.calls == 1


@pytest.mark.parametrize("fault", [Fault.LATER, Fault.REFUSED, Fault.LOST_BEFORE, Fault.LOST_AFTER])
async def test_a_recall_takes_back_what_is_there_of_a_thread(
    database: Database, redactor: Redactor, tmp_path: Path, fault: Fault
) -> None:
    async with a_desk(database, redactor, tmp_path, Fault.NONE, fault) as desk:
        desk.network.limits = replace(LIMITS, threads=True)
        await desk.approve(1, "One.\n\nTwo.\n\nThree.", thread=True)
        await desk.run(1)
        async with database.transaction() as session:
            post = (await session.exec(select(Post))).one()
            await POSTS.move(session, post, PostState.RECALLED)
            await delivery.recall(session, post, desk.clock.now)
        await desk.run(4)
        assert await desk.states() == [DeliveryState.RECALLED]
        assert set(desk.network.withdrawn) == {key for key, _ in desk.network.seen}
        assert len(desk.network.seen) == (2 if fault is Fault.LOST_AFTER else 1)


async def test_a_network_that_does_not_thread_gets_the_first_post_alone(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "One.\n\nTwo.", thread=True)
        await desk.run(3)
        assert (desk.network.texts(), await desk.states()) == (["One."], [DeliveryState.SENT])


async def test_a_freeze_outlives_its_shift(database: Database, redactor: Redactor, tmp_path: Path) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "All quiet.")
        async with database.transaction() as session:
            shift = await session.get_one(Shift, 1)
            await SHIFT_MOVES.move(session, shift, ShiftState.FROZEN, frozen_at=desk.clock.now)
            await end(session, shift, desk.clock.now)
        await desk.run(3)
        assert (desk.network.calls, await desk.states()) == (0, [DeliveryState.DUE])


async def test_posts_of_a_shift_reach_a_network_in_their_order_though_the_first_has_to_wait(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path, *[Fault.LATER] * 4) as desk:
        for number in range(1, 5):
            await desk.approve(number, f"Number {number}.")
            desk.clock.on(seconds=1)
        await desk.run(14)
        assert desk.network.texts() == [f"Number {number}." for number in range(1, 5)]


async def test_a_frozen_shift_sends_nothing(database: Database, redactor: Redactor, tmp_path: Path) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "All quiet.")
        async with database.transaction() as session:
            shift = await session.get_one(Shift, 1)
            await SHIFT_MOVES.move(session, shift, ShiftState.FROZEN, frozen_at=desk.clock.now)
        await desk.run(3)
        assert (desk.network.calls, await desk.states()) == (0, [DeliveryState.DUE])


async def test_a_scene_that_is_not_clear_keeps_an_approved_post_back(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "All quiet.", wait=Wait.SCENE, wait_until=desk.clock.now + timedelta(minutes=60))
        await desk.run(30)
        assert desk.network.calls == 0
        await desk.run(31)
        assert desk.network.texts() == ["All quiet."]


@pytest.mark.parametrize("text", ["Call me on 07700 900123.", "Stopped AB12 CDE.", "Write to jo@home.example."])
async def test_the_last_look_refuses_what_still_identifies(
    database: Database, redactor: Redactor, tmp_path: Path, text: str
) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, text)
        await desk.run(2)
        assert (desk.network.calls, await desk.states()) == (0, [DeliveryState.CANCELLED])


class Once(Scan):
    """Lets the intent through, and nothing that is handed over after it."""

    def __init__(self, redactor: Redactor, media: Path) -> None:
        super().__init__(redactor, media)
        self.looked: list[str] = []

    async def check(self, release: Release) -> None:
        self.looked.append(release.text)
        await super().check(release)
        if len(self.looked) > 1:
            raise NotAllowed("queue.changed_since")


async def test_exactly_what_is_handed_over_is_looked_at_last(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    scan = Once(redactor, tmp_path)
    async with a_desk(database, redactor, tmp_path, scan=scan) as desk:
        await desk.approve(1, "One.\n\nTwo.", thread=True)
        await desk.run(2)
        assert scan.looked == ["One.\n\nTwo.", "One."]
        assert (desk.network.calls, await desk.states()) == (0, [DeliveryState.REFUSED])


async def test_what_changed_after_the_approval_never_leaves(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path) as desk:
        await desk.approve(1, "All quiet.")
        async with database.transaction() as session:
            (await session.exec(select(Post))).one().text = "All quiet!"
        await desk.run(2)
        assert (desk.network.calls, await desk.states()) == (0, [DeliveryState.CANCELLED])


async def test_a_refusal_is_final_and_a_signed_out_network_waits(
    database: Database, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(database, redactor, tmp_path, Fault.SIGNED_OUT, Fault.REFUSED) as desk:
        await desk.approve(1, "All quiet.")
        await desk.run(1)
        assert (await desk.rows())[0].reason == "signed out"
        await desk.run(6)
        assert (desk.network.calls, await desk.states()) == (2, [DeliveryState.REFUSED])


async def test_after_many_tries_a_person_has_to_look(database: Database, redactor: Redactor, tmp_path: Path) -> None:
    async with a_desk(database, redactor, tmp_path, *[Fault.LATER] * 50) as desk:
        await desk.approve(1, "All quiet.")
        await desk.run(STUCK_AFTER + 2)
        assert await desk.states() == [DeliveryState.DUE]
        desk.clock.on(hours=2)
        await desk.run(1)
        assert await desk.states() == [DeliveryState.STUCK]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.sampled_from([f for f in Fault if f is not Fault.REFUSED]), max_size=5),
    looks=st.lists(st.sampled_from([Fault.NONE, Fault.LATER]), max_size=6),
)
async def test_whatever_fails_in_whatever_order_nothing_is_lost_doubled_or_out_of_order(
    sqlite_with_tables: Path, tmp_path: Path, redactor: Redactor, faults: list[Fault], looks: list[Fault]
) -> None:
    path = tmp_path / "again.db"
    for old in tmp_path.glob("again.db*"):
        old.unlink()
    path.write_bytes(sqlite_with_tables.read_bytes())
    database = Database(f"sqlite+aiosqlite:///{path}")
    async with a_desk(database, redactor, tmp_path, *faults) as desk:
        desk.network.look_faults = list(looks)
        for number in range(1, 4):
            await desk.approve(number, f"Number {number}.")
            desk.clock.on(seconds=1)
        for _ in range(45):
            await desk.run(1)
            if set(await desk.states()) == {DeliveryState.SENT}:
                break
        assert desk.network.texts() == ["Number 1.", "Number 2.", "Number 3."]
        assert set(await desk.states()) == {DeliveryState.SENT}
    await database.close()
