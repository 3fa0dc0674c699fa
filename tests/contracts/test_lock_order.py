"""The one order in which rows are locked (docs/architecture.md): whoever crosses anybody else only ever waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import commands, cutting_off, outbox, taps
from bot.chat_app import AttachmentKind
from bot.delivery import Delivery, DeliveryState
from bot.desk import Caller, Desk
from bot.engine import Engine
from bot.fetching import Fetcher
from bot.greens import digest, greens
from bot.hearing import Ears
from bot.network import Heard, HeardPage, Network
from bot.outbox import Slot, SlotKind
from bot.publishing import Publisher
from bot.reply import Reply
from bot.routing import Routing
from bot.settings import Times
from bot.triage import Triage
from moderation import audit, queue
from moderation.post import PictureState, Post, PostPicture, PostState
from moderation.scan import Scan
from moderation.template import Templates
from moderation.vault import Vault
from shifts import roster, timeline
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState, join
from shifts.words import Words
from tests.bot.fault_network import FaultNetwork
from tests.ground import Cluster

CONFIG = Path(__file__).parents[2] / "config"
NOW = utc_now()
Step = Callable[[AsyncSession], Awaitable[object]]


class Crowd:
    """A network on which two people answer at once."""

    def __init__(self, *answers: tuple[str, str]) -> None:
        self.answers = answers

    async def replies(self, cursor: str | None) -> HeardPage:
        heard = [Heard(f"r{i}", there, f"p{i}", "Ada", said, NOW) for i, (there, said) in enumerate(self.answers)]
        return HeardPage(tuple(heard), "1")


@dataclass(frozen=True)
class Night:
    """A shift with two posts that wait and one that is public, a sergeant's phone, and the desk."""

    database: Database
    desk: Desk

    async def crossed(self, hold: Step, other: Callable[[], Awaitable[object]], then: Step) -> None:
        """One transaction holds something, another comes to wait for it, and only then the first goes on."""
        async with self.database.transaction() as session:
            await hold(session)
            waiting = asyncio.ensure_future(other())
            await self.until_somebody_waits()
            await then(session)
        await waiting

    async def until_somebody_waits(self) -> None:
        async with asyncio.timeout(30):
            while True:
                async with self.database.reading() as session:
                    connection = await session.connection()
                    waits = await connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
                    if waits.scalar_one():
                        return
                await asyncio.sleep(0.01)

    async def caller(self, session: AsyncSession) -> Caller:
        person = await session.get_one(Officer, "sergeant-1")
        return Caller(person, (await roster.accounts(session, person.id))[0])

    async def slot(self, session: AsyncSession, kind: SlotKind, subject: int) -> Slot:
        caller = await self.caller(session)
        return await outbox.living(session, caller.account, kind, subject)

    async def tap(self, kind: SlotKind, subject: int, action: str, arg: str) -> None:
        async with self.database.transaction() as session:
            slot = await self.slot(session, kind, subject)
            await taps.press(session, self.desk, await self.caller(session), f"{slot.id}.{action}.{arg}.1", NOW)

    async def publish_greens(self) -> None:
        async with self.database.reading() as session:
            arg = digest(await greens(session, {}, 1, await session.get_one(Officer, "sergeant-1"), NOW))
        await self.tap(SlotKind.QUEUE, 1, "greens", arg)

    async def type(self, command: str) -> None:
        async with self.database.transaction() as session:
            await commands.run(session, self.desk, await self.caller(session), command, NOW)

    async def on(self) -> None:
        await self.type("/on")

    async def hear(self, *answers: tuple[str, str]) -> None:
        triage, templates = Triage.load(CONFIG / "triage"), Templates.load(CONFIG / "templates.toml")
        networks = {"far": cast(Network, Crowd(*answers))}
        await Ears(self.database, networks, Routing(triage, templates), lambda: None).listen("far")

    async def fetch(self) -> None:
        await Fetcher(self.database, {}, self.desk)._hold(1, b"\xff\xd8", AttachmentKind.PHOTO)


