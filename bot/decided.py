"""Decided: what somebody learns who came second."""

from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.outbox import OF_A_POST
from bot.tap import Tap
from moderation.decision import Decision, DecisionKind, NotAllowed
from moderation.post import Post, PostState
from shifts.officer import Officer
from shifts.refusal import Refusal

_ENDS: Final = (DecisionKind.PUBLISH, DecisionKind.SEND_BACK, DecisionKind.WITHDRAW, DecisionKind.RECALL)
"""What somebody decided by which a post is where it is."""
_BY_NOBODY: Final = (PostState.WAITING, PostState.EXPIRED, PostState.BLOCKED, PostState.DIVERTED)


async def already(session: AsyncSession, tap: Tap) -> NotAllowed:
    """The refusal that tells who was first, where that is known."""
    post = await session.get(Post, tap.slot.subject) if tap.slot.kind in OF_A_POST else None
    if post is None or post.state in _BY_NOBODY:
        return NotAllowed("tap.already")
    statement = (
        select(Officer.call_sign)
        .join(Decision, col(Decision.officer_id) == col(Officer.id))
        .where(Decision.post_id == post.id, col(Decision.kind).in_(_ENDS))
        .order_by(col(Decision.id).desc())
        .limit(1)
    )
    who = (await session.exec(statement)).first()
    return NotAllowed("tap.decided", officer=who) if who else NotAllowed("tap.already")


async def by_name(session: AsyncSession, refusal: Refusal) -> Refusal:
    """The refusal, with the call-sign of whoever is on it already in the place of their id."""
    if refusal.sentence != "queue.claimed":
        return refusal
    person = await session.get_one(Officer, refusal.fields["officer"])
    return NotAllowed(refusal.sentence, officer=person.call_sign)
