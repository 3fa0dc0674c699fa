"""The handover: what a shift leaves to the next one, and what it promised to the public."""

import re
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, delivery
from bot.delivery import Delivery, DeliveryState
from bot.reply import Reply, ReplyState
from moderation.post import Post, PostState
from shifts.words import Words

OPEN_DELIVERIES = (*delivery.WORKING, DeliveryState.STUCK, DeliveryState.REFUSED)
OPEN_REPLIES = (ReplyState.NEW, ReplyState.SHOWN)


@dataclass(frozen=True, slots=True)
class Promise:
    """A public sentence by which the force said that it would come back, and where it stands."""

    number: int
    sentence: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Handover:
    """`late`: by the number of a post, the networks on which it is not where it should be. `unanswered`: by the number
    of a post, how many replies to it wait."""

    promises: tuple[Promise, ...] = ()
    late: tuple[tuple[int, tuple[str, ...]], ...] = ()
    unanswered: tuple[tuple[int, int], ...] = ()


async def read(session: AsyncSession, shift_id: int, words: Words) -> Handover:
    """What a shift leaves, as it stands now."""
    released = (
        select(Post)
        .where(Post.shift_id == shift_id, Post.state == PostState.RELEASED, col(Post.corrects).is_(None))
        .order_by(col(Post.number))
    )
    posts = (await session.exec(released)).all()
    promises = []
    for post in posts:
        sentence = promise(words, await correcting.words_of(session, post), post.language)
        if sentence is not None:
            promises.append(Promise(post.number, sentence, await _url(session, post)))
    return Handover(tuple(promises), await _late(session, shift_id), await _unanswered(session, shift_id))


def promise(words: Words, text: str, language: str) -> str | None:
    """The first sentence of a public text by which we promise to come back; None if there is none."""
    phrases = "|".join(re.escape(phrase.strip()) for phrase in words.say("handover.promises", language).split("|"))
    promised = re.compile(rf"\b(?:{phrases})\b", re.IGNORECASE)
    return next((said for said in re.split(r"(?<=[.!?…])\s+", text) if promised.search(said)), None)


async def _url(session: AsyncSession, post: Post) -> str | None:
    rows = await delivery.of_post(session, post.id or 0)
    return next((row.url for row in rows if row.url and row.state is DeliveryState.SENT), None)


async def _late(session: AsyncSession, shift_id: int) -> tuple[tuple[int, tuple[str, ...]], ...]:
    statement = (
        select(Post.number, Delivery.network)
        .join(Post, col(Post.id) == col(Delivery.post_id))
        .where(Post.shift_id == shift_id, col(Delivery.state).in_(OPEN_DELIVERIES))
        .order_by(col(Post.number), col(Delivery.id))
    )
    late: dict[int, list[str]] = {}
    for number, network in (await session.exec(statement)).all():
        late.setdefault(number, []).append(network)
    return tuple((number, tuple(networks)) for number, networks in late.items())


async def _unanswered(session: AsyncSession, shift_id: int) -> tuple[tuple[int, int], ...]:
    statement = (
        select(Post.number)
        .join(Reply, col(Reply.post_id) == col(Post.id))
        .where(Post.shift_id == shift_id, col(Reply.state).in_(OPEN_REPLIES))
        .order_by(col(Post.number))
    )
    numbers = (await session.exec(statement)).all()
    return tuple((number, numbers.count(number)) for number in dict.fromkeys(numbers))