@pytest.fixture
async def night(postgresql: Cluster, tmp_path: Path) -> AsyncIterator[Night]:
    with postgresql.new_database() as url:
        database = Database(url)
        desk = Desk(
            Engine(database), Vault(b"k" * 32, tmp_path), Words.load(CONFIG / "languages"), Times(), {}, 500, ()
        )
        one = Night(database, desk)
        async with database.transaction() as session:
            await people(session)
            session.add_all([post(1), post(2), post(3, PostState.RELEASED), post(4, PostState.RELEASED, corrects=3)])
            await session.flush()
            session.add(PostPicture(id=1, post_id=1, part="m-0", state=PictureState.WANTED, kind="photo"))
            session.add_all([delivery(1), delivery(2), delivery(3)])
            for number in (1, 2, 3):
                await one.slot(session, SlotKind.DECIDER, number)
            await one.slot(session, SlotKind.QUEUE, 1)
        yield one
        await desk.engine.close()
        await database.close()


async def people(session: AsyncSession) -> None:
    until = NOW + timedelta(days=1)
    for officer_id, roles in (("lima-3", ["officer"]), ("sergeant-1", ["sergeant", "inspector"])):
        named: dict[str, Any] = {"call_sign": officer_id, "name": "P", "unit": "lima", "language": "en"}
        session.add(Officer(id=officer_id, roles=roles, accredited_until=until, **named))
    session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=NOW, ends_at=until))
    await session.flush()
    sergeant = await session.get_one(Officer, "sergeant-1")
    await join(session, sergeant, await session.get_one(Shift, 1), NOW)
    await roster.link(session, "sergeant-1", "chat", "s1", "s1", NOW)


def post(number: int, state: PostState = PostState.WAITING, **values: Any) -> Post:
    """The first is the less urgent one: a card shows the second above it."""
    where = {"app": "chat", "chat": "c", "message": f"{number}", "source_id": "s", "original_id": "s"}
    times = {"prepare_at": NOW, "sent_at": NOW, "received_at": NOW, "clock_from": NOW}
    ready = {"prepared": 1, "drafted": 1, "verdict": "PASS", "text": "All quiet.", "content": "0" * 64}
    kind = "traffic" if number == 2 else "advice"
    told = {"number": number, "author_id": "lima-3", "shift_id": 1, "networks": ["far"], "kind": kind}
    return Post.model_validate({"id": number, "state": state, **where, **times, **ready, **told, **values})


def delivery(number: int) -> Delivery:
    there: dict[str, Any] = {"state": DeliveryState.SENT, "published_id": f"there-{number}"}
    return Delivery(post_id=number, network="far", key=f"k{number}", due_at=NOW, **there)


def a_post(number: int) -> Step:
    return lambda session: queue.locked(session, number)


async def record(session: AsyncSession) -> None:
    await audit.record(session, NOW, "step", "test")


@pytest.mark.parametrize("held", [1, 2])
async def test_all_that_is_green_and_a_decision_about_one_of_it(night: Night, held: int) -> None:
    async with night.database.transaction() as session:
        picture = await session.get_one(PostPicture, 1)
        await session.delete(picture)
    await night.crossed(a_post(held), night.publish_greens, record)
    async with night.database.reading() as session:
        states = (await session.exec(select(Post.state).where(Post.kind != "x").order_by("id"))).all()
    assert states[:2] == [PostState.APPROVED, PostState.APPROVED]


async def test_a_picture_that_arrives_and_one_that_is_worked_on(night: Night) -> None:
    async def cover(session: AsyncSession) -> None:
        await session.get_one(PostPicture, 1, with_for_update=True, populate_existing=True)

    await night.crossed(a_post(1), night.fetch, cover)


@pytest.mark.parametrize("answered", [("there-1", "there-2"), ("there-2", "there-1")])
async def test_several_replies_at_once_and_a_decision(night: Night, answered: Sequence[str]) -> None:
    said = [(answered[0], "Which road is that?"), (answered[1], "Well done, thank you all.")]
    await night.crossed(a_post(int(answered[1][-1])), lambda: night.hear(*said), record)
    async with night.database.reading() as session:
        assert len((await session.exec(select(Reply))).all()) == 2


async def test_a_reply_like_another_and_a_tap_on_that_one(night: Night) -> None:
    await night.hear(("there-1", "Which road is that, please?"))

    async def hold(session: AsyncSession) -> None:
        await session.get_one(Reply, 1, with_for_update=True, populate_existing=True)

    crowd = [("there-1", "first"), ("there-1", "Which road is that please?")]
    await night.crossed(hold, lambda: night.hear(*crowd), record)


