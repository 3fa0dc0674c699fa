"""Reception: what an officer writes becomes a post, or one sentence that says why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.chat_app import Attachment, AttachmentKind, Edit, Message
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from moderation import media, media_video, queue
from moderation.post import OPEN, PictureState, Post, PostPicture, called, pictures
from shifts.practice import is_practice, practising
from shifts.refusal import Refusal
from shifts.shift import Shift, may_post

PICTURES_AT_MOST = 4
BYTES_AT_MOST = media.MOST_BYTES
VIDEO_BYTES_AT_MOST = media_video.MOST_BYTES
MEGABYTE = 1_000_000
_TAKEN = (AttachmentKind.PHOTO, AttachmentKind.FILE, AttachmentKind.VIDEO)
_NOT_TAKEN = {
    AttachmentKind.VOICE: "reception.no_voice",
    AttachmentKind.LOCATION: "reception.location_dropped",
    AttachmentKind.OTHER: "reception.no_other",
}


class NotTaken(Refusal):
    """The message cannot become a post; the sentence says what to send instead."""


async def message(session: AsyncSession, desk: Desk, caller: Caller, heard: Message, now: datetime) -> str | None:
    """A message that is neither a command nor an answer to a card. Gives a sentence to say besides, if there is one.

    Raises Refusal: off shift, lapsed, too long, nothing in it that we take."""
    shift = await practising(session, caller.officer) or await may_post(session, caller.officer, now)
    wanted = [a for a in heard.attachments if a.kind in _TAKEN]
    left_out = next((_NOT_TAKEN[a.kind] for a in heard.attachments if a.kind in _NOT_TAKEN), None)
    _check(desk, caller.account.app, heard, wanted, left_out)
    post = await _album(session, caller, heard)
    if post is None:
        post = await _new(session, desk, caller, heard, shift, now)
    else:
        await _append(session, desk, post, heard, now)
    await _add_pictures(session, desk, post, heard, wanted, now)
    if heard.album is None:
        await desk.prepare(session, post, now)
    await outbox.living(session, caller.account, SlotKind.AUTHOR, post.id)
    await desk.changed(session, post, now)
    return left_out


def _check(desk: Desk, app: str, heard: Message, wanted: list[Attachment], left_out: str | None) -> None:
    refused = [sentence for each in wanted if (sentence := _too_big(desk, app, each))]
    if refused and len(refused) == len(wanted) and not heard.text.strip():
        raise NotTaken(refused[0], megabytes=megabytes(desk.app_bytes, app))
    if len(heard.text) > desk.characters:
        raise NotTaken("reception.too_long", limit=desk.characters)
    if not heard.text.strip() and not wanted:
        raise NotTaken(left_out or "reception.empty")


def _too_big(desk: Desk, app: str, attachment: Attachment) -> str | None:
    """The sentence about one that is larger than we take, or than its chat app hands out; else None."""
    most = most_bytes(attachment.kind)
    handed_out = desk.app_bytes.get(app, most)
    if (attachment.size or 0) <= min(most, handed_out):
        return None
    return "reception.over_platform" if handed_out < most else too_big(attachment.kind)


def megabytes(app_bytes: Mapping[str, int], app: str) -> int:
    """What a chat app hands out at most, as people say it."""
    return app_bytes.get(app, VIDEO_BYTES_AT_MOST) // MEGABYTE


def most_bytes(kind: AttachmentKind) -> int:
    """How large an attachment may be."""
    return VIDEO_BYTES_AT_MOST if kind is AttachmentKind.VIDEO else BYTES_AT_MOST


def too_big(kind: AttachmentKind) -> str:
    """The sentence about one that is larger, as a words key."""
    return "media.video_too_big" if kind is AttachmentKind.VIDEO else "reception.too_big"


@dataclass(frozen=True, slots=True)
class Answered:
    """Which reply is answered, and on which networks. `ready`: with a sentence of ours that was approved before."""

    reply_id: int
    networks: list[str]
    ready: bool = False


async def answer_to_reply(
    session: AsyncSession, desk: Desk, caller: Caller, heard: Message, now: datetime, answered: Answered
) -> Post:
    """An answer to the public is a post like any other, on these networks only. Raises Refusal."""
    shift = await may_post(session, caller.officer, now)
    _check(desk, caller.account.app, heard, [], None)
    post = await _new(session, desk, caller, heard, shift, now)
    post.answers_reply, post.networks, post.from_template = answered.reply_id, answered.networks, answered.ready
    await desk.prepare(session, post, now)
    await outbox.living(session, caller.account, SlotKind.AUTHOR, post.id)
    await desk.changed(session, post, now)
    return post


@dataclass(frozen=True, slots=True)
class Correction:
    """What is corrected, on which networks, as a post of which shift, and what the public is told with it."""

    of: Post
    shift_id: int
    networks: list[str]
    told: dict[str, Any]


async def correction(
    session: AsyncSession, desk: Desk, caller: Caller, asked: Correction, text: str, now: datetime
) -> Post:
    """Other words for a released post: a post like any other, on the networks where that one is. Raises Refusal."""
    _check_words(desk, text)
    of, source = asked.of, await desk.seal(session, text, now)
    post = _post(desk, caller, source, asked.shift_id, now)
    post.message, post.corrects, post.correction = f"correction-{of.id}-{now.timestamp():.0f}", of.id, asked.told
    post.networks, post.kind, post.kind_chosen = asked.networks, of.kind, True
    post.language, post.area = of.language, of.area
    await queue.receive(session, post, now)
    await desk.prepare(session, post, now)
    await outbox.living(session, caller.account, SlotKind.AUTHOR, post.id)
    await desk.changed(session, post, now)
    return post


async def template(session: AsyncSession, desk: Desk, caller: Caller, blocked: Post, words: str, now: datetime) -> Post:
    """What the policy offers instead of a blocked post becomes a new post of the same officer. Raises Refusal."""
    shift = await practising(session, caller.officer) or await may_post(session, caller.officer, now)
    source = await desk.seal(session, desk.words.say(words, blocked.language), now)
    post = _post(desk, caller, source, shift.number, now)
    _mark_lesson(post, shift)
    post.message, post.language, post.from_template = f"template-{blocked.id}", blocked.language, True
    post.kind, post.kind_chosen = "advice", True
    await queue.receive(session, post, now)
    await desk.prepare(session, post, now)
    await outbox.living(session, caller.account, SlotKind.AUTHOR, post.id)
    await desk.changed(session, post, now)
    return post


async def edit(session: AsyncSession, desk: Desk, caller: Caller, heard: Edit, now: datetime) -> None:
    """The officer edited the original chat message: the draft follows, until a sergeant is on it. Raises Refusal."""
    statement = select(Post).where(
        Post.app == caller.account.app,
        Post.chat == heard.chat,
        Post.message == heard.message,
        Post.author_id == caller.officer.id,
    )
    found = (await session.exec(statement)).first()
    if found is not None and found.id is not None:
        await new_words(session, desk, await queue.locked(session, found.id), heard.text, caller.officer.id, now)
    elif heard.text.strip():
        raise await _no_post_of_its_own(session, caller, heard)


async def _no_post_of_its_own(session: AsyncSession, caller: Caller, heard: Edit) -> NotTaken:
    """What to say to somebody who changed a message that is no post: a later picture of an album, or none at all."""
    statement = (
        select(PostPicture.part, Post.number)
        .join(Post, col(Post.id) == col(PostPicture.post_id))
        .where(
            Post.app == caller.account.app,
            Post.chat == heard.chat,
            Post.author_id == caller.officer.id,
            col(PostPicture.part).startswith(f"{heard.message}-", autoescape=True),
        )
    )
    for part, number in (await session.exec(statement)).all():
        if part.rpartition("-")[0] == heard.message:
            return NotTaken("reception.edit_of_a_part", number=called(number))
    return NotTaken("reception.edit_of_nothing")


async def new_words(session: AsyncSession, desk: Desk, post: Post, text: str, by: str, now: datetime) -> None:
    """Other words for a post: sealed, and looked at again. Raises Refusal."""
    _check_words(desk, text)
    await queue.new_words(session, post, await desk.seal(session, text, now), by, now)
    await desk.prepare(session, post, now)
    await desk.changed(session, post, now)


def _mark_lesson(post: Post, shift: Shift) -> None:
    """What somebody writes to practise goes to no network."""
    if is_practice(shift):
        post.lesson, post.networks = True, []


def _check_words(desk: Desk, text: str) -> None:
    if len(text) > desk.characters:
        raise NotTaken("reception.too_long", limit=desk.characters)
    if not text.strip():
        raise NotTaken("reception.empty")


async def _new(session: AsyncSession, desk: Desk, caller: Caller, heard: Message, shift: Shift, now: datetime) -> Post:
    source = await desk.seal(session, heard.text, now)
    post = _post(desk, caller, source, shift.number, now)
    _mark_lesson(post, shift)
    post.message, post.album, post.sent_at = heard.message, heard.album, heard.sent_at
    if heard.album is not None:
        post.prepare_at = now + timedelta(seconds=desk.times.album_seconds)
    return await queue.receive(session, post, now)


def _post(desk: Desk, caller: Caller, source: str, shift_id: int, now: datetime) -> Post:
    return Post(
        number=0,
        author_id=caller.officer.id,
        shift_id=shift_id,
        language=desk.words.known(caller.officer.language),
        app=caller.account.app,
        chat=caller.account.chat,
        message="",
        source_id=source,
        original_id=source,
        networks=list(desk.networks),
        prepare_at=now,
        sent_at=now,
        received_at=now,
    )


async def _album(session: AsyncSession, caller: Caller, heard: Message) -> Post | None:
    """The post that earlier parts of the same album began, while it can still take more."""
    if heard.album is None:
        return None
    statement = (
        select(Post)
        .where(
            Post.app == caller.account.app,
            Post.chat == heard.chat,
            Post.album == heard.album,
            Post.author_id == caller.officer.id,
            col(Post.state).in_(OPEN),
        )
        .with_for_update()
    )
    return (await session.exec(statement)).first()


async def _append(session: AsyncSession, desk: Desk, post: Post, heard: Message, now: datetime) -> None:
    """A later part of an album: its caption joins the words, and everything is looked at anew a moment later."""
    if heard.text.strip():
        before = (await desk.vault.get(session, post.source_id)).decode()
        text = f"{before}\n{heard.text}".strip()
        if len(text) > desk.characters:
            raise NotTaken("reception.too_long", limit=desk.characters)
        post.source_id = post.original_id = await desk.seal(session, text, now)
    queue.look_again(post, now)
    post.prepare_at = now + timedelta(seconds=desk.times.album_seconds)


async def _add_pictures(
    session: AsyncSession, desk: Desk, post: Post, heard: Message, wanted: list[Attachment], now: datetime
) -> None:
    taken = len(await pictures(session, post))
    for index, attachment in enumerate(wanted):
        part = f"{heard.message}-{index}"
        refused = _too_big(desk, post.app, attachment)
        if refused is None and taken >= PICTURES_AT_MOST:
            refused = "reception.too_many"
        taken += refused is None
        session.add(
            PostPicture(
                post_id=post.id or 0,
                part=part,
                state=PictureState.REFUSED if refused else PictureState.WANTED,
                kind=attachment.kind.value,
                ref=desk.vault.seal(attachment.ref.encode(), f"ref:{post.id}:{part}"),
                refused=refused,
                fetch_at=now,
            )
        )
    await session.flush()
