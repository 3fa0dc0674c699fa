"""Taps: what the buttons of our cards do. Rights are checked at every press."""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import (
    correcting,
    correction_taps,
    delivery,
    leading,
    next_card,
    outbox,
    picture_taps,
    queue_taps,
    recalling,
    reception,
    reply_taps,
    trouble_taps,
    wait_taps,
)
from bot.approving import approve, jitter
from bot.card_parts import KINDS, RECALL, SEND_BACK
from bot.decided import already
from bot.desk import Caller, Desk
from bot.outbox import MAIN, SlotKind
from bot.reply import REPLIES, Reply, ReplyState
from bot.tap import Action, Tap, again, at, claimed, own, read, same_content, turn, undecided
from moderation import appeal, approval, queue, waits
from moderation.decision import NotAllowed
from moderation.post import Post, PostState, pictures
from shifts import roster, shift
from shifts.officer import Officer, Role
from shifts.shift import Shift
from shifts.state import AlreadyMoved


async def press(session: AsyncSession, desk: Desk, caller: Caller, token: str, now: datetime) -> str | None:
    """Do what a button says; gives the words key of a passing note. Raises Refusal; who is second learns who was."""
    tap = await read(session, desk, caller, token, now)
    action = ACTIONS.get(tap.slot.kind, {}).get(tap.action)
    if action is None:
        raise NotAllowed("tap.stale")
    try:
        sentence = await action(session, tap)
    except AlreadyMoved as moved:
        raise await already(session, tap) from moved
    await outbox.tapped(session, tap.slot, now)
    return sentence


# The author's card


async def _clear(session: AsyncSession, tap: Tap) -> str | None:
    post = await own(session, tap)
    await waits.clear_scene(session, post, tap.caller.officer.id, tap.now)
    if post.state is PostState.APPROVED:
        wait = jitter(tap, post)
        for row in await delivery.of_post(session, post.id or 0):
            row.due_at = delivery.due_at(post, wait) or row.due_at
    await tap.desk.changed(session, post, tap.now)
    return "tap.cleared"


async def _kind(session: AsyncSession, tap: Tap) -> str | None:
    post = await own(session, tap)
    if tap.arg not in KINDS:
        raise NotAllowed("tap.stale")
    if post.state not in (PostState.RECEIVED, PostState.WAITING, PostState.SENT_BACK):
        raise NotAllowed("queue.too_late_to_change")
    approval.check_claim(post, tap.caller.officer.id, tap.now)
    post.kind, post.kind_chosen = tap.arg, True
    queue.look_again(post, tap.now)
    await tap.desk.prepare(session, post, tap.now)
    await outbox.turn(session, tap.slot, MAIN)
    await tap.desk.changed(session, post, tap.now)
    return None


async def _drop(session: AsyncSession, tap: Tap) -> str | None:
    post = await own(session, tap)
    await queue.withdraw(session, post, tap.caller.officer.id, tap.now)
    await delivery.unplan(session, post)
    await tap.desk.changed(session, post, tap.now)
    return "tap.dropped"


async def _template(session: AsyncSession, tap: Tap) -> str | None:
    post = await own(session, tap)
    words = next((str(reason["template"]) for reason in post.reasons if reason.get("template")), None)
    if words is None or post.state is not PostState.BLOCKED:
        raise NotAllowed("tap.stale")
    if post.outcome == "template":
        raise NotAllowed("tap.done_already")
    post.outcome = "template"
    await reception.template(session, tap.desk, tap.caller, post, words, tap.now)
    return None


async def _not_a_post(session: AsyncSession, tap: Tap) -> str | None:
    """The officer meant the desk, not the public: the desk is told who wants them."""
    post = await own(session, tap)
    if post.state is not PostState.DIVERTED or post.outcome == "desk":
        raise NotAllowed("tap.done_already")
    post.outcome = "desk"
    if post.lesson:
        return "tutorial.desk"
    role = next((reason.get("role") for reason in post.reasons if reason["verdict"] == "DIVERT"), None)
    await tap.desk.tell_role(session, role or Role.PRESS, "tap.desk_called", post)
    return "tap.desk_told"


async def _appeal(session: AsyncSession, tap: Tap) -> str | None:
    """The officer wants it made an appeal: it is prepared as one, for the press office."""
    post = await own(session, tap)
    await shift.may_post(session, tap.caller.officer, tap.now)
    await appeal.begin(session, post, tap.now)
    await tap.desk.prepare(session, post, tap.now)
    await tap.desk.changed(session, post, tap.now)
    return "tap.appeal"


# The card of somebody who decides


