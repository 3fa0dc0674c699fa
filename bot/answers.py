"""Answers: a message that answers one of our cards, such as the new text after *Edit*."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correction_taps, delivery, next_card, outbox, parts, reception
from bot.chat_app import Message
from bot.correction_card import WORDS
from bot.desk import Caller, Desk
from bot.outbox import MAIN, Slot, SlotKind
from bot.reply import REPLIES, Reply, ReplyState
from moderation import approval, queue
from moderation.decision import NotAllowed
from moderation.post import Post, PostState, pictures
from shifts.shift import Shift, may_decide


async def answer(session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, heard: Message, now: datetime) -> bool:
    """Take the message for what the card asked. False if the card asked for nothing. Raises Refusal."""
    if slot.officer_id != caller.officer.id:
        return False
    match slot.kind, slot.page:
        case SlotKind.AUTHOR, "change":
            await _change(session, desk, caller, slot, heard.text, now)
        case SlotKind.AUTHOR | SlotKind.DECIDER, "alt":
            await _alt(session, desk, caller, slot, heard.text, now)
        case SlotKind.DECIDER, "edit":
            await _edit(session, desk, caller, slot, heard.text, now)
        case SlotKind.DECIDER, "own":
            await _send_back(session, desk, caller, slot, heard.text, now)
        case SlotKind.CORRECTION, page if page.startswith(WORDS):
            await correction_taps.answer(session, desk, caller, slot, heard.text, now)
        case SlotKind.REPLY, "answer":
            await reply_to(session, desk, caller, slot, heard, now)
        case SlotKind.DECIDER, page if parts.base(page) == MAIN:
            # The press that was to ask for these words did nothing: they are no post of their own.
            await _decidable(session, desk, caller, slot, now)
            raise NotAllowed("queue.changed_since")
        case _:
            return False
    await outbox.turn(session, slot, MAIN)
    return True


async def _change(session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, text: str, now: datetime) -> None:
    post = await queue.locked(session, slot.subject or 0)
    if post.author_id != caller.officer.id:
        raise NotAllowed("queue.not_yours")
    await reception.new_words(session, desk, post, text, caller.officer.id, now)


async def _edit(session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, text: str, now: datetime) -> None:
    post = await _decidable(session, desk, caller, slot, now)
    await reception.new_words(session, desk, post, text, caller.officer.id, now)


async def _alt(session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, text: str, now: datetime) -> None:
    """Other words for what a picture shows, scanned like any others; a line each where there are several pictures."""
    post = await queue.locked(session, slot.subject or 0)
    if slot.kind is SlotKind.DECIDER:
        post = await _decidable(session, desk, caller, slot, now)
    elif post.author_id != caller.officer.id:
        raise NotAllowed("queue.not_yours")
    else:
        approval.check_claim(post, caller.officer.id, now)
    if post.state not in (PostState.RECEIVED, PostState.WAITING, PostState.SENT_BACK):
        raise NotAllowed("queue.too_late_to_change")
    shown = await pictures(session, post)
    lines = [line.strip() for line in text.splitlines() if line.strip()] if len(shown) > 1 else [" ".join(text.split())]
    for picture, line in zip(shown, lines, strict=False):
        # Nobody reads it, on any card, before the detectors have.
        picture.alt_source_id = await desk.seal(session, line[: desk.characters], now)
        picture.alt, picture.alt_chosen = "", True
    queue.look_again(post, now)
    await desk.prepare(session, post, now)
    await desk.changed(session, post, now)


async def _send_back(session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, text: str, now: datetime) -> None:
    post = await _decidable(session, desk, caller, slot, now)
    await queue.send_back(session, post, caller.officer, "own", await desk.seal(session, text, now), now)
    await desk.changed(session, post, now)
    await next_card.bring(session, caller, post.id, now)


async def reply_to(
    session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, heard: Message, now: datetime, *, ready: bool = False
) -> None:
    """The officer answers somebody of the public, on the network where they asked and on pages of our own.

    `ready`: with a sentence that was approved before. It is decided about like any other. Raises Refusal."""
    reply = await session.get_one(Reply, slot.subject, with_for_update=True, populate_existing=True)
    if reply.state is ReplyState.NEW:
        await REPLIES.move(session, reply, ReplyState.SHOWN)
    if reply.state is not ReplyState.SHOWN:
        raise NotAllowed("tap.done_already")
    networks = [name for name, limits in desk.networks.items() if name == reply.network or limits.own]
    published = {row.network for row in await delivery.of_post(session, reply.post_id) if row.published_id}
    networks = [name for name in networks if name == reply.network or name in published]
    answered = reception.Answered(reply.id or 0, networks, ready)
    await reception.answer_to_reply(session, desk, caller, heard, now, answered)
    await REPLIES.move(session, reply, ReplyState.ANSWERED)


async def _decidable(session: AsyncSession, desk: Desk, caller: Caller, slot: Slot, now: datetime) -> Post:
    post = await queue.locked(session, slot.subject or 0)
    await may_decide(session, caller.officer, await session.get_one(Shift, post.shift_id), now)
    await queue.claim(session, post, caller.officer, now, desk.times.claim)
    return post
