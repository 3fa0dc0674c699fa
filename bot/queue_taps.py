"""Taps of the queue's card: every green post that it shows, with one tap."""

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import next_card
from bot.approving import approve
from bot.greens import digest, greens
from bot.outbox import SlotKind
from bot.tap import Tap, claimed
from moderation import queue
from moderation.decision import NotAllowed


async def publish_greens(session: AsyncSession, tap: Tap) -> str | None:
    """Each is an approval of its own, bound to its own content; if one cannot be, none is. Raises NotAllowed."""
    shown = await greens(session, tap.desk.networks, tap.slot.subject, tap.caller.officer, tap.now)
    if tap.slot.kind is not SlotKind.QUEUE or not shown or digest(shown) != tap.arg:
        raise NotAllowed("queue.changed_since")
    seen = {green.post.id or 0: green.seen for green in shown}
    posts = await queue.locked_all(session, seen)
    for post_id, as_shown in seen.items():
        await claimed(session, tap, posts[post_id])
        await approve(session, tap, posts[post_id], as_shown)
    await next_card.bring(session, tap.caller, None, tap.now)
    return "tap.greens_approved"
