"""A network that answers nothing for long: its line moves, somebody is asked, and no card outlives its row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import pytest
from sqlmodel import col, select

from bot import delivery
from bot.delivery import DeliveryState
from bot.network import Published, SignedOut, TryLater
from bot.outbox import Slot, SlotKind
from moderation import queue
from moderation.post import POSTS, PostState
from moderation.release import Release
from shifts.officer import Officer
from tests.bot.fault_network import Fault, FaultNetwork
from tests.bot.test_trouble import Hand, hand, redactor

__all__ = ["hand", "redactor"]


@dataclass
class Shut(FaultNetwork):
    """`said`: what it says to everything."""

    said: Exception | None = None

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        if self.said is not None and not self.faults:
            raise self.said
        return await super().publish(release, key, answers)

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        if self.said is not None:
            raise self.said
        return await super().find(release, key, since)


def shut(hand: Hand, said: Exception, *faults: Fault) -> Shut:
    network = Shut(list(faults), said=said)
    hand.desk.network = network
    cast(dict[str, FaultNetwork], hand.desk.publisher._networks)["far"] = network
    return network


@pytest.mark.parametrize("recalled", [False, True])
@pytest.mark.parametrize("said", [TryLater(86_400), SignedOut()])
async def test_somebody_is_asked_at_once_when_nobody_can_look_for_long(
    hand: Hand, said: Exception, recalled: bool
) -> None:
    shut(hand, said, Fault.LOST_AFTER)
    await hand.desk.approve(1, "All quiet.")
    await hand.desk.run()
    if recalled:
        async with hand.desk.database.transaction() as session:
            post = await queue.locked(session, 1)
            await POSTS.move(session, post, PostState.RECALLED)
            await delivery.recall(session, post, hand.desk.clock.now)
    hand.desk.clock.on(seconds=600)
    await hand.desk.run()
    (row,) = await hand.desk.rows()
    assert (row.state, len(await hand.labels())) == (DeliveryState.UNCLEAR, 2)
    assert row.not_before is not None
    assert row.not_before <= hand.desk.clock.now + timedelta(seconds=900)
    if recalled:
        hand.desk.clock.on(seconds=900)
        await hand.tap("absent")
        assert await hand.desk.states() == [DeliveryState.DUE]
        await hand.desk.run(2)
        assert await hand.desk.states() == [DeliveryState.CANCELLED]


async def test_a_pause_does_not_count_against_what_waits_for_its_end(hand: Hand) -> None:
    network = shut(hand, TryLater(900))
    await hand.desk.approve(1, "All quiet.")
    for _ in range(14):
        hand.desk.clock.on(seconds=900)
        await hand.desk.run()
    network.said = TryLater(5)
    hand.desk.clock.on(seconds=900)
    await hand.desk.run()
    assert await hand.desk.states() == [DeliveryState.DUE]


async def test_no_card_of_a_delivery_that_is_dropped_becomes_another_ones(hand: Hand) -> None:
    await hand.desk.approve(1, "All quiet.")
    (row,) = await hand.desk.rows()
    async with hand.desk.database.transaction() as session:
        sergeant = await session.get_one(Officer, "sergeant-1")
        session.add(Slot(officer_id=sergeant.id, app="a", chat="1", kind=SlotKind.TROUBLE, subject=row.id, shown=1))
        post = await queue.locked(session, 1)
        await delivery.unplan(session, post)
        await delivery.plan(session, post, ["far"], hand.desk.clock.now, {})
    ids = [new.id for new in await hand.desk.rows()]
    async with hand.desk.database.reading() as session:
        (slot,) = (await session.exec(select(Slot).where(col(Slot.kind) == SlotKind.TROUBLE))).all()
    assert ids
    assert slot.subject not in ids
    assert slot.wanted > slot.shown
