"""Hearing: what the public answers is stored once, judged, and goes to whoever deals with it."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from sqlalchemy import String
from sqlmodel import cast, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import fixed_answer, reply
from bot.delivery import Delivery, DeliveryState
from bot.due import each
from bot.fixed_answer import FixedAnswer
from bot.network import Heard, Network, SignedOut, TryLater
from bot.reply import Reply, ReplyCursor
from bot.routing import Routing
from moderation.post import Post
from shifts.database import Database, utc_now

AT_ONCE: Final = 50
TRIES: Final = 5
"""So often a reply that cannot be kept is asked for again; then the network is listened to from behind it."""
IN_FLIGHT: Final = timedelta(minutes=5)

_log = logging.getLogger(__name__)


class _Kept(Enum):
    """What became of something that was heard. `LATER`: its page is asked for again."""

    DONE = auto()
    LATER = auto()


class Ears:
    """Polls the networks. The cursor moves when all that was heard is stored; what is heard twice is stored once."""

    def __init__(
        self, database: Database, networks: Mapping[str, Network], routing: Routing, changed: Callable[[], None]
    ) -> None:
        self._database = database
        self._routing = routing
        self._changed = changed
        self._networks = networks
        self._failed: Counter[str] = Counter()

    async def listen(self, name: str) -> float | None:
        """Ask one network once. Gives the seconds to wait that it asked for, if it did; 0 if there is more."""
        async with self._database.reading() as session:
            known = await session.get(ReplyCursor, name)
        try:
            page = await self._networks[name].replies(known.cursor if known else None)
        except TryLater as later:
            return later.soon
        except SignedOut:
            _log.error("signed out", extra={"network": name})
            return 60.0
        if known is not None and not page.replies and page.cursor == known.cursor:
            return None
        async with self._database.reading() as session:
            in_flight = await _in_flight(session, name, utc_now())  # asked first: it may land while we look
        kept = [await self._try(name, heard, sure=not in_flight) for heard in page.replies]
        if set(kept) <= {_Kept.DONE}:
            async with self._database.transaction() as session:
                await session.merge(ReplyCursor(network=name, cursor=page.cursor))
        self._changed()
        goes_on = page.more and page.cursor != (known.cursor if known else None)
        return 0.0 if goes_on and set(kept) <= {_Kept.DONE} else None

    async def _try(self, network: str, heard: Heard, *, sure: bool) -> "_Kept":
        """Keep one reply. One that fails holds up none of the others on its page, nor for ever those behind it."""
        try:
            kept = _Kept.DONE if await self._keep(network, heard, sure=sure) else _Kept.LATER
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, somebody in danger may have written another
            self._failed[heard.id] += 1
            given_up = self._failed[heard.id] >= TRIES
            facts = {"network": network, "error": type(error).__name__, "given_up": given_up}
            _log.error("a reply could not be kept", extra=facts)
            return _Kept.DONE if given_up else _Kept.LATER
        self._failed.pop(heard.id, None)
        return kept

    async def overdue(self, now: datetime) -> bool:
        """Let what the second judge did not weigh in time go its way; False if there was nothing."""
        async with self._database.reading() as session:
            late = (await session.exec(select(Reply.id).where(col(Reply.weigh_by) <= now).limit(AT_ONCE))).all()
        if late and self._routing.wait is not None:
            _log.error("replies went on without the second judge", extra={"count": len(late)})
        try:
            await each(late, lambda reply_id: self._alone(reply_id or 0, now))
        finally:
            if late:
                self._changed()
        return bool(late)

    async def _alone(self, reply_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            await self._routing.alone(session, reply_id, now)

    async def _keep(self, network: str, heard: Heard, *, sure: bool) -> bool:
        """Store and route what was heard, each reply by itself: no two posts are locked at once. False if it answers
        nothing that we know of, and we are not `sure` to know all that is ours.

        What stands in threads of others belongs to our newest post; before we have published anything it is left."""
        async with self._database.transaction() as session:
            post_id = await _post_of(session, network, heard)
            if post_id is None and not sure:
                return False
            aside = heard.aside or (post_id is None and heard.thread is not None)
            post_id = post_id or await _newest(session, network)
            if post_id is None:
                return True
            now = utc_now()
            stored = await reply.store(session, network, heard, post_id, now, aside=aside)
            if stored is not None:
                await self._routing.take(session, stored, heard.language, now)
            return True


async def _answered(session: AsyncSession, network: str, published_id: str) -> int | None:
    """The post in whose thread somebody wrote: under the post itself, under a later piece of it, or under a fixed text
    of ours."""
    statement = select(Delivery).where(Delivery.network == network, col(Delivery.published_id) == published_id)
    delivery = (await session.exec(statement)).first() or await _with_part(session, network, published_id)
    if delivery is not None:
        return delivery.post_id
    answer = await fixed_answer.by_published(session, network, published_id)
    return answer.post_id if answer else None


async def _with_part(session: AsyncSession, network: str, published_id: str) -> Delivery | None:
    """The thread of which this is a piece."""
    holds = cast(col(Delivery.parts), String).contains(json.dumps(published_id), autoescape=True)
    threads = select(Delivery).join(Post, col(Post.id) == col(Delivery.post_id)).where(col(Post.thread))
    found = (await session.exec(threads.where(Delivery.network == network, holds))).all()
    return next((row for row in found if published_id in row.parts), None)


async def _post_of(session: AsyncSession, network: str, heard: Heard) -> int | None:
    """The post that a reply belongs to; None if it answers nothing that we know of.

    People also answer each other under a post of ours: then it is the post of what they answer, or of the thread."""
    if heard.answers is None:
        return await _newest(session, network)
    for there in (heard.answers, heard.thread):
        found = await _answered(session, network, there) if there else None
        if found is not None:
            return found
    return await reply.under(session, network, heard.answers)


async def _newest(session: AsyncSession, network: str) -> int | None:
    """The last post that this network showed: where somebody who only mentions us is taken to speak."""
    statement = (
        select(Delivery.post_id)
        .where(Delivery.network == network, col(Delivery.published_id).is_not(None))
        .order_by(col(Delivery.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def _in_flight(session: AsyncSession, network: str, now: datetime) -> bool:
    """Whether something of ours may be public there already under a name that we do not know yet: somebody can answer
    a post before its network has told us that it took it. Such a page is asked for again."""
    for table in (Delivery, FixedAnswer):
        statement = select(table.id).where(
            table.network == network,
            col(table.state).in_((DeliveryState.SENDING, DeliveryState.UNCLEAR)),
            col(table.first_sent_at) > now - IN_FLIGHT,
        )
        if (await session.exec(statement.limit(1))).first() is not None:
            return True
    return False
