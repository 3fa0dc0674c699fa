"""Fixed answers: an approved text on its way to somebody who replied. At most one per author and incident."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.alarm import FOLLOWS
from bot.delivery import DeliveryState
from bot.reply import Reply
from moderation.post import Post
from moderation.template import Templates, Thread
from shifts.database import by_value
from shifts.shift import Shift, ShiftState
from shifts.state import Machine

WITHIN: Final = timedelta(minutes=10)
AT_MOST: Final = 20
AT_MOST_FOR_LIFE: Final = 200
"""So many fixed texts in ten minutes on one network; more would be a flood of our own."""

_FAILED: Final = (DeliveryState.REFUSED, DeliveryState.STUCK, DeliveryState.CANCELLED)


class FixedAnswer(SQLModel, table=True):
    """One text under one reply. States as of a delivery; `key` is given to the network: the same key, the same post."""

    __tablename__ = "fixed_answer"
    __table_args__ = (
        Index("ix_fixed_answer_author", "network", "author", "post_id"),
        UniqueConstraint("reply_id", "template"),
    )

    id: int | None = Field(default=None, primary_key=True)
    template: str = Field(max_length=32)
    reply_id: int = Field(foreign_key="reply.id")
    post_id: int = Field(foreign_key="post.id")
    network: str = Field(max_length=32)
    author: str = Field(max_length=256)
    answers: str = Field(max_length=256)
    language: str = Field(max_length=8)
    key: str = Field(unique=True, max_length=64)
    state: DeliveryState = Field(default=DeliveryState.DUE, sa_type=by_value(DeliveryState), index=True)
    made_at: datetime = Field(index=True)
    tries: int = 0
    lease_until: datetime | None = None
    not_before: datetime | None = None
    first_sent_at: datetime | None = None
    published_id: str | None = Field(default=None, max_length=256, index=True)
    url: str | None = Field(default=None, max_length=500)


FIXED_ANSWERS: Final = Machine(
    "fixed answer",
    FixedAnswer,
    DeliveryState.DUE,
    {
        DeliveryState.DUE: frozenset({DeliveryState.SENDING, DeliveryState.CANCELLED}),
        DeliveryState.SENDING: frozenset(
            {
                DeliveryState.SENT,
                DeliveryState.DUE,
                DeliveryState.REFUSED,
                DeliveryState.UNCLEAR,
                DeliveryState.STUCK,
            }
        ),
        DeliveryState.UNCLEAR: frozenset({DeliveryState.SENT, DeliveryState.DUE}),
    },
)


async def want(
    session: AsyncSession, templates: Templates, name: str, reply: Reply, post: Post, now: datetime
) -> FixedAnswer | None:
    """Put a fixed text on its way to the author of a reply; None if they had theirs, or it may not go now."""
    if name not in templates:
        return None
    urgent = templates.life_risk(name)
    shift = await session.get_one(Shift, post.shift_id)
    if shift.state is ShiftState.FROZEN and not urgent:
        return None
    if await _told(session, templates, reply, now, urgent=urgent):
        return None
    if await _lately(session, reply.network, now) >= (AT_MOST_FOR_LIFE if urgent else AT_MOST):
        return None
    answer = FixedAnswer(
        template=name,
        reply_id=reply.id or 0,
        post_id=reply.post_id,
        network=reply.network,
        author=reply.author,
        answers=reply.heard_id,
        language=reply.language or post.language,
        key=f"tp-fixed-{reply.id}-{name}",
        made_at=now,
    )
    session.add(answer)
    await session.flush()
    return answer


async def may_leave(session: AsyncSession, answer: FixedAnswer, templates: Templates) -> bool:
    """In a freeze only what may save a life leaves, whenever it was wanted; the rest waits for the resume."""
    post = await session.get_one(Post, answer.post_id)
    shift = await session.get_one(Shift, post.shift_id, populate_existing=True)
    return shift.frozen_at is None or templates.life_risk(answer.template)


async def of_alarm(session: AsyncSession, alarm_id: int) -> FixedAnswer | None:
    """The newest fixed text for the person whom an alarm is about."""
    newest = select(FixedAnswer).join(Reply, col(Reply.id) == col(FixedAnswer.reply_id))
    newest = newest.where(Reply.alarm_id == alarm_id).order_by(col(FixedAnswer.id).desc())
    return (await session.exec(newest)).first()


async def by_published(session: AsyncSession, network: str, published_id: str) -> FixedAnswer | None:
    """The fixed text that the network knows by this id: people answer those as well."""
    statement = select(FixedAnswer).where(FixedAnswer.network == network, col(FixedAnswer.published_id) == published_id)
    return (await session.exec(statement)).first()


async def to_do(session: AsyncSession, now: datetime, network: str, limit: int = 20) -> list[int]:
    """The ids of what is due on a network, or was left in doubt there, oldest first."""
    working = (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
    statement = (
        select(FixedAnswer.id)
        .where(
            col(FixedAnswer.state).in_(working),
            FixedAnswer.network == network,
            or_(col(FixedAnswer.lease_until).is_(None), col(FixedAnswer.lease_until) <= now),
            or_(col(FixedAnswer.not_before).is_(None), col(FixedAnswer.not_before) <= now),
        )
        .order_by(col(FixedAnswer.id))
        .limit(limit)
    )
    return [found for found in (await session.exec(statement)).all() if found is not None]


async def thread_of(session: AsyncSession, answer: FixedAnswer) -> Thread:
    """Where it is said."""
    post = await session.get_one(Post, answer.post_id)
    return Thread(answer.post_id, post.number, post.shift_id, answer.network, answer.reply_id)


async def _told(session: AsyncSession, templates: Templates, reply: Reply, now: datetime, *, urgent: bool) -> bool:
    """Whether this author had theirs. A call for help is one incident wherever they write, as its alarm is; everything
    else is one under each post, and nothing after a call for help. What never got there did not save a life."""
    theirs = select(FixedAnswer).where(FixedAnswer.network == reply.network, FixedAnswer.author == reply.author)
    lately = theirs.where(col(FixedAnswer.made_at) > now - FOLLOWS)
    for_life = [
        one
        for one in (await session.exec(lately)).all()
        if one.template in templates and templates.life_risk(one.template)
    ]
    if urgent:
        # Of one and the same reply it is not wanted again, only because its words have changed since.
        return any(one.state not in _FAILED or one.reply_id == reply.id for one in for_life)
    here = await session.exec(theirs.where(FixedAnswer.post_id == reply.post_id).limit(1))
    return bool(for_life) or here.first() is not None


async def _lately(session: AsyncSession, network: str, now: datetime) -> int:
    statement = select(func.count(col(FixedAnswer.id))).where(
        FixedAnswer.network == network, col(FixedAnswer.made_at) > now - WITHIN
    )
    return (await session.exec(statement)).one()
