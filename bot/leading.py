"""Leading: which shift a leader means, and what everybody sees of one that they opened, closed, froze or resumed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.command_names import name_of
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from moderation import audit, queue
from moderation.decision import NotAllowed
from moderation.post import Post, PostState
from shifts import practice, roster, shift
from shifts.officer import LEADERS
from shifts.shift import Shift

SHOWN_AT_MOST: Final = 5
MOVES: Final = {"open": shift.open_shift, "close": shift.close, "freeze": shift.freeze, "resume": shift.resume}
HOLDS: Final = ("freeze", "resume")


async def here(session: AsyncSession, caller: Caller) -> Shift | None:
    """The real shift that somebody is on."""
    on = await shift.current_shift(session, caller.officer.id)
    return None if on is None or practice.is_practice(on) else on


async def meant(
    session: AsyncSession,
    desk: Desk,
    caller: Caller,
    command: str,
    rest: str,
    now: datetime,
    *,
    frozen: bool | None = None,
) -> Shift | None:
    """The shift that a leader means with a command; None if they have been asked which. Raises NotAllowed.

    `rest` is the name or the number that they typed. Without it, it is the shift that they are on, and never
    another one. Who is on none means the only one that is frozen, or is not, as the command wants it."""
    if not caller.officer.has(*LEADERS):
        raise NotAllowed("command.only_leaders")
    open_ones = await shift.live_shifts(session)
    choices = [*open_ones, *await shift.ended_frozen(session)] if frozen else open_ones
    if not choices:
        raise NotAllowed("command.no_shift")
    found = await _fitting(session, caller, choices, frozen) if not rest else [s for s in choices if named(s, rest)]
    if len(found) == 1:
        return found[0]
    await _ask_which(session, desk, caller, command, found or choices, now)
    return None


async def _fitting(
    session: AsyncSession, caller: Caller, choices: Sequence[Shift], frozen: bool | None
) -> Sequence[Shift]:
    """The one that they are on, whatever its state: whatever is done with it says why not. Who is on one that is live
    is asked which of those that are frozen to resume. Off a shift, all that are as the command wants them, or just all.
    """
    wanted = [one for one in choices if frozen is None or (one.frozen_at is not None) is frozen]
    on = await here(session, caller)
    own = [one for one in choices if on is not None and one.id == on.id]
    if not own:
        return wanted or choices
    return [*own, *wanted] if frozen and own[0] not in wanted else own


def named(one: Shift, rest: str) -> bool:
    """Whether that is the name of a shift, or its number."""
    return one.name.casefold() == rest.casefold() or str(one.id) == rest


async def _ask_which(
    session: AsyncSession, desk: Desk, caller: Caller, command: str, choices: Sequence[Shift], now: datetime
) -> None:
    """The cards of the shifts that could be meant, whose buttons do the same, and what to type."""
    for one in choices[:SHOWN_AT_MOST]:
        await bring_card(session, caller, one, now)
    names = [one.name.casefold() for one in choices]
    typed = f"/{name_of(desk.words, command, caller.officer.language)}"
    told = [f"{typed} {one.name if names.count(one.name.casefold()) == 1 else one.id}" for one in choices]
    await outbox.tell(session, [caller.account], "command.choose_shift", shifts=", ".join(told))


async def bring_card(session: AsyncSession, caller: Caller, one: Shift, now: datetime) -> None:
    """The one living card of a shift in this chat, as its newest message."""
    card = await outbox.living(session, caller.account, SlotKind.SHIFT, one.id)
    await outbox.anew(session, await outbox.bring_down(session, card, now))


async def show(session: AsyncSession, caller: Caller, one: Shift, now: datetime, *, typed: bool) -> None:
    """Every card of a shift tells of it anew. Whoever leads and `typed` a command sees it at the end of their chat;
    whoever pressed a button, where they pressed."""
    if caller.officer.has(*LEADERS):
        if typed:
            await bring_card(session, caller, one, now)
        else:
            await outbox.living(session, caller.account, SlotKind.SHIFT, one.id)
    await outbox.touch(session, one.id, SlotKind.SHIFT)


async def move(session: AsyncSession, caller: Caller, one: Shift, action: str, now: datetime, *, typed: bool) -> None:
    """Open, close, freeze or resume a shift: the audit has it, every card of it says so, and everybody on it is told.

    The cards of what a freeze holds on its way are told anew as well. Raises MayNotLead, ShiftRefused."""
    caught = await _caught(session, one) if action in HOLDS else []
    one = await MOVES[action](session, one, caller.officer, now)
    await audit.record(session, now, f"shift {one.state.value}", f"shift {one.id}", caller.officer.id)
    # One that was approved meanwhile is caught as well, though it was not there yet to be locked.
    for post_id in sorted({*caught, *(await _approved(session, one.number) if action in HOLDS else ())}):
        await outbox.touch(session, post_id, SlotKind.AUTHOR, SlotKind.DECIDER)
    await show(session, caller, one, now, typed=typed)
    for person in await shift.on_duty(session, one.number):
        if person.id != caller.officer.id:
            accounts = await roster.accounts(session, person.id)
            await outbox.tell(session, accounts, f"command.shift_{one.state.value}", shift=one.name)


async def _caught(session: AsyncSession, one: Shift) -> list[int]:
    """The posts that a freeze catches, locked in their order, after their shift and before it moves: whoever moves it
    takes the turn of the public timeline as well, for which nobody waits longer than that takes."""
    await session.get_one(Shift, one.number, populate_existing=True, with_for_update={"key_share": True})
    return list(await queue.locked_all(session, await _approved(session, one.number)))


async def _approved(session: AsyncSession, shift_id: int) -> list[int]:
    """The posts of a shift that were approved and have not begun to leave."""
    statement = select(Post.id).where(Post.shift_id == shift_id, Post.state == PostState.APPROVED)
    return [i for i in (await session.exec(statement.order_by(col(Post.id)))).all() if i is not None]
