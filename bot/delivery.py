"""Deliveries: one release on its way to one network, exactly once.

The intent is committed before the call and the outcome after it; whoever finds an intent without an outcome asks the
network first. The domain row is the truth, a job only says "look at this row now"."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column, UniqueConstraint, case, true
from sqlmodel import Field, SQLModel, col, exists, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.network import OUT_OF_CREDIT
from bot.outbox import SlotKind
from moderation.post import Post, PostState, Wait
from shifts.database import by_value
from shifts.shift import Shift
from shifts.state import Machine

STUCK_AFTER: Final = 12
GIVE_UP: Final = timedelta(hours=2)
"""A network that was away comes back by itself; only after that long, and so many tries, somebody has to look."""
LONGEST: Final = timedelta(seconds=60)
"""Between two tries, unless the network asks for more: so soon after it is back it is caught up with."""


UNENDED: Final = timedelta(seconds=30)
"""So long a call may go on by itself after nobody waits for it any more: in a thread that cannot be stopped."""
MOST_SPREAD: Final = 5.0
"""Seconds by which the end of a wait that a network asks for is spread."""
SIGNED_OUT: Final = "signed out"
BUSY: Final = "busy"
"""The network takes nothing for long, as it does when it has had enough of us for the day."""
PAUSED: Final = (SIGNED_OUT, OUT_OF_CREDIT, BUSY)
"""Why nothing at all goes to a network until a person mends that, or for long."""


class DeliveryState(StrEnum):
    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    STUCK = "stuck"
    CANCELLED = "cancelled"
    RECALLING = "recalling"
    RECALLED = "recalled"


class Delivery(SQLModel, table=True):
    """`key` is given to the network: the same key, the same post. `due_at` also orders the posts of a network.

    `lease_until`: whoever sends is believed alive so long; `not_before`: the next try; `asked_at`: a job was made."""

    __table_args__ = (UniqueConstraint("post_id", "network"),)

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = Field(foreign_key="post.id", index=True)
    network: str = Field(max_length=32, index=True)
    key: str = Field(unique=True, max_length=64)
    state: DeliveryState = Field(default=DeliveryState.DUE, sa_type=by_value(DeliveryState), index=True)
    answers: str | None = Field(default=None, max_length=256)
    due_at: datetime = Field(index=True)
    asked_at: datetime | None = None
    asks: int = 0
    tries: int = 0
    vanished: int = 0
    """How often it was sent without an answer, and turned out not to be there."""
    lease_until: datetime | None = None
    not_before: datetime | None = None
    first_sent_at: datetime | None = None
    published_id: str | None = Field(default=None, max_length=256, index=True)
    parts: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Of a thread: the ids of the posts that are there, in their order."""
    url: str | None = Field(default=None, max_length=500)
    published_at: datetime | None = None
    reason: str | None = Field(default=None, max_length=80)
    offer: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What a refused one could be cut down to, as a person may choose; `smaller`: they did."""
    smaller: bool = False


DELIVERIES: Final = Machine(
    "delivery",
    Delivery,
    DeliveryState.DUE,
    {
        DeliveryState.DUE: frozenset({DeliveryState.SENDING, DeliveryState.CANCELLED, DeliveryState.RECALLING}),
        DeliveryState.SENDING: frozenset(
            {
                DeliveryState.SENT,
                DeliveryState.DUE,
                DeliveryState.REFUSED,
                DeliveryState.UNCLEAR,
                DeliveryState.STUCK,
            }
        ),
        DeliveryState.UNCLEAR: frozenset({DeliveryState.SENT, DeliveryState.DUE, DeliveryState.STUCK}),
        DeliveryState.REFUSED: frozenset({DeliveryState.DUE, DeliveryState.CANCELLED, DeliveryState.RECALLING}),
        DeliveryState.STUCK: frozenset({DeliveryState.DUE, DeliveryState.CANCELLED, DeliveryState.RECALLING}),
        DeliveryState.CANCELLED: frozenset({DeliveryState.RECALLING}),
        DeliveryState.SENT: frozenset({DeliveryState.RECALLING}),
        DeliveryState.RECALLING: frozenset({DeliveryState.RECALLED}),
    },
)

UNFINISHED: Final = (DeliveryState.DUE, DeliveryState.REFUSED, DeliveryState.STUCK, DeliveryState.CANCELLED)
"""Where a thread may stand of which the first posts are there."""
IN_LINE: Final = (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
"""What stands in the line of a shift on a network; everything behind the first of them waits."""
WORKING: Final = (*IN_LINE, DeliveryState.RECALLING)


def due_at(post: Post, jitter: timedelta) -> datetime | None:
    """When an approved post may leave: after the undo window, its embargo, and the scene. None: not known yet."""
    if post.undo_until is None:
        return None
    earliest = max(post.undo_until, post.embargo_until or post.undo_until)
    if post.wait is not Wait.SCENE:
        return earliest
    clear = post.wait_over_at or post.wait_until
    return None if clear is None else max(earliest, clear + jitter)


def may_leave(post: Post, shift: Shift, now: datetime) -> bool:
    """The last question before an intent: approved, undo window and embargo over, scene clear, shift not frozen."""
    if post.state not in (PostState.APPROVED, PostState.RELEASED) or shift.frozen_at is not None:
        return False
    if post.undo_until is None or max(post.undo_until, post.embargo_until or now) > now:
        return False
    scene_clear = post.wait_over_at is not None or (post.wait_until is not None and post.wait_until <= now)
    return post.wait is not Wait.SCENE or scene_clear


async def plan(session: AsyncSession, post: Post, networks: list[str], due: datetime, answers: dict[str, str]) -> None:
    """Make (or, after an undo, revive) the deliveries of an approved post. `answers`: per network, what it answers."""
    if post.lesson:
        return
    there = {delivery.network: delivery for delivery in await of_post(session, post.id or 0)}
    for network in [name for name, delivery in there.items() if name in networks and _stopped(delivery)]:
        await _drop(session, there.pop(network))
    await session.flush()
    for network in networks:
        if network in there:
            there[network].due_at = due
            continue
        key = f"tp-{post.number}-{network}"
        row = Delivery(post_id=post.id or 0, network=network, key=key, due_at=due, answers=answers.get(network))
        session.add(row)
    await session.flush()


async def of_post(session: AsyncSession, post_id: int) -> list[Delivery]:
    """The deliveries of a post, in the order of the configuration."""
    return list(
        (await session.exec(select(Delivery).where(Delivery.post_id == post_id).order_by(col(Delivery.id)))).all()
    )


async def to_do(
    session: AsyncSession, now: datetime, again: timedelta, limit: int = 100, network: str | None = None
) -> list[Delivery]:
    """What is due (on one network, or on all) and has not been asked for lately: the sweep enqueues these.

    What a freeze holds is left alone, and so is what stands behind another in its line: of a shift on a network, or of
    the corrections of one post there, which may wait long for it and hold up nobody else."""
    shift = case((col(Post.corrects).is_(None), col(Post.shift_id)), else_=0)
    place = func.row_number().over(
        partition_by=(col(Delivery.network), shift, col(Post.corrects)),
        order_by=(col(Delivery.due_at), col(Delivery.id)),
    )
    line = _in_line(select(col(Delivery.id).label("id"), place.label("place"))).subquery()
    frozen = exists().where(
        col(Post.id) == col(Delivery.post_id), col(Shift.id) == col(Post.shift_id), col(Shift.frozen_at).is_not(None)
    )
    statement = (
        select(Delivery)
        .where(
            col(Delivery.state).in_(WORKING),
            true() if network is None else Delivery.network == network,
            or_(
                Delivery.state != DeliveryState.DUE,
                ~frozen & col(Delivery.id).not_in(select(line.c.id).where(line.c.place > 1)),
            ),
            Delivery.due_at <= now,
            or_(col(Delivery.asked_at).is_(None), col(Delivery.asked_at) <= now - again),
            or_(col(Delivery.lease_until).is_(None), col(Delivery.lease_until) <= now),
            or_(col(Delivery.not_before).is_(None), col(Delivery.not_before) <= now),
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await session.exec(statement)).all())


async def earlier_open(session: AsyncSession, delivery: Delivery, post: Post) -> bool:
    """Whether an older delivery of its line to this network has to go first: a network gets posts in their order."""
    before = or_(
        col(Delivery.due_at) < delivery.due_at,
        (col(Delivery.due_at) == delivery.due_at) & (col(Delivery.id) < delivery.id),
    )
    shift = true() if post.corrects else col(Post.shift_id) == post.shift_id
    statement = _in_line(select(Delivery.id)).where(
        Delivery.network == delivery.network, shift, col(Post.corrects).is_not_distinct_from(post.corrects), before
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def opener(session: AsyncSession, row: Delivery, post: Post) -> str | None:
    """The first post of its shift that stands on its network: there the others of the night may stand under it."""
    statement = (
        select(Delivery.published_id)
        .join(Post, col(Post.id) == col(Delivery.post_id))
        .where(
            Delivery.network == row.network,
            Delivery.state == DeliveryState.SENT,
            Delivery.post_id != row.post_id,
            Post.shift_id == post.shift_id,
            Post.state == PostState.RELEASED,
            col(Post.corrects).is_(None),
            col(Post.answers_reply).is_(None),
        )
        .order_by(col(Delivery.published_at), col(Delivery.id))
    )
    return None if post.corrects else (await session.exec(statement.limit(1))).first()


def _in_line(statement: Any) -> Any:
    """A statement about what stands in some line: not yet sent, of posts that may still be sent."""
    return statement.join(Post, col(Post.id) == col(Delivery.post_id)).where(
        col(Post.state).in_((PostState.APPROVED, PostState.RELEASED)), col(Delivery.state).in_(IN_LINE)
    )


async def unplan(session: AsyncSession, post: Post, but: Delivery | None = None) -> None:
    """After an undo: what nobody has tried to send yet was never on its way. `but` this one, which says why."""
    for delivery in await of_post(session, post.id or 0):
        unsent = delivery.state is DeliveryState.DUE and delivery.tries == 0
        if delivery is not but and (unsent or _stopped(delivery)):
            await _drop(session, delivery)
    await session.flush()


async def _drop(session: AsyncSession, delivery: Delivery) -> None:
    """It never was on its way. Its cards go as well: another may get its id."""
    await outbox.forget(session, SlotKind.TROUBLE, delivery.id or 0)
    await session.delete(delivery)


def _stopped(delivery: Delivery) -> bool:
    """Whether it was cancelled before anything of it was sent: another may take its place."""
    return delivery.state is DeliveryState.CANCELLED and delivery.first_sent_at is None


def patience(tries: int, asked: float | None = None, luck: float = 0.0) -> timedelta:
    """How long to wait for a network that may be away for long: longer each time, and what it asks for at least.

    `luck`, from 0 to 1, spreads what was sent away together: own waits become shorter by it, those asked for longer."""
    wanted = timedelta(seconds=(asked or 0) + luck * min((asked or 0) / 10, MOST_SPREAD))
    return max(min(pause(tries), LONGEST) * (1 - luck / 5), wanted)


def hopeless(tries: int, first_sent_at: datetime | None, now: datetime) -> bool:
    """Whether a network has been away for so long, and was asked so often, that somebody has to look."""
    return tries >= STUCK_AFTER and first_sent_at is not None and first_sent_at <= now - GIVE_UP


def pause(tries: int, asked: float | None = None) -> timedelta:
    """How long to wait before the next try: what the network asked for, else from two seconds up to ten minutes."""
    return timedelta(seconds=asked if asked is not None else min(600.0, 2.0 ** min(tries, 10)))


def paused(row: Delivery) -> bool:
    """Whether it waits for somebody who mends our account there."""
    return row.state is DeliveryState.DUE and row.reason in PAUSED


def told(row: Delivery) -> str:
    """The name of the sentence that tells how it stands."""
    why = (row.reason or "").replace(" ", "_")
    return f"card.delivery.{row.state.value}_{why}" if paused(row) else f"card.delivery.{row.state.value}"


def public(row: Delivery) -> bool:
    """Whether the public can read it there, or the first posts of a thread that did not get to its end."""
    return row.state is DeliveryState.SENT or (bool(row.parts) and row.state in UNFINISHED)


async def follow(session: AsyncSession, post: Post, row: Delivery) -> None:
    """After any outcome: what turned out to be there of a post that was recalled meanwhile is taken back."""
    if post.state is PostState.RECALLED and public(row):
        await DELIVERIES.move(session, row, DeliveryState.RECALLING, asked_at=None, tries=0)


async def unsaid(session: AsyncSession, row: Delivery, post: Post) -> bool:
    """Whether the words that this corrects are public there although nothing can be said about them."""
    statement = select(Delivery).where(Delivery.post_id == post.corrects, Delivery.network == row.network)
    first = (await session.exec(statement.execution_options(populate_existing=True))).first()
    return first is not None and public(first) and (first.published_id is None or first.state is not DeliveryState.SENT)


async def recall(session: AsyncSession, post: Post, now: datetime) -> None:
    """Take it off every network: what is there is withdrawn, what has not left is cancelled."""
    for delivery in await of_post(session, post.id or 0):
        if public(delivery):
            await DELIVERIES.move(
                session, delivery, DeliveryState.RECALLING, due_at=now, asked_at=None, not_before=None, tries=0
            )
        elif delivery.state is DeliveryState.DUE:
            await DELIVERIES.move(session, delivery, DeliveryState.CANCELLED)
