"""The recap: what a shift told the public, in numbers, as a draft that somebody has to approve like any other post."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.desk import Desk
from bot.outbox import SlotKind
from moderation import queue
from moderation.post import Post, PostState
from shifts import roster
from shifts.shift import Shift
from shifts.words import Words

COUNTED: Final = ("traffic", "advice", "event")
"""Kinds that the recap tells apart; patrol posts are what is left."""
AT_LEAST: Final = 2
"""A night with fewer posts needs no recap."""
INSPECTOR_IS_ASKED: Final = 3
"""The level of a post of which an inspector has a card: nobody is on the shift any more."""


async def draft(session: AsyncSession, desk: Desk, shift: Shift, now: datetime) -> Post | None:
    """Put the draft of a shift that has ended into the queue; None if there is nothing to tell.

    Its author is whoever wrote most, so that they can change and withdraw it and never approve it."""
    told = select(Post).where(Post.shift_id == shift.number, Post.state == PostState.RELEASED)
    posts = (await session.exec(told.order_by(col(Post.number)))).all()
    updates = [post for post in posts if post.answers_reply is None and post.corrects is None]
    if len(updates) < AT_LEAST:
        return None
    language = Counter(post.language for post in updates).most_common(1)[0][0]
    author = Counter(post.author_id for post in updates).most_common(1)[0][0]
    text = words_of(desk.words, language, shift.name, updates, len(posts) - len(updates))
    source = await desk.seal(session, text, now)
    account = next(iter(await roster.accounts(session, author)), None)
    post = Post(
        number=0, author_id=author, shift_id=shift.number, language=language, app=account.app if account else "",
        chat=account.chat if account else "", message=f"recap-{shift.id}", source_id=source, original_id=source,
        networks=list(desk.networks), prepare_at=now, sent_at=now, received_at=now, kind="advice", kind_chosen=True,
        from_template=True, level=INSPECTOR_IS_ASKED,
    )  # fmt: skip
    await queue.receive(session, post, now)
    await desk.prepare(session, post, now)
    if account is not None:
        await outbox.living(session, account, SlotKind.AUTHOR, post.id)
    await desk.changed(session, post)
    return post


async def drafted(session: AsyncSession, shift: Shift) -> bool:
    """Whether the shift has its draft already."""
    statement = select(func.count(col(Post.id))).where(Post.message == f"recap-{shift.id}")
    return (await session.exec(statement)).one() > 0


def words_of(words: Words, language: str, shift: str, updates: Sequence[Post], answers: int) -> str:
    """The numbers of a night, in one post."""
    kinds = Counter(post.kind for post in updates)
    apart = [words.count(f"recap.{kind}", kinds[kind], language) for kind in COUNTED if kinds[kind]]
    lines = [words.count("recap.updates", len(updates), language, shift=shift)]
    if apart:
        lines.append(words.say("recap.among", language, kinds=", ".join(apart)))
    if answers:
        lines.append(words.count("recap.answers", answers, language))
    return " ".join([*lines, words.say("recap.thanks", language)])
