"""Commands: what people type with a slash in front."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, correction_taps, outbox
from bot.command_names import meant
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from moderation import audit, queue
from moderation.decision import NotAllowed
from moderation.post import Post, PostState, by_number
from shifts import practice, roster, shift
from shifts.officer import LEADERS
from shifts.refusal import Refusal
from shifts.shift import ChooseShift, Shift, ShiftState
from shifts.words import Words

Command = Callable[[AsyncSession, Desk, Caller, str, datetime], Awaitable[str | None]]


class Unknown(Refusal):
    """No such command."""


async def run(session: AsyncSession, desk: Desk, caller: Caller, text: str, now: datetime) -> None:
    """Do what a command says, and say what happened. Raises Refusal."""
    name, _, rest = text.strip().partition(" ")
    known = meant(desk.words, name)
    if known is None:
        raise Unknown("command.unknown")
    sentence = await COMMANDS[f"/{known}"](session, desk, caller, rest.strip(), now)
    if sentence is not None:
        await outbox.tell(session, [caller.account], sentence)


def redeems(words: Words, text: str) -> bool:
    """Whether this brings an invitation code."""
    name, _, code = text.strip().partition(" ")
    return name.startswith("/") and bool(code.strip()) and meant(words, name) == "start"


async def redeem(session: AsyncSession, text: str, app: str, account: str, chat: str, now: datetime) -> str | None:
    """`/start CODE` links an account to a person. Gives the sentence that refuses it: a wrong guess stays counted."""
    code = text.strip().partition(" ")[2].strip()
    try:
        person = await roster.redeem(session, code, app, account, chat, now)
    except roster.InvitationRefused as refused:
        return refused.sentence
    linked = next(a for a in await roster.accounts(session, person.id) if (a.app, a.account) == (app, account))
    await outbox.tell(session, [linked], "command.welcome", name=person.call_sign)
    return None


async def _start(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    await outbox.tell(session, [caller.account], "command.welcome", name=caller.officer.call_sign)
    return None


async def _on(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    choices = await shift.joinable(session, caller.officer, now)
    named = next((s for s in choices if rest and (s.name.casefold() == rest.casefold() or str(s.id) == rest)), None)
    try:
        joined = await (
            shift.join(session, caller.officer, named, now) if named else shift.go_on(session, caller.officer, now)
        )
    except ChooseShift as choose:
        names = ", ".join(f"/on {s.name}" for s in choose.choices)
        await outbox.tell(session, [caller.account], "command.choose_shift", shifts=names)
        return None
    await show_shift(session, caller, joined)
    if caller.officer.has(*LEADERS):
        waiting = [post.id or 0 for post in await queue.waiting(session, joined.id)]
        for post in (await queue.locked_all(session, waiting)).values():
            await desk.changed(session, post)
    await outbox.tell(session, [caller.account], "command.on", shift=joined.name)
    return None


async def _off(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    left = await shift.go_off(session, caller.officer, now)
    if left is not None:
        await outbox.touch(session, left.id, SlotKind.SHIFT)
    return "command.off" if left else "shift.off"


async def _shift(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    """The cards of the shifts that this person can lead, or is on."""
    here = await _here(session, caller)
    found = [here] if here else []
    if caller.officer.has(*LEADERS):
        found += [s for s in [*await shift.live_shifts(session), *await shift.coming(session, now)] if s not in found]
    for one in found[:5]:
        await outbox.open_slot(session, caller.account, SlotKind.SHIFT, one.id)
    return None if found else "command.no_shift"


async def _queue(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    here = await _leads(session, caller)
    card = await outbox.living(session, caller.account, SlotKind.QUEUE, here.id)
    await outbox.bring_down(session, card, now)
    await outbox.anew(session, card)
    return None


async def _who(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    """Who is on this person's shift, who decides there, and who is on call; all live shifts for those who are off."""
    here = await _here(session, caller)
    found = [here] if here else await shift.live_shifts(session)
    for one in found[:5]:
        people = await shift.on_duty(session, one.number)
        fields = {
            "officers": [p for p in people if not p.has(*LEADERS)],
            "deciders": [p for p in people if p.has(*LEADERS)],
            "standby": await roster.standby(session, one.unit),
        }
        nobody = desk.words.say("command.nobody", caller.officer.language)
        told = {name: ", ".join(p.call_sign for p in named) or nobody for name, named in fields.items()}
        await outbox.tell(session, [caller.account], "command.who", shift=one.name, **told)
    return None if found else "command.no_shift"


