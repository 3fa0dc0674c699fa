"""Trouble: a delivery that needs a hand comes to somebody as a card, and stays true until it is settled."""

from datetime import datetime
from typing import Final

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.delivery import Delivery, DeliveryState
from bot.outbox import Slot, SlotKind
from bot.thread import SEEN
from moderation.post import Post
from shifts import roster
from shifts.officer import SENIORS, Officer
from shifts.shift import on_duty

BY_HAND: Final = "by hand"
"""Why a delivery counts as sent that a person found, and the network never confirmed."""
LOOKS: Final = 3
"""After so many looks a person is asked."""
NEEDS_A_HAND: Final = (DeliveryState.REFUSED, DeliveryState.STUCK, DeliveryState.UNCLEAR)


def by_hand(row: Delivery) -> bool:
    """Whether a person says that it is there, or some of it, and we do not know under which name."""
    return row.reason == BY_HAND or SEEN in row.parts


def to_delete(row: Delivery) -> bool:
    """Whether a person has to take it away: it was recalled, and again and again we could not do it."""
    return row.state is DeliveryState.RECALLING and row.tries > LOOKS


async def bring(session: AsyncSession, post: Post, row: Delivery, now: datetime) -> None:
    """Show it to those who decide on the shift, else to an inspector and the press office; never to its author."""
    for person in await _who(session, post, now):
        for account in await roster.accounts(session, person.id):
            await outbox.living(session, account, SlotKind.TROUBLE, row.id)
    await outbox.touch(session, row.id, SlotKind.TROUBLE)


async def bring_to_others(session: AsyncSession, post: Post, row: Delivery, now: datetime) -> None:
    """Show it as well to those who never had its card: they have come since it was brought. A card that stands stays as
    it is; a chat that is gone gets no other."""
    had = select(Slot.app, Slot.chat).where(Slot.kind == SlotKind.TROUBLE, Slot.subject == row.id)
    chats = {(app, chat) for app, chat in (await session.exec(had)).all()}
    for person in await _who(session, post, now):
        for account in await roster.accounts(session, person.id):
            if (account.app, account.chat) not in chats:
                await outbox.open_slot(session, account, SlotKind.TROUBLE, row.id)


async def _who(session: AsyncSession, post: Post, now: datetime) -> list[Officer]:
    there = [p for p in await on_duty(session, post.shift_id) if p.leads(now) and p.id != post.author_id]
    if there:
        return there
    called = {p.id: p for role in SENIORS for p in await roster.with_role(session, role) if p.leads(now)}
    return [person for person in called.values() if person.id != post.author_id]
