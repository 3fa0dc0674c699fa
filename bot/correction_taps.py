"""Taps of the correction card, and the words that answer it."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, outbox
from bot.correcting import WRONG
from bot.correction_card import WORDS
from bot.desk import Caller, Desk
from bot.outbox import Slot, SlotKind
from bot.tap import Tap
from moderation import queue
from moderation.decision import NotAllowed
from moderation.post import Post


async def open_card(session: AsyncSession, caller: Caller, post: Post, now: datetime) -> None:
    """Show the card on which a post is corrected. Raises Refusal."""
    first = await correcting.corrected(session, post)
    await correcting.may_correct(session, caller.officer, first, now)
    if await correcting.pending(session, first) is not None:
        raise NotAllowed("correction.pending")
    slot = await outbox.living(session, caller.account, SlotKind.CORRECTION, first.id)
    await outbox.turn(session, slot, outbox.MAIN)
    await outbox.bring_down(session, slot, now)


async def correct(session: AsyncSession, tap: Tap) -> str | None:
    """From the card of a released post. Raises Refusal."""
    post = await session.get_one(Post, tap.slot.subject)
    await open_card(session, tap.caller, post, tap.now)
    return None


async def wrong(session: AsyncSession, tap: Tap) -> str | None:
    """Somebody says what was wrong; now the words are asked for. Raises NotAllowed."""
    if tap.arg not in WRONG:
        raise NotAllowed("tap.stale")
    await outbox.turn(session, tap.slot, f"{WORDS}{tap.arg}")
    return None


async def leave(session: AsyncSession, tap: Tap) -> str | None:
    """Nothing is corrected: the card goes."""
    tap.slot.remove_at = tap.now
    return None


async def answer(session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, text: str, now: datetime) -> None:
    """The words as they should be: a post that is decided about like any other. Raises Refusal."""
    post = await queue.locked(session, slot.subject or 0)
    await correcting.begin(session, desk, caller, post, now, wrong=slot.page.removeprefix(WORDS), text=text)
    slot.remove_at = now