async def _open(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    """Open the next planned shift, of the person's own unit first."""
    planned = await shift.coming(session, now)
    mine = [one for one in planned if one.unit == caller.officer.unit] or planned
    if not mine:
        raise NotAllowed("command.no_shift")
    await shift_changed(session, caller, await shift.open_shift(session, mine[0], caller.officer, now), now)
    return None


async def _close(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    here = await _leads(session, caller)
    await shift_changed(session, caller, await shift.close(session, here, caller.officer, now), now)
    return None


async def _freeze(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    here = await _leads(session, caller, ShiftState.LIVE)
    await shift.freeze(session, here, caller.officer, now)
    await shift_changed(session, caller, here, now)
    return None


async def _resume(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    here = await _leads(session, caller, ShiftState.FROZEN)
    await shift.resume(session, here, caller.officer, now)
    await shift_changed(session, caller, here, now)
    return None


async def _recall(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    post = await _numbered(session, rest)
    if post is None:
        return "command.recall_which"
    post = await correcting.corrected(session, post)
    if post.state is not PostState.RELEASED:
        return "queue.nothing_to_recall"
    slot = await outbox.open_slot(session, caller.account, SlotKind.DECIDER, post.id)
    await outbox.turn(session, slot, "recall")
    return None


async def _correct(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    post = await _numbered(session, rest)
    if post is None:
        return "command.correct_which"
    await correction_taps.open_card(session, caller, post, now)
    return None


async def _here(session: AsyncSession, caller: Caller) -> Shift | None:
    """The real shift that somebody is on."""
    here = await shift.current_shift(session, caller.officer.id)
    return None if here is None or practice.is_practice(here) else here


async def _numbered(session: AsyncSession, rest: str) -> Post | None:
    """The post that somebody names by its running number."""
    return await by_number(session, int(rest)) if rest.isdecimal() and len(rest) < 10 else None


async def _tutorial(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    await practice.begin(session, caller.officer, now)
    return "tutorial.begin"


async def _help(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    return "command.help_leader" if caller.officer.has(*LEADERS) else "command.help"


async def _leads(session: AsyncSession, caller: Caller, state: ShiftState | None = None) -> Shift:
    """The shift that a leader means: the one they are on, else the only one there is. Raises NotAllowed."""
    if not caller.officer.has(*LEADERS):
        raise NotAllowed("command.only_leaders")
    here = await _here(session, caller)
    live = [s for s in await shift.live_shifts(session) if state is None or s.state is state]
    if state is ShiftState.FROZEN:
        live += await shift.ended_frozen(session)
    if here is not None:
        return here
    if len(live) != 1:
        raise NotAllowed("command.which_shift" if live else "command.no_shift")
    return live[0]


async def show_shift(session: AsyncSession, caller: Caller, shown: Shift) -> None:
    """The living card of a shift in this chat, if the person leads; others need none."""
    if caller.officer.has(*LEADERS):
        await outbox.living(session, caller.account, SlotKind.SHIFT, shown.id)
    await outbox.touch(session, shown.id, SlotKind.SHIFT)


async def shift_changed(session: AsyncSession, caller: Caller, changed: Shift, now: datetime) -> None:
    """A shift moved: the audit has it, every card of it says so, and everybody on it is told."""
    await audit.record(session, now, f"shift {changed.state.value}", f"shift {changed.id}", caller.officer.id)
    await show_shift(session, caller, changed)
    for person in await shift.on_duty(session, changed.number):
        if person.id != caller.officer.id:
            accounts = await roster.accounts(session, person.id)
            await outbox.tell(session, accounts, f"command.shift_{changed.state.value}", shift=changed.name)


COMMANDS: Final[dict[str, Command]] = {
    "/start": _start,
    "/on": _on,
    "/off": _off,
    "/shift": _shift,
    "/open": _open,
    "/close": _close,
    "/queue": _queue,
    "/who": _who,
    "/freeze": _freeze,
    "/resume": _resume,
    "/recall": _recall,
    "/correct": _correct,
    "/help": _help,
    "/tutorial": _tutorial,
}
