"""Corrections on their way: after what they correct, once, and harmless when nobody knows whether they arrived."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import col, select

from bot import correcting, delivery
from bot.delivery import DELIVERIES, Delivery, DeliveryState
from bot.network import Published, Refused, TryLater, Unclear
from bot.outbox import Slot, SlotKind
from bot.trouble import BY_HAND
from bot.trouble_card import TroubleCards
from moderation import queue
from moderation.audit import AuditEntry
from moderation.post import POSTS, Post, PostState
from moderation.redaction import Redactor
from moderation.release import Release
from shifts import roster
from shifts.database import Database
from shifts.officer import Officer
from shifts.words import Words
from tests.bot.fault_network import Fault, FaultNetwork
from tests.bot.test_publishing import CONFIG, Desk, a_desk

WORDS = Words.load(CONFIG / "languages")
FIRST, RIGHT, LINE = "It closes at ten.", "It closes at nine.", "The time was wrong."


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor.load(CONFIG, WORDS, models=False)


@dataclass
class Editing(FaultNetwork):
    """Words can be changed there; `edit_faults` are used up by calls of correct."""

    edit_faults: list[Fault] = field(default_factory=list)

    async def correct(self, published: Published, release: Release) -> Published:
        match self.edit_faults.pop(0) if self.edit_faults else Fault.NONE:
            case Fault.LATER:
                raise TryLater(0.0)
            case Fault.REFUSED:
                raise Refused("gone")
            case Fault.LOST_AFTER:
                self._change(published.id, release.text)
                raise Unclear
            case _:
                self._change(published.id, release.text)
        return published

    def _change(self, there: str, text: str) -> None:
        self.seen = [(key, text if key == there else old) for key, old in self.seen]


@pytest.fixture(params=["in place", "apart"])
async def desk(
    request: pytest.FixtureRequest, sqlite_database: Database, redactor: Redactor, tmp_path: Path
) -> AsyncIterator[Desk]:
    """A desk on a network that lets posts be changed, or on one that does not."""
    async with a_desk(sqlite_database, redactor, tmp_path) as desk:
        desk.network = Editing(limits=replace(desk.network.limits, edits=True)) if edits(request) else FaultNetwork()
        cast(dict[str, FaultNetwork], desk.publisher._networks)["far"] = desk.network
        yield desk


def edits(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "in place")


async def correct(desk: Desk, number: int = 2, text: str = RIGHT) -> None:
    told: dict[str, Any] = {"number": 1, "area": None, "line": LINE, "lead": "Correction:"}
    told["apart"] = [] if isinstance(desk.network, Editing) else ["far"]
    await desk.approve(number, text, corrects=1, correction=told)


def after(desk: Desk, text: str = RIGHT) -> list[str]:
    return [text] if isinstance(desk.network, Editing) else [FIRST, f"Correction: {text}"]


async def test_a_correction_comes_after_what_it_corrects_whatever_goes_wrong_before(desk: Desk) -> None:
    desk.network.faults = [Fault.LATER, Fault.LOST_AFTER]
    await desk.approve(1, FIRST)
    await correct(desk)
    await desk.run(8)
    assert desk.network.texts() == after(desk)
    assert await desk.states() == [DeliveryState.SENT] * 2


async def test_a_correction_whose_outcome_nobody_knows_is_there_once(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    desk.network.faults = [Fault.LOST_AFTER]
    if isinstance(desk.network, Editing):
        desk.network.edit_faults = [Fault.LATER, Fault.LOST_AFTER]
    await desk.run(8)
    assert desk.network.texts() == after(desk)
    assert await desk.states() == [DeliveryState.SENT] * 2


async def test_a_publisher_that_dies_over_a_correction_leaves_it_once(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    row = (await desk.rows())[1]
    assert await desk.publisher._intend(row.id or 0) is not None
    await desk.run(4)
    assert desk.network.texts() == after(desk)


async def test_nothing_is_corrected_that_the_network_never_took(desk: Desk) -> None:
    desk.network.faults = [Fault.REFUSED]
    await desk.approve(1, FIRST)
    await correct(desk)
    await desk.run(4)
    assert desk.network.texts() == []
    assert await desk.states() == [DeliveryState.REFUSED, DeliveryState.CANCELLED]


async def test_a_correction_that_waits_for_its_post_holds_up_nobody_and_asks_for_no_job_at_once(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await settle(desk, DeliveryState.STUCK)
    await correct(desk)
    desk.clock.on(seconds=1)
    await desk.approve(3, "All quiet.")
    _, early, behind = await desk.rows()
    assert await due(desk) == [early.id, behind.id]
    await desk.publisher.deliver(early.id or 0)
    await desk.publisher.deliver(behind.id or 0)
    assert desk.network.texts() == ["All quiet."]
    assert await due(desk) == []
    desk.clock.on(seconds=61)
    assert await due(desk) == [early.id]
    await settle(desk, DeliveryState.DUE)
    await desk.run(3)
    assert await desk.states() == [DeliveryState.SENT] * 3


async def test_corrections_of_one_post_go_in_their_order(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk, 2, "It closes at eight.")
    desk.clock.on(seconds=1)
    await correct(desk, 3)
    last = (await desk.rows())[-1]
    await desk.publisher.deliver(last.id or 0)
    assert (await desk.states())[-1] is DeliveryState.DUE
    await desk.run(3)
    assert desk.network.texts()[-1] == after(desk)[-1]


async def test_somebody_is_told_when_wrong_words_stay_that_a_person_found(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        author = await session.get_one(Officer, "lima-3")
        session.add(Officer(**author.model_dump() | {"id": "inspector-1", "call_sign": "I 1", "roles": ["inspector"]}))
        await session.flush()
        await roster.link(session, "inspector-1", "a", "1", "1", desk.clock.now)
    await desk.approve(1, FIRST)
    await settle(desk, DeliveryState.SENDING)
    await settle(desk, DeliveryState.SENT, reason=BY_HAND)
    await correct(desk)
    await desk.run(1)
    assert await desk.states() == [DeliveryState.SENT, DeliveryState.CANCELLED]
    async with desk.database.reading() as session:
        entries = (await session.exec(select(AuditEntry).where(AuditEntry.event == "cancelled"))).all()
        (slot,) = (await session.exec(select(Slot).where(Slot.kind == SlotKind.TROUBLE))).all()
        card = await TroubleCards(WORDS).card(session, slot, await session.get_one(Officer, "inspector-1"))
    assert [entry.subject for entry in entries] == ["post 2"]
    assert (slot.officer_id, slot.subject) == ("inspector-1", (await desk.rows())[1].id)
    assert card is not None
    assert card.lines == (WORDS.say("trouble.unsaid", "en"),)


async def settle(desk: Desk, state: DeliveryState, **values: Any) -> None:
    """What became of the delivery of the first post."""
    async with desk.database.transaction() as session:
        row = (await session.exec(select(Delivery).order_by(col(Delivery.id)))).first()
        assert row is not None
        post = await session.get_one(Post, row.post_id)
        if post.state is PostState.APPROVED:
            await POSTS.move(session, post, PostState.RELEASED)
        if state is DeliveryState.STUCK:
            await DELIVERIES.move(session, row, DeliveryState.SENDING)
        await DELIVERIES.move(session, row, state, **values)


async def due(desk: Desk) -> list[int | None]:
    async with desk.database.transaction() as session:
        return [row.id for row in await delivery.to_do(session, desk.clock.now, timedelta(seconds=5))]


async def test_with_a_post_its_corrections_go_and_nothing_else_is_asked_for(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    await desk.run(2)
    keys = [row.key for row in await desk.rows()]
    await recall(desk)
    await desk.run(2)
    assert await desk.states() == [DeliveryState.RECALLED] * 2
    assert desk.network.withdrawn == (keys[:1] if isinstance(desk.network, Editing) else keys)


async def test_a_correction_of_a_recalled_post_never_leaves(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    await recall(desk)
    await desk.run(3)
    assert desk.network.texts() == [FIRST]
    assert await desk.states() == [DeliveryState.RECALLED, DeliveryState.CANCELLED]


async def recall(desk: Desk) -> None:
    now = desk.clock.now
    async with desk.database.transaction() as session:
        post = await queue.locked(session, (await session.exec(select(Post.id).where(Post.number == 1))).one() or 0)
        await POSTS.move(session, post, PostState.RECALLED)
        await delivery.recall(session, post, now)
        await correcting.recall(session, post, await session.get_one(Officer, "lima-3"), "wrong", now)
