"""Retelling: a recap whose words the public should no longer read, because a post was recalled or corrected since."""

from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import CompoundSelect
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, delivery, recap
from bot.delivery import Delivery
from bot.desk import Desk
from moderation import queue
from moderation.post import OPEN, POSTS, Post, PostState
from shifts.officer import Officer
from shifts.shift import Shift

STANDS: Final = (*OPEN, PostState.APPROVED, PostState.RELEASED)
LATELY: Final = timedelta(days=7)
"""Longer than anything of ours stands still."""
ANEW: Final = timedelta(hours=12)
"""A recap that is older is not drafted once more: the night is long over."""


async def outdated(session: AsyncSession, now: datetime) -> list[int]:
    """The recaps that tell once more what was recalled, or what is said in other words by now."""
    changed = select(_changed(now).cte("changed").c.post)
    others = or_(col(Post.id).in_(changed), col(Post.corrects).in_(changed))
    told = dict((await session.exec(select(Post.id, Post.shift_id).where(others))).all())
    if not told:
        return []
    recaps = select(Post.id, Post.state, Post.retells).where(
        col(Post.shift_id).in_(set(told.values())), col(Post.thread)
    )
    found = (await session.exec(recaps.order_by(col(Post.id)))).all()
    doubtful = [one or 0 for one, state, retells in found if state in STANDS and told.keys() & set(retells)]
    return [one for one in doubtful if await _is_outdated(session, await session.get_one(Post, one))]


def _changed(now: datetime) -> CompoundSelect[Any]:
    """What was recalled or corrected lately; of a correction, what it corrects. Starts with what there is little of."""
    recalled = select(func.coalesce(col(Post.corrects), col(Post.id)).label("post")).where(
        Post.state == PostState.RECALLED, col(Post.ended_at) > now - LATELY
    )
    corrections = select(Post.id).where(col(Post.corrects).is_not(None))
    sent = select(Delivery.post_id).where(
        col(Delivery.post_id).in_(corrections), col(Delivery.first_sent_at) > now - LATELY
    )
    return recalled.union(select(Post.corrects).where(col(Post.id).in_(sent), Post.state == PostState.RELEASED))


async def tell_anew(session: AsyncSession, desk: Desk, recap_id: int, zone: tzinfo, now: datetime) -> None:
    """Take it out of the queue, or off every network, and draft it once more from what still stands."""
    known = await session.get_one(Post, recap_id)
    shift = await session.get_one(Shift, known.shift_id, with_for_update=True, populate_existing=True)
    told = await queue.locked(session, recap_id)
    if told.state not in STANDS or not await _is_outdated(session, told):
        return
    public = told.state is PostState.RELEASED
    to = PostState.RECALLED if public else PostState.WITHDRAWN
    await POSTS.move(session, told, to, ended_at=now, undo_until=None, claimed_by=None, claimed_until=None)
    await delivery.recall(session, told, now)
    if told.received_at > now - ANEW:
        await recap.draft(session, desk, shift, zone, now)
    await queue.note(session, told, to.value, None, now, reason="retold")
    await desk.changed(session, told, now)
    for officer_id in sorted({told.author_id, told.approved_by or told.author_id}):
        person = await session.get_one(Officer, officer_id)
        sentence = "recap.taken_down" if public else "recap.told_anew"
        await desk.tell(session, person, sentence, number=told.number)


async def _is_outdated(session: AsyncSession, told: Post) -> bool:
    for post_id in told.retells:
        one = await session.get_one(Post, post_id, populate_existing=True)
        first = one if one.corrects is None else await session.get_one(Post, one.corrects, populate_existing=True)
        if first.state is not PostState.RELEASED or (await correcting.said(session, first)).id != one.id:
            return True
    return False
