"""One tap: which button of which card, by whom, and the posts that it may touch. Every kind of tap starts here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.desk import Caller, Desk
from bot.outbox import MAIN, Slot, SlotKind
from moderation import approval, queue
from moderation.decision import NotAllowed
from moderation.post import Post, PostState
from shifts.shift import Shift, may_decide
from shifts.state import AlreadyMoved


@dataclass(frozen=True, slots=True)
class Tap:
    """One press of a button of `slot`: its action, its argument, and the revision that the card showed."""

    desk: Desk
    caller: Caller
    slot: Slot
    action: str
    arg: str
    revision: int
    now: datetime


Action = Callable[[AsyncSession, Tap], Awaitable[str | None]]
"""Does what a button says; gives the words key of a passing note. Raises Refusal, AlreadyMoved."""


async def read(session: AsyncSession, desk: Desk, caller: Caller, token: str, now: datetime) -> Tap:
    """The tap that a button's token stands for. Raises NotAllowed if it is not on a card of this person."""
    parts = token.split(".")
    if len(parts) != 4 or not parts[0].isdecimal() or not parts[3].isdecimal():
        raise NotAllowed("tap.stale")
    slot = await session.get(Slot, int(parts[0]))
    if slot is None or slot.officer_id != caller.officer.id or slot.app != caller.account.app:
        raise NotAllowed("tap.not_yours")
    if slot.remove_at is not None and slot.kind is SlotKind.DECIDER:
        # It has come down as a fresh card meanwhile: that one is meant.
        slot = await outbox.living(session, caller.account, slot.kind, slot.subject)
    return Tap(desk, caller, slot, parts[1], parts[2], int(parts[3]), now)


async def own(session: AsyncSession, tap: Tap) -> Post:
    """The post, which is the presser's own. Raises NotAllowed."""
    post = await queue.locked(session, tap.slot.subject or 0)
    if post.author_id != tap.caller.officer.id:
        raise NotAllowed("queue.not_yours")
    return post


async def decidable(session: AsyncSession, tap: Tap) -> Post:
    """The post, claimed by this person: first tap on anything. Raises Refusal."""
    post = await queue.locked(session, tap.slot.subject or 0)
    await claimed(session, tap, post)
    return post


async def undecided(session: AsyncSession, tap: Tap) -> Post:
    """The post, claimed by this person, about which nobody has decided yet. Raises Refusal, AlreadyMoved."""
    post = await decidable(session, tap)
    if post.state is not PostState.WAITING:
        raise AlreadyMoved("post", post.id)
    return post


async def claimed(session: AsyncSession, tap: Tap, post: Post) -> None:
    """This person decides about that post now. Raises Refusal."""
    approval.check_decider(post, tap.caller.officer.id, tap.caller.officer.roles)
    await may_decide(session, tap.caller.officer, await session.get_one(Shift, post.shift_id), tap.now)
    if post.state is PostState.WAITING:
        newly = post.claimed_by != tap.caller.officer.id
        await queue.claim(session, post, tap.caller.officer, tap.now, tap.desk.times.claim)
        if newly:
            await outbox.touch(session, post.id, SlotKind.DECIDER)
            await outbox.touch(session, post.shift_id, SlotKind.QUEUE)


def same_content(post: Post, tap: Tap) -> None:
    """Raises NotAllowed if the card that was tapped showed something else."""
    if post.revision != tap.revision:
        raise NotAllowed("queue.changed_since")


async def turn(session: AsyncSession, tap: Tap) -> str | None:
    """Another page of the card that was tapped."""
    await outbox.turn(session, tap.slot, tap.arg or MAIN)
    return None


async def again(session: AsyncSession, tap: Tap, post: Post) -> None:
    """What the public would see is another now: everything is looked at again."""
    queue.look_again(post, tap.now)
    await tap.desk.prepare(session, post, tap.now)
    await outbox.turn(session, tap.slot, MAIN)
    await tap.desk.changed(session, post, tap.now)


def at(options: tuple[str, ...], index: str) -> str:
    """The option that a button's argument counts to. Raises NotAllowed."""
    if not index.isdecimal() or int(index) >= len(options):
        raise NotAllowed("tap.stale")
    return options[int(index)]
