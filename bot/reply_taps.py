"""Taps on cards about what the public wrote: alarms are acknowledged, found false, or raised by a person."""

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import alarm, answers, hiding, outbox, routing
from bot.chat_app import AccountId, ChatId, Message
from bot.outbox import MAIN, SlotKind
from bot.reply import Reply
from bot.reply_cards import READY, READY_WORDS
from bot.tap import Tap
from moderation.decision import NotAllowed
from moderation.post import Post


async def acknowledge(session: AsyncSession, tap: Tap) -> str | None:
    """Somebody of the control room has it: it rings no more. Raises NotAllowed."""
    await alarm.acknowledge(session, tap.slot.subject or 0, tap.caller.officer, tap.now, false=False)
    return "triage.acknowledged"


async def false_alarm(session: AsyncSession, tap: Tap) -> str | None:
    """Nobody is in danger: what was written goes where it would have gone without the alarm. Raises NotAllowed."""
    one = await alarm.acknowledge(session, tap.slot.subject or 0, tap.caller.officer, tap.now, false=True)
    await routing.stand_down(session, one, tap.now)
    return "triage.stood_down"


async def hide(session: AsyncSession, tap: Tap) -> str | None:
    """By a house rule, until somebody shows it again. Raises NotAllowed."""
    await hiding.ask(session, tap.slot.subject or 0, tap.caller.officer, tap.arg, tap.now)
    await outbox.turn(session, tap.slot, MAIN)
    return "triage.hide_asked"


async def show_again(session: AsyncSession, tap: Tap) -> str | None:
    """What was hidden comes back. Raises NotAllowed."""
    await hiding.ask(session, tap.slot.subject or 0, tap.caller.officer, None, tap.now)
    return "triage.show_asked"


async def pick(session: AsyncSession, tap: Tap) -> str | None:
    """A card of its own for one of the replies on the list of what was kept. Raises NotAllowed."""
    if not tap.arg.isdecimal() or not tap.caller.officer.has(*hiding.HIDERS):
        raise NotAllowed("tap.stale")
    reply = await session.get(Reply, int(tap.arg))
    if reply is None:
        raise NotAllowed("tap.stale")
    await outbox.living(session, tap.caller.account, SlotKind.DESK, reply.id)
    return None


async def ready(session: AsyncSession, tap: Tap) -> str | None:
    """One of the sentences that are ready, in the language of the post: an answer like any other. Raises Refusal."""
    reply = await session.get_one(Reply, tap.slot.subject)
    post = await session.get_one(Post, reply.post_id)
    if tap.arg not in READY:
        raise NotAllowed("tap.stale")
    account, message = tap.caller.account, f"ready-{reply.id}"
    said = tap.desk.words.say(f"{READY_WORDS}.{tap.arg}", post.language)
    heard = Message(message, AccountId(account.account), ChatId(account.chat), message, tap.now, said)
    await answers.reply_to(session, tap.desk, tap.caller, tap.slot, heard, tap.now, ready=True)
    await outbox.turn(session, tap.slot, MAIN)
    return "reply_card.state.answered"


async def raise_alarm(session: AsyncSession, tap: Tap) -> str | None:
    """A person reads what no rule saw: somebody is in danger. Raises NotAllowed if the alarm is out already."""
    await alarm.of_author(session, await session.get_one(Reply, tap.slot.subject), tap.now)  # locked before the reply
    reply = await session.get_one(Reply, tap.slot.subject, with_for_update=True, populate_existing=True)
    if reply.alarm_id is not None:
        raise NotAllowed("tap.done_already")
    await alarm.raise_for(session, reply, tap.now, tap.caller.officer.id)
    await outbox.touch(session, reply.id, SlotKind.REPLY, SlotKind.DESK)
    return "triage.raised"
