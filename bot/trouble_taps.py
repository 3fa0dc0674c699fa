"""Taps of the card of a delivery that needs a hand. Each is a decision by a person, and in the audit."""

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, delivery, outbox, thread
from bot import smaller as smaller_part
from bot.delivery import DELIVERIES, Delivery, DeliveryState
from bot.outbox import SlotKind
from bot.tap import Tap
from bot.trouble import BY_HAND, to_delete
from moderation import approval, queue
from moderation.decision import NotAllowed
from moderation.post import Post
from shifts.shift import Shift, may_decide


async def smaller(session: AsyncSession, tap: Tap) -> str | None:
    """Send the part that the card shows: whoever taps says yes to exactly that. Raises Refusal."""
    post, row = await _row(session, tap, DeliveryState.REFUSED)
    if not row.offer or tap.arg != smaller_part.digest(row.offer):
        raise NotAllowed("tap.stale")
    await _not_overtaken(session, post)
    await _settle(session, tap, post, row, DeliveryState.DUE, smaller=True)
    return None


async def again(session: AsyncSession, tap: Tap) -> str | None:
    """The same once more. Raises Refusal."""
    post, row = await _row(session, tap, DeliveryState.REFUSED, DeliveryState.STUCK)
    await _not_overtaken(session, post)
    await _settle(session, tap, post, row, DeliveryState.DUE)
    return None


async def skip(session: AsyncSession, tap: Tap) -> str | None:
    """It does not go there; the other networks keep it. Raises Refusal."""
    post, row = await _row(session, tap, DeliveryState.REFUSED, DeliveryState.STUCK)
    await _settle(session, tap, post, row, DeliveryState.CANCELLED)
    return None


async def there(session: AsyncSession, tap: Tap) -> str | None:
    """Somebody looked, and it is there; a thread goes on under the last piece that the network named.

    Raises Refusal."""
    post, row = await _row(session, tap, DeliveryState.UNCLEAR)
    values: dict[str, Any] = {"reason": BY_HAND, "published_at": row.published_at or tap.now}
    state = DeliveryState.SENT
    if post.thread:
        limits, values["parts"] = tap.desk.networks.get(row.network), [*row.parts, thread.SEEN]
        there = len(thread.pieces(approval.text_for(post, row.network), limits)) if limits else 0
        state = DeliveryState.DUE if len(values["parts"]) < there else DeliveryState.SENT
    await _settle(session, tap, post, row, state, **values)
    await delivery.follow(session, post, row)
    return None


async def absent(session: AsyncSession, tap: Tap) -> str | None:
    """Somebody looked, and it is not there: it is sent again, or was to be taken down and is gone. Raises Refusal."""
    post, row = await _row(session, tap, DeliveryState.UNCLEAR, DeliveryState.RECALLING)
    if row.state is DeliveryState.RECALLING and not to_delete(row):
        raise NotAllowed("tap.done_already")
    gone = row.state is DeliveryState.RECALLING
    await _settle(session, tap, post, row, DeliveryState.RECALLED if gone else DeliveryState.DUE)
    await delivery.follow(session, post, row)
    return None


async def _not_overtaken(session: AsyncSession, post: Post) -> None:
    """Words that have been corrected meanwhile, or are about to be, go nowhere any more. Raises NotAllowed."""
    if await correcting.overtaken(session, post):
        raise NotAllowed("trouble.corrected")


async def _row(session: AsyncSession, tap: Tap, *states: DeliveryState) -> tuple[Post, Delivery]:
    """The delivery as it is now, which this person may settle; never that of their own post. Raises Refusal."""
    known = await session.get(Delivery, tap.slot.subject)
    if known is None:
        raise NotAllowed("tap.stale")
    post = await queue.locked(session, known.post_id)
    row = await session.get_one(Delivery, known.id, with_for_update=True, populate_existing=True)
    approval.check_decider(post, tap.caller.officer.id, tap.caller.officer.roles)
    await may_decide(session, tap.caller.officer, await session.get_one(Shift, post.shift_id), tap.now)
    if row.state not in states:
        raise NotAllowed("tap.done_already")
    if row.lease_until is not None and row.lease_until > tap.now:
        raise NotAllowed("trouble.looking")  # what comes of a look that is under way must not be overtaken
    return post, row


async def _settle(session: AsyncSession, tap: Tap, post: Post, row: Delivery, to: DeliveryState, **values: Any) -> None:
    before = row.state
    await DELIVERIES.move(session, row, to, asked_at=None, not_before=None, tries=0, vanished=0, **values)
    facts = {"network": row.network, "before": before.value, "after": to.value, "offer": row.offer}
    await queue.note(session, post, f"by hand: {tap.action}", tap.caller.officer.id, tap.now, **facts)
    await outbox.touch(session, row.id, SlotKind.TROUBLE)
    await outbox.touch(session, post.id, SlotKind.AUTHOR, SlotKind.DECIDER)
    await outbox.touch(session, post.shift_id, SlotKind.SHIFT, SlotKind.HANDOVER)
