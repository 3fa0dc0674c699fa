"""The recap: what a shift told the public, in numbers, as a draft that somebody has to approve like any other post."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, outbox, thread
from bot.desk import Desk
from bot.outbox import SlotKind
from bot.reply import Reply
from moderation import queue
from moderation.post import Happened, Post, PostPicture, PostState
from shifts import roster
from shifts.shift import Shift
from shifts.words import Words

COUNTED: Final = ("traffic", "advice", "event")
"""Kinds that the recap tells apart; patrol posts are what is left."""
AT_LEAST: Final = 2
"""A night with fewer posts needs no recap."""
KEY_POSTS: Final = 4
LONGEST: Final = 240
"""Of a post that is told again: its time has to fit before it on every network."""


async def draft(session: AsyncSession, desk: Desk, shift: Shift, zone: tzinfo, now: datetime) -> Post | None:
    """Put the draft of a shift that has ended into the queue; None if there is nothing to tell.

    Its author is whoever wrote most, so that they can change and withdraw it and never approve it."""
    told = select(Post).where(Post.shift_id == shift.number, Post.state == PostState.RELEASED)
    posts = (await session.exec(told.order_by(col(Post.number)))).all()
    answers = [post for post in posts if post.answers_reply is not None]
    updates = [post for post in posts if post.answers_reply is None and post.corrects is None and not post.thread]
    if len(updates) < AT_LEAST:
        return None
    language = Counter(post.language for post in updates).most_common(1)[0][0]
    author = Counter(post.author_id for post in updates).most_common(1)[0][0]
    said = {post.id or 0: await correcting.said(session, post) for post in updates}
    key = await _key(session, updates, said, language)
    numbers = words_of(desk.words, language, shift.name, updates, len(answers))
    again = [retold(desk.words, language, post, said[post.id or 0].text, zone) for post in key]
    text = thread.BETWEEN.join([numbers, *again])
    source = await desk.seal(session, text, now)
    account = next(iter(await roster.accounts(session, author)), None)
    post = Post(
        number=0, author_id=author, shift_id=shift.number, language=language, app=account.app if account else "",
        chat=account.chat if account else "", message=f"recap-{shift.id}", source_id=source, original_id=source,
        networks=list(desk.networks), prepare_at=now, sent_at=now, received_at=now, kind="advice", kind_chosen=True,
        from_template=True, thread=True, inspector_asked=True,  # nobody is on the shift any more
        retells=[said[post.id or 0].id or 0 for post in key],
    )  # fmt: skip
    await queue.receive(session, post, now)
    await desk.prepare(session, post, now)
    if account is not None:
        await outbox.living(session, account, SlotKind.AUTHOR, post.id)
    await desk.changed(session, post, now)
    return post


async def _key(session: AsyncSession, updates: Sequence[Post], said: Mapping[int, Post], language: str) -> list[Post]:
    """The posts that say most about the night, in their order: those that were answered most, then the longest.

    Only those in the recap's language and without pictures, which would be missing from them."""
    ids = [post.id for post in updates]
    length = {post.id: len(said[post.id or 0].text) for post in updates}
    counts = (
        select(Reply.post_id, func.count(col(Reply.id))).where(col(Reply.post_id).in_(ids)).group_by(col(Reply.post_id))
    )
    answered = dict((await session.exec(counts)).all())
    shown = set((await session.exec(select(PostPicture.post_id).where(col(PostPicture.post_id).in_(ids)))).all())
    fit = [
        post for post in updates
        if post.language == language and post.id not in shown and 0 < length[post.id] <= LONGEST
    ]  # fmt: skip
    first = sorted(fit, key=lambda post: (-answered.get(post.id or 0, 0), -length[post.id]))[:KEY_POSTS]
    return sorted(first, key=lambda post: post.number)


def retold(words: Words, language: str, post: Post, said: str, zone: tzinfo) -> str:
    """What a post of the night says by now, with its time to ten minutes: nobody should be able to replay the route."""
    if post.happened not in (None, Happened.NOW):
        return " ".join(said.split())
    at = post.sent_at.astimezone(zone)
    clock = at.replace(minute=at.minute // 10 * 10).strftime("%H:%M")
    return words.say("recap.told", language, clock=clock, text=" ".join(said.split()))


async def drafted(session: AsyncSession, shift: Shift) -> bool:
    """Whether the shift has its draft already."""
    statement = select(func.count(col(Post.id))).where(Post.message == f"recap-{shift.id}")
    return (await session.exec(statement)).one() > 0


def words_of(words: Words, language: str, shift: str, updates: Sequence[Post], answers: int) -> str:
    """The numbers of a night, in one post: all that networks get which do not thread."""
    kinds = Counter(post.kind for post in updates)
    apart = [words.count(f"recap.{kind}", kinds[kind], language) for kind in COUNTED if kinds[kind]]
    lines = [words.count("recap.updates", len(updates), language, shift=shift)]
    if apart:
        lines.append(words.say("recap.among", language, kinds=", ".join(apart)))
    if answers:
        lines.append(words.count("recap.answers", answers, language))
    return " ".join([*lines, words.say("recap.thanks", language)])
