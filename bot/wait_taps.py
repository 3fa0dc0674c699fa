"""Taps about time: how long ago something happened, and what a post waits for before it leaves."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.card_parts import EMBARGOES, UNTIL_CLEAR
from bot.outbox import MAIN
from bot.tap import Tap, decidable, own
from moderation import waits
from moderation.decision import NotAllowed
from moderation.post import Happened
from shifts.officer import Officer

_LONGEST_SCENE = timedelta(minutes=60)


async def happened(session: AsyncSession, tap: Tap) -> str | None:
    """The author says how long ago it happened."""
    if tap.arg not in set(Happened):
        raise NotAllowed("tap.stale")
    post = await own(session, tap)
    await waits.say_when(session, post, Happened(tap.arg), tap.now)
    await outbox.turn(session, tap.slot, MAIN)
    await tap.desk.changed(session, post, tap.now)
    return None


async def wait(session: AsyncSession, tap: Tap) -> str | None:
    """A decider holds it for some minutes, until its officer is clear of the scene, or no longer."""
    post = await decidable(session, tap)
    decider = tap.caller.officer
    if tap.arg == UNTIL_CLEAR:
        longest = timedelta(minutes=tap.desk.times.scene_minutes) or _LONGEST_SCENE
        await waits.wait_for_scene(session, post, decider, tap.now + longest, tap.now)
        author = await session.get_one(Officer, post.author_id)
        await tap.desk.tell(session, author, "tap.say_when_clear", number=post.number)
    elif tap.arg in EMBARGOES:
        until = tap.now + timedelta(minutes=int(tap.arg)) if tap.arg != "0" else None
        await waits.embargo(session, post, decider, until, tap.now)
    else:
        raise NotAllowed("tap.stale")
    await outbox.turn(session, tap.slot, MAIN)
    await tap.desk.changed(session, post, tap.now)
    return None
