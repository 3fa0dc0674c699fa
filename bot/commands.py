"""Commands: what people type with a slash in front."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, correction_taps, leading, outbox, recalling
from bot.command_names import meant
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from moderation import queue
from moderation.decision import NotAllowed
from moderation.post import OPEN, Post, PostState, by_number
from shifts import practice, roster, shift
from shifts.officer import LEADERS, Role
from shifts.refusal import Refusal
from shifts.shift import ChooseShift
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
    """Also what a chat app sends for somebody who had blocked us: what is theirs and still open comes again."""
    there = select(Post.id).where(Post.author_id == caller.officer.id, Post.app == caller.account.app)
    there = there.where(Post.chat == caller.account.chat, col(Post.state).in_((*OPEN, PostState.APPROVED)))
    there = there.where(Post.received_at > now - timedelta(hours=desk.times.chat_copies_hours))
    for post_id in (await session.exec(there.order_by(col(Post.id)))).all():
        await outbox.living(session, caller.account, SlotKind.AUTHOR, post_id)
    await outbox.tell(session, [caller.account], "command.welcome", name=caller.officer.call_sign)
    return None


async def _on(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    choices = await shift.joinable(session, caller.officer, now)
    named = next((s for s in choices if rest and leading.named(s, rest)), None)
    try:
        joined = await (
            shift.join(session, caller.officer, named, now) if named else shift.go_on(session, caller.officer, now)
        )
    except ChooseShift as choose:
        names = ", ".join(f"/on {s.name}" for s in choose.choices)
        await outbox.tell(session, [caller.account], "command.choose_shift", shifts=names)
        return None
    await leading.show(session, caller, joined, now, typed=True)
    if caller.officer.has(*LEADERS):
        waiting = [post.id or 0 for post in await queue.waiting(session, joined.id)]
        for post in (await queue.locked_all(session, waiting)).values():
            await desk.changed(session, post, now)
    await outbox.tell(session, [caller.account], "command.on", shift=joined.name)
    return None


async def _off(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    left = await shift.go_off(session, caller.officer, now)
    if left is not None:
        await outbox.touch(session, left.id, SlotKind.SHIFT)
    return "command.off" if left else "shift.off"


async def _shift(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    """The cards of the shifts that this person can lead, or is on."""
    here = await leading.here(session, caller)
    found = [here] if here else []
    if caller.officer.has(*LEADERS):
        found += [s for s in [*await shift.live_shifts(session), *await shift.coming(session, now)] if s not in found]
    for one in found[: leading.SHOWN_AT_MOST]:
        await leading.bring_card(session, caller, one, now)
    return None if found else "command.no_shift"


async def _queue(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    one = await leading.meant(session, desk, caller, "queue", rest, now)
    if one is None:
        return None
    _must_decide(caller, now)
    card = await outbox.living(session, caller.account, SlotKind.QUEUE, one.id)
    await outbox.anew(session, await outbox.bring_down(session, card, now))
    return None


async def _who(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    """Who is on this person's shift, who decides there, and who is on call; all live shifts for those who are off."""
    here = await leading.here(session, caller)
    found = [here] if here else await shift.live_shifts(session)
    for one in found[:5]:
        people = await shift.on_duty(session, one.number)
        called = [*await roster.standby(session, one.unit), *await roster.with_role(session, Role.INSPECTOR)]
        deciders = [p for p in people if p.leads(now)]
        fields = {
            "officers": [p for p in people if p not in deciders],
            "deciders": deciders,
            "standby": [p for p in {p.id: p for p in called}.values() if p.leads(now) and p not in deciders],
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
    await leading.move(session, caller, mine[0], "open", now, typed=True)
    return None


async def _close(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    one = await leading.meant(session, desk, caller, "close", rest, now)
    if one is not None:
        await leading.move(session, caller, one, "close", now, typed=True)
    return None


async def _freeze(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    one = await leading.meant(session, desk, caller, "freeze", rest, now, frozen=False)
    if one is not None:
        await leading.move(session, caller, one, "freeze", now, typed=True)
    return None


async def _resume(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    one = await leading.meant(session, desk, caller, "resume", rest, now, frozen=True)
    if one is not None:
        await leading.move(session, caller, one, "resume", now, typed=True)
    return None


async def _recall(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    post = await _numbered(session, rest)
    if post is None:
        return "command.recall_which"
    post = await correcting.corrected(session, post)
    undone = post.state is PostState.APPROVED and post.author_id != caller.officer.id
    if post.state is not PostState.RELEASED and not undone:
        return "queue.nothing_to_recall"
    recalling.check(post, caller.officer, now)
    card = await outbox.living(session, caller.account, SlotKind.DECIDER, post.id)
    await outbox.turn(session, await outbox.bring_down(session, card, now), outbox.MAIN if undone else "recall")
    return None


def _must_decide(caller: Caller, now: datetime) -> None:
    """A card for deciding would show them nothing. Raises NotAllowed."""
    if not caller.officer.leads(now):
        raise NotAllowed("shift.lapsed_decider" if caller.officer.has(*LEADERS) else "queue.not_a_decider")


async def _correct(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    post = await _numbered(session, rest)
    if post is None:
        return "command.correct_which"
    await correction_taps.open_card(session, caller, post, now)
    return None


async def _numbered(session: AsyncSession, rest: str) -> Post | None:
    """The post that somebody names by its running number."""
    return await by_number(session, int(rest)) if rest.isdecimal() and len(rest) < 10 else None


async def _tutorial(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    await practice.begin(session, caller.officer, now)
    return "tutorial.begin"


async def _help(session: AsyncSession, desk: Desk, caller: Caller, rest: str, now: datetime) -> str | None:
    return "command.help_leader" if caller.officer.has(*LEADERS) else "command.help"


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
