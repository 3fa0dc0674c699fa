"""The next card: after a decision, the oldest post that still waits for this person comes down as a fresh card."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.desk import Caller
from bot.outbox import Slot, SlotKind
from moderation import approval, queue
from moderation.decision import NotAllowed
from moderation.post import Post


async def bring(session: AsyncSession, caller: Caller, decided: int | None, now: datetime) -> None:
    """Show the next post to decide as the newest card of the chat where somebody has just decided."""
    candidates = [post for post in await queue.waiting(session) if post.id != decided and _for(post, caller, now)]
    statement = select(Slot).where(
        Slot.app == caller.account.app,
        Slot.chat == caller.account.chat,
        Slot.officer_id == caller.officer.id,
        Slot.kind == SlotKind.DECIDER,
        col(Slot.subject).in_([post.id for post in candidates]),
        col(Slot.closed).is_(False),
        col(Slot.remove_at).is_(None),
    )
    cards = {slot.subject: slot for slot in (await session.exec(statement)).all()}
    post = next((post for post in candidates if post.id in cards), None)
    if post is not None:
        await outbox.bring_down(session, cards[post.id], now)


def _for(post: Post, caller: Caller, now: datetime) -> bool:
    """Whether this person could decide about it now."""
    try:
        approval.check_decider(post, caller.officer.id, caller.officer.roles)
        approval.check_claim(post, caller.officer.id, now)
    except NotAllowed:
        return False
    return caller.officer.id not in post.approvals and not approval.own_words(post, caller.officer.id)
