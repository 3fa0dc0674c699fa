"""Cutting off: what somebody who was revoked, or who decides no more, still has on their phone is cleared, soon and
without their doing."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import String
from sqlmodel import and_, cast, col, exists, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import delivery, outbox, recalling
from bot.due import each
from bot.outbox import FOR_DECIDERS, Slot, SlotKind
from moderation import queue
from moderation.post import Post, PostState
from shifts.database import Database
from shifts.officer import LEADERS, Account, Officer


async def sweep(database: Database, now: datetime) -> bool:
    """Clear what must not stand any longer: cards of strangers and of who may not decide any more, and approvals of
    strangers that nothing has left by.

    False if there was nothing."""
    async with database.reading() as session:
        cards = [*await _strangers(session), *await _deciders_no_more(session, now)]
        posts = await _approved(session)
    if cards:
        async with database.transaction() as session:
            await _touch(session, cards)
    await each(posts, lambda post_id: _void(database, post_id, now))
    return bool(cards or posts)


async def _touch(session: AsyncSession, cards: Sequence[Slot]) -> None:
    theirs = and_(col(Slot.id).in_([slot.id for slot in cards]), col(Slot.wanted) == col(Slot.shown))
    posts = await _agreed_with(session, {slot.officer_id for slot in cards})
    say_so = and_(Slot.kind == SlotKind.DECIDER, col(Slot.subject).in_(posts), col(Slot.closed).is_(False))
    await outbox.touch_all(session, or_(theirs, say_so))


async def _approved(session: AsyncSession) -> list[int]:
    """Posts that wait to leave although somebody who said yes to them may do nothing any more."""
    posts = (await session.exec(select(Post).where(Post.state == PostState.APPROVED).order_by(col(Post.id)))).all()
    said = {officer for post in posts for officer in (post.approved_by, *post.approvals) if officer}
    people = (await session.exec(select(Officer).where(col(Officer.id).in_(said)))).all()
    gone = {person.id for person in people if not person.active}
    return [post.id or 0 for post in posts if gone & {post.approved_by, *post.approvals}]


async def _void(database: Database, post_id: int, now: datetime) -> None:
    async with database.transaction() as session:
        post = await queue.locked(session, post_id)
        if post.state is PostState.APPROVED:
            await delivery.unplan(session, post)
        if await queue.void(session, post, now):
            await outbox.touch(session, post.id, SlotKind.AUTHOR, SlotKind.DECIDER)
            await outbox.touch(session, post.shift_id, SlotKind.QUEUE)


async def _strangers(session: AsyncSession) -> list[Slot]:
    """Cards that tell something, in chats of people or accounts that were cut off. Starts with those: they are few."""
    gone = select(Officer.id).where(or_(col(Officer.in_roster).is_(False), col(Officer.revoked_at).is_not(None)))
    left = select(Account.officer_id).where(col(Account.revoked_at).is_not(None))
    theirs = exists().where(
        col(Account.officer_id) == col(Slot.officer_id),
        col(Account.app) == col(Slot.app),
        col(Account.chat) == col(Slot.chat),
        col(Account.revoked_at).is_(None),
        col(Account.officer_id) == col(Officer.id),
        col(Officer.in_roster).is_(True),
        col(Officer.revoked_at).is_(None),
    )
    statement = select(Slot).where(
        col(Slot.officer_id).in_(gone.union(left)),
        col(Slot.closed).is_(False),
        col(Slot.wanted) == col(Slot.shown),
        ~theirs,
    )
    return list((await session.exec(statement.order_by(col(Slot.id)).limit(200))).all())


async def _deciders_no_more(session: AsyncSession, now: datetime) -> list[Slot]:
    """Cards for deciding that tell something, of people whose accreditation has lapsed or who lost the role; but for
    those from which they may still recall."""
    roles = cast(col(Officer.roles), String)
    leads = and_(or_(*(roles.contains(f'"{role}"') for role in LEADERS)), col(Officer.accredited_until) > now)
    theirs = exists().where(col(Post.id) == col(Slot.subject), recalling.kept())
    statement = (
        select(Slot)
        .join(Officer, col(Officer.id) == col(Slot.officer_id))
        .where(
            col(Slot.kind).in_(FOR_DECIDERS),
            col(Slot.closed).is_(False),
            col(Slot.wanted) == col(Slot.shown),
            ~leads,
            or_(col(Slot.kind) != SlotKind.DECIDER, ~theirs),
        )
    )
    return list((await session.exec(statement.order_by(col(Slot.id)).limit(200))).all())


async def _agreed_with(session: AsyncSession, officer_ids: Collection[str]) -> list[int]:
    """The posts that wait for a second yes, whose cards say that theirs counts no longer."""
    waiting = (await session.exec(select(Post).where(Post.state == PostState.WAITING))).all()
    return [post.id or 0 for post in waiting if set(post.approvals) & set(officer_ids)]
