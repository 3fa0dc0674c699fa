import pytest
from sqlmodel import select

from bot import cutting_off, delivery
from bot.delivery import Delivery
from moderation import queue
from moderation.post import PostState
from shifts.database import Database
from shifts.roster import revoke
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
