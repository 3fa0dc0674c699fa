"""Following: what became of a reply on its network. Edited words are judged anew, deleted ones are said to be so."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, or_, select

from bot import outbox
from bot.due import each
from bot.heard_words import harmless
from bot.network import Follows, Network, SignedOut, TryLater
from bot.outbox import SlotKind
from bot.reply import Reply
from bot.routing import Routing
from moderation import audit
from shifts.database import Database

EVERY: Final = 10.0
"""Seconds between two looks at one network: an account may ask so much, and has to post and to listen as well."""
SIGNED_OUT_WAIT: Final = timedelta(seconds=60)
FOR: Final = timedelta(hours=24)
"""So long a reply is followed."""
FRESH: Final = timedelta(hours=1)
OFTEN: Final = timedelta(seconds=60)
"""How often one that is fresh is looked after."""
SELDOM: Final = timedelta(minutes=10)


class Follower:
    """Asks the networks that can say it, and tells the cards."""

    def __init__(
        self, database: Database, networks: Mapping[str, Network], routing: Routing, changed: Callable[[], None]
    ) -> None:
        self._database = database
        self._networks: dict[str, Follows] = {n: one for n, one in networks.items() if isinstance(one, Follows)}
        self._at_once = {name: networks[name].limits.looks for name in self._networks}
        self._not_before: dict[str, datetime] = {}
        self._routing = routing
        self._changed = changed

    @property
    def names(self) -> list[str]:
        """The networks that can say it."""
        return list(self._networks)

    async def tick(self, now: datetime, name: str) -> bool:
        """Look after what is due on a network, as much as it may be asked at once; False if nothing was."""
        due = await self._due(name, now) if now >= self._not_before.get(name, now) else []
        if not due:
            return False
        try:
            told = await self._networks[name].again([reply.heard_id for reply in due])
        except TryLater as later:
            self._not_before[name] = now + timedelta(seconds=later.soon)
            return False
        except SignedOut:
            self._not_before[name] = now + SIGNED_OUT_WAIT
            return False
        try:
            await each(due, lambda reply: self._keep(reply, told, now))
        finally:
            self._changed()
        return True

    async def _due(self, name: str, now: datetime) -> list[Reply]:
        looked, heard = col(Reply.followed_at), col(Reply.received_at)
        statement = (
            select(Reply)
            .where(
                Reply.network == name,
                col(Reply.gone_at).is_(None),
                heard > now - FOR,
                heard <= now - OFTEN,
                or_(looked.is_(None), looked <= now - SELDOM, (looked <= now - OFTEN) & (heard > now - FRESH)),
            )
            .order_by(looked.is_not(None), looked, col(Reply.id))
            .limit(self._at_once[name])
        )
        async with self._database.reading() as session:
            return list((await session.exec(statement)).all())

    async def _keep(self, seen: Reply, told: Mapping[str, str | None], now: datetime) -> bool:
        """Note that we looked, and what was new; False if nothing was."""
        words = told.get(seen.heard_id, seen.text)
        words = None if words is None else harmless(words)
        async with self._database.transaction() as session:
            reply = await self._routing.held(session, seen.id or 0, now)
            reply.followed_at = now
            if words == reply.text:
                return False
            event = "reply gone" if words is None else "reply edited"
            if words is None:
                reply.gone_at = now
            else:
                reply.text, reply.edited_at = words, now
            await audit.record(session, now, event, f"reply {reply.id}", None, network=reply.network)
            if words is not None:
                await self._routing.edited(session, reply, now)
            await outbox.touch(session, reply.id, SlotKind.REPLY, SlotKind.DESK)
            await outbox.touch(session, reply.alarm_id, SlotKind.ALARM)
            return True