async def _page(session: AsyncSession, tap: Tap) -> str | None:
    post = await queue.locked(session, tap.slot.subject or 0)
    if post.state is PostState.RELEASED:
        recalling.check(post, tap.caller.officer, tap.now)  # a public post has no pages but those of a recall
    else:
        await claimed(session, tap, post)
    return await turn(session, tap)


async def _publish(session: AsyncSession, tap: Tap) -> str | None:
    post = await undecided(session, tap)
    same_content(post, tap)
    missing = approval.missing(post, await pictures(session, post))
    if missing.ticks:
        await outbox.turn(session, tap.slot, "ticks")
        return None
    if missing.suggestions:
        await outbox.turn(session, tap.slot, "words")
        return None
    done = await approve(session, tap, post, tap.arg)
    await outbox.turn(session, tap.slot, MAIN)
    await next_card.bring(session, tap.caller, post.id, tap.now)
    return None if done else "tap.first_of_two"


async def _undo(session: AsyncSession, tap: Tap) -> str | None:
    """Whoever agreed to it may take that back wherever they are by now: it only ever stops something."""
    post = await queue.locked(session, tap.slot.subject or 0)
    if tap.caller.officer.id not in (post.approved_by, *post.approvals):
        await claimed(session, tap, post)
    await queue.undo(session, post, tap.caller.officer, tap.now)
    await delivery.unplan(session, post)
    await tap.desk.changed(session, post, tap.now)
    return "tap.undone"


async def _send_back(session: AsyncSession, tap: Tap) -> str | None:
    post = await undecided(session, tap)
    if tap.arg not in SEND_BACK:
        raise NotAllowed("tap.stale")
    await queue.send_back(session, post, tap.caller.officer, tap.arg, None, tap.now)
    await outbox.turn(session, tap.slot, MAIN)
    await tap.desk.changed(session, post, tap.now)
    await next_card.bring(session, tap.caller, post.id, tap.now)
    return None


async def _tick(session: AsyncSession, tap: Tap) -> str | None:
    post = await undecided(session, tap)
    same_content(post, tap)
    tick = at(approval.ticks(post), tap.arg)
    post.ticks = [t for t in post.ticks if t != tick] if tick in post.ticks else [*post.ticks, tick]
    return None


def _asked_about(post: Post, index: str) -> str:
    """The word that the button showed; a second tap on it must not speak for the next one. Raises NotAllowed."""
    key = at(approval.suggested(post), index)
    if key not in approval.missing(post, []).suggestions:
        raise NotAllowed("tap.stale")
    return key


async def _keep(session: AsyncSession, tap: Tap) -> str | None:
    """A suggested word stays: somebody vouched for it."""
    post = await undecided(session, tap)
    same_content(post, tap)
    key = _asked_about(post, tap.arg)
    post.lifted = [*post.lifted, key]
    await outbox.touch(session, post.id, SlotKind.DECIDER)
    return None


async def _cover(session: AsyncSession, tap: Tap) -> str | None:
    """A suggested word goes: the public text changes, so everything is looked at again."""
    post = await undecided(session, tap)
    same_content(post, tap)
    key = _asked_about(post, tap.arg)
    post.covered = [*post.covered, key]
    await again(session, tap, post)
    return None


async def _toggle(session: AsyncSession, tap: Tap) -> str | None:
    """Lift a redaction, or cover it again. A hard one cannot be lifted by anybody."""
    post = await undecided(session, tap)
    same_content(post, tap)
    index = int(tap.arg) if tap.arg.isdecimal() else -1
    if not 0 <= index < len(post.redactions):
        raise NotAllowed("tap.stale")
    redaction = post.redactions[index]
    if redaction["hard"]:
        raise NotAllowed("queue.hard")
    key = redaction["key"]
    covers, before = key in post.lifted, post.text
    post.lifted = [k for k in post.lifted if k != key] if covers else [*post.lifted, key]
    await again(session, tap, post)
    post.before_edit = None if covers else before
    return None


async def _met(session: AsyncSession, tap: Tap) -> str | None:
    post = await undecided(session, tap)
    same_content(post, tap)
    await waits.condition_met(session, post, tap.caller.officer, tap.now)
    await tap.desk.changed(session, post, tap.now)
    if not approval.unmet(post):
        await tap.desk.ask(session, post, tap.now, tap.caller.officer, "tap.condition_met")
    await next_card.bring(session, tap.caller, post.id, tap.now)
    return None


async def _original(session: AsyncSession, tap: Tap) -> str | None:
    post = await undecided(session, tap)
    until = tap.now + timedelta(seconds=tap.desk.times.original_seconds)
    await outbox.passing(session, tap.caller.account, SlotKind.ORIGINAL, post.id, tap.now, until)
    await queue.note(session, post, "original shown", tap.caller.officer.id, tap.now)
    return None


