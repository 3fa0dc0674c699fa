import pytest
from sqlmodel import select

from bot import cutting_off, delivery, outbox
from bot.delivery import Delivery
from bot.outbox import Slot, SlotKind
from moderation import queue
from moderation.post import PostState
from shifts.database import Database
from shifts.officer import Officer
from shifts.roster import link, revoke
from tests.moderation.test_queue import LATER, NOW, RED, a_waiting_post, read, shown, yes


async def approve(database: Database) -> None:
    """A red post that both have said yes to, and that waits for its time."""
    await a_waiting_post(database, RED)
    await yes(database, "sergeant-1", await shown(database))
    assert await yes(database, "inspector-1", await shown(database))
    async with database.transaction() as session:
        await delivery.plan(session, await queue.locked(session, 1), ["page"], LATER, {})


@pytest.mark.parametrize("cut_off", ["sergeant-1", "inspector-1"])
async def test_what_somebody_approved_who_was_cut_off_does_not_leave(sqlite_database: Database, cut_off: str) -> None:
    await approve(sqlite_database)
    assert not await cutting_off.sweep(sqlite_database, NOW)
    async with sqlite_database.transaction() as session:
        await revoke(session, cut_off, NOW)
    assert await cutting_off.sweep(sqlite_database, NOW)
    post = await read(sqlite_database)
    assert (post.state, post.approvals, post.approved_by) == (PostState.WAITING, [], None)
    async with sqlite_database.reading() as session:
        assert (await session.exec(select(Delivery))).all() == []
    assert not await cutting_off.sweep(sqlite_database, NOW)


async def test_somebody_else_who_is_cut_off_changes_nothing(sqlite_database: Database) -> None:
    await approve(sqlite_database)
    async with sqlite_database.transaction() as session:
        await revoke(session, "sergeant-2", NOW)
    await cutting_off.sweep(sqlite_database, NOW)
    assert (await read(sqlite_database)).state is PostState.APPROVED


@pytest.mark.parametrize("cut_off", [False, True])
async def test_what_stands_in_a_chat_that_somebody_left_is_cleared_and_no_card_of_anybody_else(
    database: Database, cut_off: bool
) -> None:
    await a_waiting_post(database)
    async with database.transaction() as session:
        for person in ("sergeant-1", "sergeant-2"):
            account = await link(session, person, "far", person, f"old {person}", NOW)
            card = await outbox.open_slot(session, account, SlotKind.DECIDER, 1)
            card.shown = card.wanted
        await link(session, "sergeant-1", "far", "sergeant-1", "new", NOW)
        if cut_off:
            await revoke(session, "sergeant-1", NOW)
    assert await cutting_off.sweep(database, NOW)
    assert not await cutting_off.sweep(database, NOW)
    async with database.reading() as session:
        untrue = (await session.exec(select(Slot.chat).where(Slot.wanted > Slot.shown))).all()
    assert untrue == ["old sergeant-1"]


@pytest.mark.parametrize("roles", [["sergeant"], ["officer"]])
async def test_who_decides_no_more_keeps_no_card_for_deciding(database: Database, roles: list[str]) -> None:
    await a_waiting_post(database)
    async with database.transaction() as session:
        for person in ("sergeant-1", "sergeant-2", "lima-3"):  # an author may recall from such a card
            account = await link(session, person, "far", person, person, NOW)
            for kind in (SlotKind.DECIDER, SlotKind.SHIFT):
                card = await outbox.open_slot(session, account, kind, 1)
                card.shown = card.wanted
    assert not await cutting_off.sweep(database, NOW)
    async with database.transaction() as session:
        gone = await session.get_one(Officer, "sergeant-1")
        gone.roles, gone.accredited_until = roles, NOW if roles == ["sergeant"] else gone.accredited_until
    assert await cutting_off.sweep(database, NOW)
    assert not await cutting_off.sweep(database, NOW)
    async with database.reading() as session:
        untrue = (await session.exec(select(Slot.chat, Slot.kind).where(Slot.wanted > Slot.shown))).all()
    assert untrue == [("sergeant-1", SlotKind.DECIDER)]
