"""Cutting off: what somebody who was revoked still has on their phone is cleared, soon and without their doing."""

from collections.abc import Collection

from sqlmodel import col, exists, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.outbox import Slot, SlotKind
from moderation.post import Post, PostState
from shifts.database import Database
from shifts.officer import Account, Officer


async def sweep(database: Database) -> bool:
    """Have every card cleared that stands in a chat which is no longer its person's; False if there is none."""
    async with database.reading() as session:
        found = await _strangers(session)
    if found:
        async with database.transaction() as session:
            ids = [slot.id for slot in found]
            touched = update(Slot).where(col(Slot.id).in_(ids), col(Slot.wanted) == col(Slot.shown))
            await session.exec(touched.values(wanted=Slot.wanted + 1).execution_options(synchronize_session=False))
            await _agreed_with(session, {slot.officer_id for slot in found})
    return bool(found)


async def _strangers(session: AsyncSession) -> list[Slot]:
    """Cards that tell something, in chats of people or accounts that were cut off."""
    theirs = exists().where(
        col(Account.officer_id) == col(Slot.officer_id),
        col(Account.app) == col(Slot.app),
        col(Account.chat) == col(Slot.chat),
        col(Account.revoked_at).is_(None),
        col(Account.officer_id) == col(Officer.id),
        col(Officer.in_roster).is_(True),
        col(Officer.revoked_at).is_(None),
    )
    statement = select(Slot).where(col(Slot.closed).is_(False), col(Slot.wanted) == col(Slot.shown), ~theirs)
    return list((await session.exec(statement.order_by(col(Slot.id)).limit(200))).all())


async def _agreed_with(session: AsyncSession, officer_ids: Collection[str]) -> None:
    """Their yes counts no longer: the cards of posts that wait for a second one say so."""
    waiting = (await session.exec(select(Post).where(Post.state == PostState.WAITING))).all()
    for post in waiting:
        if set(post.approvals) & set(officer_ids):
            await outbox.touch(session, post.id, SlotKind.DECIDER)