async def _inspector(session: AsyncSession, tap: Tap) -> str | None:
    post = await undecided(session, tap)
    await queue.escalate(session, post, tap.caller.officer, tap.now)
    await tap.desk.changed(session, post, tap.now)
    if not await tap.desk.ask(session, post, tap.now, tap.caller.officer, "tap.inspector_wanted", (Role.INSPECTOR,)):
        raise NotAllowed("tap.no_inspector")
    await next_card.bring(session, tap.caller, post.id, tap.now)
    return "tap.inspector_called"


async def _recall(session: AsyncSession, tap: Tap) -> str | None:
    post = await correcting.together(session, tap.slot.subject or 0)
    if tap.arg not in RECALL:
        raise NotAllowed("tap.stale")
    recalling.check(post, tap.caller.officer, tap.now)
    await queue.recall(session, post, tap.caller.officer, tap.arg, tap.now)
    await delivery.recall(session, post, tap.now)
    await correcting.recall(session, post, tap.caller.officer, tap.arg, tap.now)
    await outbox.turn(session, tap.slot, MAIN)
    await tap.desk.changed(session, post, tap.now)
    author = await session.get_one(Officer, post.author_id)
    if author.id != tap.caller.officer.id:
        await tap.desk.tell(session, author, "tap.recalled", number=post.number, officer=tap.caller.officer.call_sign)
    return None


# The cards of a shift and of a reply


async def _lead(session: AsyncSession, tap: Tap) -> str | None:
    here = await session.get_one(Shift, tap.slot.subject)
    await leading.move(session, tap.caller, here, tap.action, tap.now, typed=False)
    return None


async def _reply(session: AsyncSession, tap: Tap) -> Reply:
    reply = await session.get_one(Reply, tap.slot.subject, with_for_update=True, populate_existing=True)
    if reply.state is ReplyState.NEW:
        await REPLIES.move(session, reply, ReplyState.SHOWN)
    return reply


async def _ignore(session: AsyncSession, tap: Tap) -> str | None:
    await REPLIES.move(session, await _reply(session, tap), ReplyState.IGNORED)
    return None


async def _to_desk(session: AsyncSession, tap: Tap) -> str | None:
    reply = await _reply(session, tap)
    await REPLIES.move(session, reply, ReplyState.ESCALATED)
    for person in await roster.with_role(session, Role.PRESS):
        for account in await roster.accounts(session, person.id):
            await outbox.living(session, account, SlotKind.REPLY, reply.id)
    return "tap.desk_told"


ACTIONS: Final[dict[SlotKind, dict[str, Action]]] = {
    SlotKind.AUTHOR: {
        "page": turn,
        "clear": _clear,
        "kind": _kind,
        "drop": _drop,
        "template": _template,
        "notapost": _not_a_post,
        "appeal": _appeal,
        "add": picture_taps.add,
        "when": wait_taps.happened,
    },
    SlotKind.DECIDER: {
        "page": _page,
        "publish": _publish,
        "undo": _undo,
        "sendback": _send_back,
        "tick": _tick,
        "keep": _keep,
        "cover": _cover,
        "toggle": _toggle,
        "met": _met,
        "original": _original,
        "inspector": _inspector,
        "recall": _recall,
        "correct": correction_taps.correct,
        "add": picture_taps.add,
        "lift": picture_taps.lift,
        "shut": picture_taps.shut,
        "sound": picture_taps.sound,
        "wait": wait_taps.wait,
    },
    SlotKind.CORRECTION: {"page": turn, "wrong": correction_taps.wrong, "leave": correction_taps.leave},
    SlotKind.TROUBLE: {
        "smaller": trouble_taps.smaller,
        "again": trouble_taps.again,
        "skip": trouble_taps.skip,
        "there": trouble_taps.there,
        "absent": trouble_taps.absent,
    },
    SlotKind.QUEUE: {"greens": queue_taps.publish_greens},
    SlotKind.SHIFT: {"open": _lead, "close": _lead, "freeze": _lead, "resume": _lead},
    SlotKind.REPLY: {
        "page": turn,
        "ready": reply_taps.ready,
        "ignore": _ignore,
        "desk": _to_desk,
        "raise": reply_taps.raise_alarm,
    },
    SlotKind.ALARM: {"acknowledge": reply_taps.acknowledge, "false": reply_taps.false_alarm},
    SlotKind.DESK: {
        "page": turn,
        "raise": reply_taps.raise_alarm,
        "hide": reply_taps.hide,
        "show": reply_taps.show_again,
    },
    SlotKind.KEPT: {"pick": reply_taps.pick},
}
