"""The outbox: which card stands in which chat, and which of them no longer tell the truth.

A slot is one living card. Whatever changes touches its slots in the same transaction; the sender renders a slot from
the rows when it shows it, so that a card can be late but never wrong."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column, ColumnElement, Index, update
from sqlmodel import Field, SQLModel, and_, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from moderation.post import Post
from shifts.database import by_value, index_where
from shifts.officer import Account

MAIN: Final = "main"
NOTHING: Final = 0
"""The subject of a card whose subject is no more: never the id of a row."""
ROUND: Final = timedelta(minutes=2)
"""Longer than a chat is shown its cards before it is asked again what is untrue."""


class SlotKind(StrEnum):
    """Who the card is for and what it is about; `subject` is the id of that."""

    AUTHOR = "author"
    DECIDER = "decider"
    ORIGINAL = "original"
    SHIFT = "shift"
    REPLY = "reply"
    QUEUE = "queue"
    HANDOVER = "handover"
    NOTICE = "notice"
    TROUBLE = "trouble"
    ALARM = "alarm"
    DESK = "desk"
    KEPT = "kept"
    COPY = "copy"
    """What a person sent, to be taken out of the chat."""
    CORRECTION = "correction"


WITH_WORDS: Final = tuple(kind for kind in SlotKind if kind not in (SlotKind.SHIFT, SlotKind.NOTICE, SlotKind.COPY))
"""What may hold words of an officer or of the public, and therefore does not stay in a chat."""
OF_A_POST: Final = (SlotKind.AUTHOR, SlotKind.DECIDER, SlotKind.ORIGINAL)
FOR_DECIDERS: Final = (SlotKind.DECIDER, SlotKind.ORIGINAL, SlotKind.QUEUE, SlotKind.TROUBLE, SlotKind.HANDOVER)
"""What only somebody may read who may decide by now. (An author recalls from the card for deciding as well.)"""


class Slot(SQLModel, table=True):
    """One card in one chat of one person. `wanted` counts changes, `shown` is the change that the chat shows.

    `page` is what the person is looking at on it; `notice` holds a words key and its fields (never removed words)."""

    __table_args__ = (
        Index("ix_slot_subject", "kind", "subject"),
        Index("ix_slot_card", "app", "chat", "card_id"),
        index_where("ix_slot_open", "officer_id", rows="closed IS false"),
        index_where(
            "ix_slot_untrue", "app", "id", rows="closed IS false AND (wanted > shown OR remove_at IS NOT NULL)"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    officer_id: str = Field(max_length=64, index=True)
    app: str = Field(max_length=32)
    chat: str = Field(max_length=128)
    kind: SlotKind = Field(sa_type=by_value(SlotKind))
    subject: int | None = None
    page: str = Field(default=MAIN, max_length=40)
    notice: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    wanted: int = 1
    shown: int = 0
    card_id: str | None = Field(default=None, max_length=400)
    shows: int = 0
    shown_at: datetime | None = Field(default=None, index=True)
    """When the message that stands in the chat was sent."""
    not_before: datetime | None = None
    remove_at: datetime | None = None
    closed: bool = False
    tried_at: datetime | None = None
    """Since when it is being shown as a new message without our knowing which message that became."""


async def open_slot(
    session: AsyncSession, account: Account, kind: SlotKind, subject: int | None = None, **notice: Any
) -> Slot:
    """A new card in a chat of a person."""
    slot = Slot(
        officer_id=account.officer_id, app=account.app, chat=account.chat, kind=kind, subject=subject, notice=notice
    )
    session.add(slot)
    await session.flush()
    return slot


async def living(session: AsyncSession, account: Account, kind: SlotKind, subject: int | None) -> Slot:
    """The one card of this kind about this subject in this chat: there already, or new."""
    standing = _standing(account, kind, subject).where(col(Slot.remove_at).is_(None))
    found = (await session.exec(standing.order_by(col(Slot.id).desc()))).first()
    return found or await open_slot(session, account, kind, subject)


async def passing(
    session: AsyncSession, account: Account, kind: SlotKind, subject: int | None, now: datetime, until: datetime
) -> Slot:
    """The one card of this kind about this subject in this chat that goes by itself: there already, or new."""
    standing = _standing(account, kind, subject).where(col(Slot.remove_at) > now)
    slot = (await session.exec(standing)).first() or await open_slot(session, account, kind, subject)
    slot.remove_at = until
    return slot


def _standing(whose: Account | Slot, kind: SlotKind, subject: int | None) -> SelectOfScalar[Slot]:
    return select(Slot).where(
        Slot.app == whose.app,
        Slot.chat == whose.chat,
        Slot.officer_id == whose.officer_id,
        Slot.kind == kind,
        Slot.subject == subject,
        col(Slot.closed).is_(False),
    )


async def bring_down(session: AsyncSession, slot: Slot, now: datetime) -> Slot:
    """The card comes again as the newest of its chat, and goes from where it stood; nothing if it is the newest.

    Gives the one that stands from now on."""
    newest = select(Slot.id).where(Slot.app == slot.app, Slot.chat == slot.chat).order_by(col(Slot.id).desc())
    if (await session.exec(newest.limit(1))).first() == slot.id:
        return slot
    slot.remove_at = now
    fresh = Slot(officer_id=slot.officer_id, app=slot.app, chat=slot.chat, kind=slot.kind, subject=slot.subject)
    session.add(fresh)
    await session.flush()
    return fresh


async def tell(session: AsyncSession, accounts: Iterable[Account], words: str, **fields: object) -> None:
    """A sentence to a person, in every chat they linked."""
    for account in accounts:
        await open_slot(session, account, SlotKind.NOTICE, None, words=words, fields=fields)


async def touch(session: AsyncSession, subject: int | None, *kinds: SlotKind) -> None:
    """What these cards tell has changed."""
    await touch_all(session, and_(col(Slot.kind).in_(kinds), Slot.subject == subject, col(Slot.closed).is_(False)))


async def touch_all(session: AsyncSession, meant: ColumnElement[bool]) -> None:
    """What all these cards tell has changed: of several posts in one go, so that they are locked in their order."""
    in_order = select(Slot.id).where(meant).order_by(col(Slot.id)).with_for_update()
    await session.exec(
        update(Slot)
        .where(col(Slot.id).in_(in_order))
        .values(wanted=Slot.wanted + 1)
        .execution_options(synchronize_session=False)
    )


async def forget(session: AsyncSession, kind: SlotKind, subject: int) -> None:
    """What these cards are about is no more: they are taken away, and are about nothing that comes after."""
    in_order = select(Slot.id).where(Slot.kind == kind, Slot.subject == subject).order_by(col(Slot.id))
    await session.exec(
        update(Slot)
        .where(col(Slot.id).in_(in_order.with_for_update()))
        .values(subject=NOTHING, wanted=Slot.wanted + 1)
        .execution_options(synchronize_session=False)
    )


async def turn(session: AsyncSession, slot: Slot, page: str) -> None:
    """The person looks at another page of the card."""
    slot.page = page
    await anew(session, slot)


async def anew(session: AsyncSession, slot: Slot) -> None:
    """This card is to be told again. Counted by the database: what was read here may be older than what is there."""
    await session.exec(
        update(Slot)
        .where(col(Slot.id) == slot.id)
        .values(wanted=Slot.wanted + 1)
        .execution_options(synchronize_session=False)
    )


async def tapped(session: AsyncSession, slot: Slot, now: datetime) -> None:
    """Somebody pressed a button of this card: it is told again. One whose chat was gone lives again, for the chat is
    back; where another one has taken its place, it goes."""
    if slot.closed and slot.card_id is not None and slot.remove_at is None:
        others = _standing(slot, slot.kind, slot.subject).where(col(Slot.remove_at).is_(None))
        slot.closed, slot.remove_at = False, now if (await session.exec(others)).first() else None
        await session.flush()
    await anew(session, slot)


async def by_card(session: AsyncSession, app: str, chat: str, card_id: str) -> Slot | None:
    """The slot that a message of ours stands for."""
    statement = select(Slot).where(
        Slot.app == app, Slot.chat == chat, Slot.card_id == card_id, col(Slot.kind) != SlotKind.COPY
    )
    return (await session.exec(statement)).first()


async def untrue(
    session: AsyncSession, now: datetime, app: str, but: Collection[str] = (), limit: int = 200
) -> list[Slot]:
    """The cards to show, to change or to remove now in a chat app: alarms first, then the oldest. `but` these chats."""
    statement = (
        select(Slot)
        .where(
            Slot.app == app,
            col(Slot.chat).not_in(but),
            col(Slot.closed).is_(False),
            or_(col(Slot.not_before).is_(None), col(Slot.not_before) <= now),
            or_(col(Slot.wanted) > col(Slot.shown), col(Slot.remove_at).is_not(None)),  # as its index has it
            or_(col(Slot.wanted) > col(Slot.shown), col(Slot.remove_at) <= now),
        )
        .order_by(col(Slot.kind) != SlotKind.ALARM, col(Slot.id))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def shown(
    session: AsyncSession, slot_id: int, wanted: int, card_id: str | None, closed: bool, sent: datetime | None
) -> None:
    """The chat shows it as it was wanted then; what changed meanwhile stays untrue. `sent`: as a new message, then."""
    values: dict[str, Any] = {
        "shown": wanted,
        "card_id": card_id,
        "shows": Slot.shows + 1,
        "not_before": None,
        "closed": closed,
        "tried_at": None,
    }
    if sent is not None:
        values["shown_at"] = sent
    await session.exec(
        update(Slot).where(col(Slot.id) == slot_id).values(**values).execution_options(synchronize_session=False)
    )


async def trying(session: AsyncSession, slot_id: int, now: datetime) -> None:
    """It is about to be sent as a new message: on record before the call, for whoever comes after a kill."""
    await session.exec(
        update(Slot)
        .where(col(Slot.id) == slot_id, col(Slot.tried_at).is_(None))
        .values(tried_at=now)
        .execution_options(synchronize_session=False)
    )


async def not_sent(session: AsyncSession, slot_id: int) -> None:
    """What was about to be sent was not: nobody has to look for it."""
    await session.exec(
        update(Slot).where(col(Slot.id) == slot_id).values(tried_at=None).execution_options(synchronize_session=False)
    )


async def around(session: AsyncSession, slot: Slot, tried_at: datetime) -> tuple[str | None, frozenset[str]]:
    """A card of this app from before that time, as new as can be, and by name what is known to stand: every card of
    this chat ever, and since that card everything that we showed or were sent in the others."""
    theirs, here = (Slot.app == slot.app, Slot.kind != SlotKind.COPY), Slot.chat == slot.chat
    # Cards of one round bear one time, and the rounds of two chats overlap.
    before = or_(and_(here, col(Slot.shown_at) < tried_at), col(Slot.shown_at) < tried_at - ROUND)
    newest = select(Slot).where(*theirs, before, col(Slot.card_id).is_not(None))
    newest = newest.order_by(col(Slot.shown_at).desc(), col(Slot.id).desc())
    last = (await session.exec(newest.limit(1))).first()
    heard, shown_since = select(Post.message).where(Post.app == slot.app), and_(here)
    if last is not None and last.shown_at is not None:
        shown_since = or_(here, col(Slot.shown_at) >= last.shown_at)
        heard = heard.where(col(Post.received_at) >= last.shown_at)
    names = (await session.exec(select(Slot.card_id).where(*theirs, shown_since))).all()
    known = {name for name in names if name is not None} | set((await session.exec(heard)).all())
    return last.card_id if last else None, frozenset(known)


async def later(session: AsyncSession, slot_id: int, now: datetime, wait: float) -> None:
    """The chat app did not take it: again after `wait` seconds."""
    await session.exec(
        update(Slot)
        .where(col(Slot.id) == slot_id)
        .values(not_before=now + timedelta(seconds=wait))
        .execution_options(synchronize_session=False)
    )


async def close(session: AsyncSession, slot_id: int) -> None:
    """Nothing more is shown there (the chat is gone, or the card was removed)."""
    await session.exec(
        update(Slot).where(col(Slot.id) == slot_id).values(closed=True).execution_options(synchronize_session=False)
    )
