"""Greens: the posts of a shift that one tap of this person can publish together, each as it is shown."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import thread
from bot.lengths import length
from bot.network import Limits
from moderation import approval, queue
from moderation.post import Post, PostPicture, pictures
from shifts.officer import Officer

AT_MOST: Final = 8
CHARACTERS: Final = 3200
"""So much is told of them on one card, so that everything that is published with it can be read there."""
BESIDE: Final = 130
DESCRIBED: Final = 20
"""What a card says around the words of a post, and around the description of a picture, at most."""


@dataclass(frozen=True, slots=True)
class Green:
    """One of them, with the pictures that belong to it."""

    post: Post
    pictures: Sequence[PostPicture]
    byline: str | None = None

    @property
    def seen(self) -> str:
        """What the card shows of it."""
        return approval.seen(self.post, self.pictures, self.byline)

    @property
    def length(self) -> int:
        """How much of a card it takes, whichever language the card is in."""
        described = sum(len(picture.alt) + DESCRIBED for picture in self.pictures)
        return BESIDE + len(self.post.text) + len(self.byline or "") + described


async def greens(
    session: AsyncSession, limits: Mapping[str, Limits], shift_id: int | None, officer: Officer, now: datetime
) -> list[Green]:
    """What this person could publish now with one tap each, safety first, then the oldest; never amber, never red."""
    found: list[Green] = []
    for post in await queue.waiting(session, shift_id):
        shown = await pictures(session, post)
        mine = (
            officer.id == post.author_id
            or approval.own_words(post, officer.id)
            or _somebody_else_is_on_it(post, officer, now)
        )
        if not mine and approval.green(post, shown) and not too_long(post, limits):
            author = await session.get_one(Officer, post.author_id)
            found.append(Green(post, shown, author.byline))
    return that_fit(found)


def too_long(post: Post, limits: Mapping[str, Limits]) -> list[str]:
    """The networks of a post that do not take so long a text."""
    return [
        name for name in limits if name in post.networks and taken(post, name, limits[name]) > limits[name].characters
    ]


def taken(post: Post, network: str, limits: Limits) -> int:
    """How much of a network's length a post takes: of a thread, its longest piece."""
    return max((length(each, limits) for each in told(post, network, limits)), default=0)


def told(post: Post, network: str, limits: Limits) -> tuple[str, ...]:
    """The words of a post on a network, in as many posts as it takes there."""
    text = approval.text_for(post, network)
    return thread.pieces(text, limits) if post.thread else (text,)


def digest(shown: Sequence[Green]) -> str:
    """What a card showed, so that a tap on it publishes exactly that or nothing."""
    told = ";".join(f"{green.post.id}:{green.seen}" for green in shown)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def that_fit(found: Sequence[Green]) -> list[Green]:
    """The first ones that stand whole on one card; what is too long for it by itself has only its own card."""
    fitting: list[Green] = []
    for green in [one for one in found if one.length <= CHARACTERS][:AT_MOST]:
        if sum(one.length for one in (*fitting, green)) > CHARACTERS:
            break
        fitting.append(green)
    return fitting


def _somebody_else_is_on_it(post: Post, officer: Officer, now: datetime) -> bool:
    claimed = post.claimed_by not in (None, officer.id) and post.claimed_until is not None
    return claimed and post.claimed_until is not None and post.claimed_until > now
