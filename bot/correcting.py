"""Correcting: other public words in the place of released ones, as a post of its own that everybody decides about anew.

Where a network lets us change a post, the words are changed there; elsewhere the correction is said under it."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import delivery, outbox, reception
from bot.delivery import Delivery, DeliveryState
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from moderation import queue
from moderation.decision import NotAllowed
from moderation.post import OPEN, POSTS, Post, PostState
from shifts.officer import LEADERS, Officer
from shifts.shift import MayNotDecide, current_shift, may_post

WRONG: Final = ("number", "place", "time", "fact", "wording")
"""What can have been wrong; each has a public sentence, so that nothing of the old words is ever repeated."""
_COMING: Final = (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR, DeliveryState.STUCK)
_ON_ITS_WAY: Final = (DeliveryState.SENDING, DeliveryState.UNCLEAR)
_STANDS: Final = (*OPEN, PostState.APPROVED, PostState.RELEASED)


class Aim(StrEnum):
    """How a delivery stands to the post that it corrects on its network."""

    READY = "ready"
    EARLY = "early"
    GONE = "gone"


async def may_correct(session: AsyncSession, person: Officer, post: Post, now: datetime) -> int:
    """The shift that a correction by this person belongs to: its author on shift may, and whoever leads.

    Raises Refusal."""
    if post.state is not PostState.RELEASED or post.lesson:
        raise NotAllowed("correction.nothing_to_correct")
    if post.thread:
        raise NotAllowed("correction.thread")
    if person.id == post.author_id and not person.has(*LEADERS):
        return (await may_post(session, person, now)).number
    if not person.has(*LEADERS):
        raise NotAllowed("correction.not_yours")
    if not person.accredited(now):
        raise MayNotDecide("shift.lapsed_decider")
    here = await current_shift(session, person.id)
    return here.number if here is not None and here.running(now) else post.shift_id


async def begin(
    session: AsyncSession, desk: Desk, caller: Caller, post: Post, now: datetime, *, wrong: str, text: str
) -> Post:
    """These words, once they are approved, take the place of what the public reads. Raises Refusal."""
    shift_id = await may_correct(session, caller.officer, post, now)
    if await pending(session, post) is not None:
        raise NotAllowed("correction.pending")
    rows = await delivery.of_post(session, post.id or 0)
    there = {row.network for row in rows if _is_or_comes(row)}
    networks = [name for name in desk.networks if name in there]
    if not networks:
        raise NotAllowed("correction.nothing_to_correct")
    told = {
        "number": post.number,
        "area": post.area,
        "line": desk.words.say(f"correction.line.{wrong}", post.language),
        "lead": desk.words.say("correction.lead", post.language),
        "apart": [name for name in networks if not desk.networks[name].edits],
    }
    asked = reception.Correction(post, shift_id, networks, told)
    left_over = await unreleased(session, post)
    made = await reception.correction(session, desk, caller, asked, text, now)
    made.before_edit = await words_of(session, post)
    for left in left_over:
        await _gives_way(session, desk, left, caller.officer, now)
    for row in rows:
        await outbox.touch(session, row.id, SlotKind.TROUBLE)
    return made


async def _gives_way(session: AsyncSession, desk: Desk, left: Post, officer: Officer, now: datetime) -> None:
    """A correction that was sent back, or that no network could take, goes when another one begins."""
    await POSTS.move(session, left, PostState.WITHDRAWN, ended_at=now, undo_until=None)
    await queue.note(session, left, PostState.WITHDRAWN.value, officer.id, now)
    await desk.changed(session, left, now)


async def unreleased(session: AsyncSession, post: Post) -> list[Post]:
    """What was to correct a post and has not left, the oldest first, each locked."""
    statement = select(Post.id).where(Post.corrects == post.id, col(Post.state).in_((*OPEN, PostState.APPROVED)))
    found = await queue.locked_all(session, [one for one in (await session.exec(statement)).all() if one is not None])
    return [one for one in found.values() if one.state in (*OPEN, PostState.APPROVED)]


async def pending(session: AsyncSession, post: Post) -> Post | None:
    """The correction of a post that is being decided about or is on its way; one that was sent back is neither."""
    for one in await unreleased(session, post):
        rows = await delivery.of_post(session, one.id or 0) if one.state is PostState.APPROVED else []
        on_its_way = any(row.state is not DeliveryState.CANCELLED for row in rows)
        if on_its_way or one.state in (PostState.RECEIVED, PostState.WAITING):
            return one
    return None


async def overtaken(session: AsyncSession, post: Post) -> bool:
    """Whether other words than these are, or may soon be, what the public should read: a later correction stands."""
    later = Post.corrects == post.id if post.corrects is None else Post.corrects == post.corrects
    statement = select(Post.id).where(later, col(Post.id) > (post.id or 0), col(Post.state).in_(_STANDS))
    return (await session.exec(statement.limit(1))).first() is not None


async def corrections(session: AsyncSession, post: Post) -> list[Post]:
    """The corrections of a post that the public can read, the newest last."""
    statement = select(Post).where(Post.corrects == post.id, Post.state == PostState.RELEASED)
    return list((await session.exec(statement.order_by(col(Post.approved_at), col(Post.id)))).all())


async def said(session: AsyncSession, post: Post) -> Post:
    """Whose words the public reads of a post now: its own, or its last correction."""
    return (await corrections(session, post) or [post])[-1]


async def words_of(session: AsyncSession, post: Post) -> str:
    """What the public reads of a post now."""
    return (await said(session, post)).text


async def corrected(session: AsyncSession, post: Post) -> Post:
    """The post that a correction belongs to; any other post is its own."""
    return post if post.corrects is None else await queue.locked(session, post.corrects)


async def together(session: AsyncSession, post_id: int) -> Post:
    """The post that this one is or corrects, locked with everything that corrects it, the oldest first."""
    found = await session.get_one(Post, post_id)
    first = found.corrects or post_id
    ids = (await session.exec(select(Post.id).where(or_(Post.id == first, Post.corrects == first)))).all()
    return (await queue.locked_all(session, [one for one in ids if one is not None]))[first]


async def aim(session: AsyncSession, row: Delivery, post: Post) -> Aim:
    """Whether there is something on the network to correct, and if so what: `row.answers` names it."""
    if post.corrects is None:
        return Aim.READY
    first = await session.get_one(Post, post.corrects, populate_existing=True)
    statement = select(Delivery).where(Delivery.post_id == post.corrects, Delivery.network == row.network)
    there = (await session.exec(statement.execution_options(populate_existing=True))).first()
    if there is None or first.state is not PostState.RELEASED or not _is_or_comes(there):
        return Aim.GONE
    if there.state is not DeliveryState.SENT:
        return Aim.EARLY
    row.answers = there.published_id
    return await _among(session, row, post) if there.published_id else Aim.GONE


async def _among(session: AsyncSession, row: Delivery, post: Post) -> Aim:
    """How it stands to the other corrections of the same post: the words of a later one are never written over."""
    others = select(Delivery.id).join(Post, col(Post.id) == col(Delivery.post_id))
    others = others.where(Post.corrects == post.corrects, Delivery.network == row.network)
    there = (*_ON_ITS_WAY, DeliveryState.SENT)
    later = others.where(col(Post.id) > (post.id or 0), col(Delivery.state).in_(there))
    if (await session.exec(later.limit(1))).first() is not None:
        return Aim.GONE
    before = others.where(col(Post.id) < (post.id or 0), col(Delivery.state).in_(_ON_ITS_WAY))
    return Aim.READY if (await session.exec(before.limit(1))).first() is None else Aim.EARLY


async def recall(session: AsyncSession, post: Post, officer: Officer, reason: str, now: datetime) -> None:
    """With a post everything goes that was said to correct it."""
    for correction in [*await corrections(session, post), *await unreleased(session, post)]:
        await queue.goes_with_it(session, correction, officer, reason, now)
        await delivery.recall(session, correction, now)
        await outbox.touch(session, correction.id, SlotKind.AUTHOR, SlotKind.DECIDER)


def _is_or_comes(row: Delivery) -> bool:
    return row.state is DeliveryState.SENT or row.state in _COMING
