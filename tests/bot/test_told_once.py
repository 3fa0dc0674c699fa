"""One trouble of a delivery is told once: however often it is tried again, the card stands as it did."""

from sqlmodel import col, select

from bot.delivery import DeliveryState
from bot.network import SignedOut
from bot.outbox import Slot, SlotKind
from shifts import roster
from shifts.officer import Officer
from shifts.shift import Duty
from tests.bot.fault_network import Fault
from tests.bot.test_trouble import Hand, hand, recall, redactor

__all__ = ["hand", "redactor"]
"""Given to the tests of this module as well."""


async def cards(hand: Hand) -> list[tuple[str, bool, int]]:
    """Who has one, whether it is closed, and how often it was to be shown anew."""
    async with hand.desk.database.reading() as session:
        found = await session.exec(select(Slot).where(Slot.kind == SlotKind.TROUBLE).order_by(col(Slot.id)))
        return [(one.officer_id, one.closed, one.wanted) for one in found.all()]


async def test_a_recall_that_is_tried_again_touches_no_card_and_only_who_comes_later_gets_one(hand: Hand) -> None:
    await hand.desk.approve(1, "All quiet.")
    await hand.desk.run(1)
    await recall(hand)
    hand.network.shut = SignedOut()
    await hand.desk.run(1)
    first = await cards(hand)
    assert [who for who, _, _ in first] == ["sergeant-1"]
    await hand.desk.run(3)
    assert await cards(hand) == first
    async with hand.desk.database.transaction() as session:
        (await session.exec(select(Slot).where(Slot.kind == SlotKind.TROUBLE))).one().closed = True  # its chat is gone
        told = (await session.get_one(Officer, "sergeant-1")).model_dump() | {
            "id": "sergeant-2",
            "call_sign": "Sierra 2",
        }
        session.add(Officer(**told))
        await session.flush()
        await roster.link(session, "sergeant-2", "a", "2", "2", hand.desk.clock.now)
        session.add(Duty(shift_id=1, officer_id="sergeant-2", on_at=hand.desk.clock.now))
    await hand.desk.run(3)
    assert [(who, closed) for who, closed, _ in await cards(hand)] == [("sergeant-1", True), ("sergeant-2", False)]


async def test_why_a_delivery_waits_is_kept_while_it_is_so_and_not_after_it(hand: Hand) -> None:
    hand.network.faults = [Fault.SIGNED_OUT, Fault.LATER, Fault.SIGNED_OUT, *[Fault.LOST_BEFORE] * 2]
    await hand.desk.approve(1, "All quiet.")
    for _ in range(3):
        await hand.desk.run(1)
        assert [row.reason for row in await hand.desk.rows()] == ["signed out"]
    for known in ("signed out", None):  # it looks, finds nothing, and sends once more
        await hand.desk.run(1)
        assert [(row.state, row.reason) for row in await hand.desk.rows()] == [(DeliveryState.UNCLEAR, known)]