@pytest.mark.parametrize("action", ["false", "acknowledge"])
async def test_an_alarm_that_is_answered_and_a_tap_on_its_reply(night: Night, action: str) -> None:
    await night.hear(("there-1", "Help, somebody is breaking into my house right now!"))

    async def hold(session: AsyncSession) -> None:
        await session.get_one(Reply, 1, with_for_update=True, populate_existing=True)

    await night.crossed(hold, lambda: night.tap(SlotKind.ALARM, 1, action, ""), record)


async def test_a_recall_with_its_correction_and_a_step_of_that(night: Night) -> None:
    await night.crossed(a_post(4), lambda: night.tap(SlotKind.DECIDER, 3, "recall", "wrong"), record)


async def test_going_on_shift_and_a_decision(night: Night) -> None:
    async def decide(session: AsyncSession) -> None:
        await queue.locked(session, 1)
        await outbox.touch(session, 1, SlotKind.DECIDER)

    await night.crossed(decide, night.on, lambda session: outbox.touch(session, 1, SlotKind.QUEUE))


@pytest.mark.parametrize("command", ["/freeze", "/resume"])
async def test_a_freeze_and_a_decision_about_what_it_catches(night: Night, command: str) -> None:
    if command == "/resume":
        await night.type("/freeze")
    async with night.database.transaction() as session:
        for number in (1, 2):
            (await queue.locked(session, number)).state = PostState.APPROVED

    async def decide(session: AsyncSession) -> None:
        await timeline.shift_changed(session, 1, NOW)  # a freeze that waits for a post keeps nobody off the timeline
        await record(session)
        await outbox.touch(session, 2, SlotKind.DECIDER)

    await night.crossed(a_post(2), lambda: night.type(command), decide)
    async with night.database.reading() as session:
        one = await session.get_one(Shift, 1)
        assert one.state is (ShiftState.FROZEN if command == "/freeze" else ShiftState.LIVE)


@pytest.mark.parametrize("void", ["its own", "another's"])
async def test_a_release_that_is_refused_as_it_leaves_and_a_step_of_its_post(night: Night, void: str) -> None:
    networks, scan = {"far": cast(Network, FaultNetwork([]))}, cast(Scan, None)
    publisher = Publisher(night.database, night.desk.engine, networks, scan, timedelta(minutes=2), lambda: None)
    async with night.database.transaction() as session:
        post, row = await queue.locked(session, 1), (await session.exec(select(Delivery).order_by("id"))).all()[0]
        post.state, post.undo_until, row.state, row.published_id = PostState.APPROVED, NOW, DeliveryState.DUE, None
    known = row.id or 0

    async def drop(session: AsyncSession) -> None:
        await session.delete(await session.get_one(Delivery, known))

    hold: Step = (lambda s: outbox.touch(s, 1, SlotKind.DECIDER)) if void == "its own" else a_post(1)
    then: Step = (lambda s: outbox.touch(s, 1, SlotKind.QUEUE)) if void == "its own" else drop
    await night.crossed(hold, lambda: publisher.deliver(known), then)
    async with night.database.reading() as session:
        left = await session.get(Delivery, known)
    assert (left and left.reason) == ("queue.not_approved" if void == "its own" else None)


async def test_who_may_decide_no_more_and_a_tap_on_what_they_see(night: Night) -> None:
    async def cards(session: AsyncSession) -> list[Slot]:
        return list((await session.exec(select(Slot).order_by("id"))).all())

    for last in (False, True):
        async with night.database.transaction() as session:
            for card in (await cards(session))[: 1 if last else None]:  # the first lies behind the others by now
                card.shown = card.wanted
                card.shows += 1
            (await session.get_one(Officer, "sergeant-1")).accredited_until = NOW
    await night.crossed(
        lambda session: outbox.touch(session, 1, SlotKind.DECIDER),
        lambda: cutting_off.sweep(night.database, NOW),
        lambda session: outbox.touch(session, 2, SlotKind.DECIDER),
    )
    async with night.database.reading() as session:
        assert all(card.wanted > card.shown for card in await cards(session) if card.kind is SlotKind.DECIDER)
