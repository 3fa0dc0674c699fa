"""Near duplicates: the same thing said by many is dealt with once, and counted."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from bot.reply import Reply
from moderation.normalise import look_at, plain

ALIKE: Final = 0.75
WITHIN: Final = timedelta(hours=24)
LOOK_AT: Final = 200


def alike(one: str, other: str) -> bool:
    """Whether two texts say nearly the same: they share three quarters of their word pairs."""
    first, second = _pairs(one), _pairs(other)
    return len(first & second) >= ALIKE * len(first | second)


async def leader(session: AsyncSession, reply: Reply, now: datetime) -> Reply | None:
    """The first reply of this day under the same post that says nearly the same; None if this one is new."""
    statement = (
        select(Reply)
        .where(
            Reply.post_id == reply.post_id,
            Reply.route == reply.route,
            col(Reply.id) < (reply.id or 0),
            col(Reply.similar_to).is_(None),
            col(Reply.aside).is_(False),
            col(Reply.received_at) > now - WITHIN,
        )
        .order_by(col(Reply.id).desc())
        .limit(LOOK_AT)
    )
    return _first_alike(reply.text, (await session.exec(statement)).all())


async def join(session: AsyncSession, reply: Reply, first: Reply) -> None:
    """Count this reply with the first of its kind."""
    reply.similar_to = first.id
    await session.exec(
        update(Reply)
        .where(col(Reply.id) == first.id)
        .values(similar=Reply.similar + 1)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(first)


async def hold(session: AsyncSession, first: Reply) -> None:
    """Lock what it is counted with, and those that are counted with it, before anything is recorded."""
    if first.similar_to is not None:
        await session.get(Reply, first.similar_to, with_for_update=True, populate_existing=True)
    if first.similar:
        await session.exec(_counted_with(first).with_for_update().execution_options(populate_existing=True))


async def leave(session: AsyncSession, reply: Reply) -> bool:
    """Whether it was counted with another, and says or means something else than that one by now: no longer then."""
    first = await session.get(Reply, reply.similar_to) if reply.similar_to is not None else None
    if first is None or (reply.route is first.route and alike(reply.text, first.text)):
        return False
    reply.similar_to, first.similar = None, first.similar - 1
    return True


async def part(session: AsyncSession, first: Reply) -> Reply | None:
    """Whoever was counted with it, and says or means something else than it does by now, is so no longer: the first of
    them leads the others, and is given. None if nobody parts."""
    found = (await session.exec(_counted_with(first))).all() if first.similar else []
    apart = [one for one in found if one.route is not first.route or not alike(one.text, first.text)]
    first.similar -= len(apart)
    if not apart:
        return None
    lead, *others = apart
    lead.similar_to, lead.similar = None, len(others)
    for one in others:
        one.similar_to = lead.id
    return lead


def _counted_with(first: Reply) -> SelectOfScalar[Reply]:
    return select(Reply).where(Reply.post_id == first.post_id, Reply.similar_to == first.id).order_by(col(Reply.id))


def _first_alike(text: str, others: Iterable[Reply]) -> Reply | None:
    return next((other for other in others if alike(text, other.text)), None)


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    """Neighbouring words; names of accounts and links do not count."""
    bare = re.sub(r"https?://\S+|@[\w.@-]+", " ", plain(look_at(text[:2000]).folded))
    words = ["", *re.findall(r"\w+", bare), ""]
    return frozenset(pairwise(words))
