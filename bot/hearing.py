"""Hearing: what the public answers is stored once and goes to the officer who wrote."""

import logging
from collections.abc import Callable, Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox, reply
from bot.delivery import Delivery
from bot.network import Heard, Network, SignedOut, TryLater
from bot.outbox import SlotKind
from bot.reply import Reply, ReplyCursor
from moderation.post import Post
from shifts import roster
from shifts.database import Database, utc_now
from shifts.officer import Officer, Role
from shifts.shift import current_shift, on_duty

_log = logging.getLogger(__name__)


class Ears:
    """Polls the networks. The cursor moves in the transaction that stores what was heard."""

    def __init__(self, database: Database, networks: Mapping[str, Network], changed: Callable[[], None]) -> None:
        self._database = database
        self._changed = changed
        self._networks = networks

    async def listen(self, name: str) -> float | None:
        """Ask one network once. Gives the seconds to wait that it asked for, if it did."""
        async with self._database.reading() as session:
            known = await session.get(ReplyCursor, name)
        try:
            page = await self._networks[name].replies(known.cursor if known else None)
        except TryLater as later:
            return later.wait
        except SignedOut:
            _log.error("signed out", extra={"network": name})
            return 60.0
        if known is not None and not page.replies and page.cursor == known.cursor:
            return None
        async with self._database.transaction() as session:
            for heard in page.replies:
                await self._keep(session, name, heard)
            await session.merge(ReplyCursor(network=name, cursor=page.cursor))
        self._changed()
        return None

    async def _keep(self, session: AsyncSession, network: str, heard: Heard) -> None:
        statement = select(Delivery).where(Delivery.network == network, col(Delivery.published_id) == heard.answers)
        delivery = (await session.exec(statement)).first()
        if delivery is None:
            return
        stored = await reply.store(session, network, heard, delivery.post_id, utc_now())
        if stored is not None:
            await self._route(session, stored)

    async def _route(self, session: AsyncSession, stored: Reply) -> None:
        """To the officer who wrote; if they are off shift, to the sergeants of the shift, else to the press office."""
        post = await session.get_one(Post, stored.post_id)
        author = await session.get_one(Officer, post.author_id)
        here = await current_shift(session, author.id)
        people = [author] if here is not None and author.active else []
        people = (
            people
            or await on_duty(session, post.shift_id, Role.SERGEANT)
            or await roster.with_role(session, Role.PRESS)
        )
        stored.officer_id = people[0].id if people else None
        for person in people[:1] if people[:1] == [author] else people:
            for account in await roster.accounts(session, person.id):
                await outbox.living(session, account, SlotKind.REPLY, stored.id)
