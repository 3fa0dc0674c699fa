"""The second look: the prepare process weighs what came in, with the learnt model, before it goes to a phone."""

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, func, or_, select

from bot.following import FOR
from bot.reply import Reply
from bot.routing import Routing
from bot.triage_room import TriageRoom
from moderation.detector import DetectorFailed
from shifts.database import Database, utc_now

AT_ONCE: Final = 20
LATE: Final = timedelta(hours=2)
"""What the rules judged alone is weighed after all when the model is back, if it is not older than this."""
REACH: Final = FOR + LATE
"""Nothing that was heard before is weighed any more: so long its author may edit it, and we see it."""
REST: Final = timedelta(seconds=3)
"""After a failure the model is left alone for a moment: it may be starting."""
TRIES: Final = 2
"""So often the model may fail over the words of one reply before they are left to the rules."""

_Words = tuple[int, datetime | None]
"""A reply, and when its author changed it last."""

_log = logging.getLogger(__name__)


class SecondLook:
    """Weighs replies in their order. What it does not get to in time goes its way without it (`Routing.overdue`)."""

    def __init__(self, database: Database, room: TriageRoom, routing: Routing) -> None:
        self._database = database
        self._room = room
        self._routing = routing
        self._rest_until: datetime | None = None
        self._failed: Counter[_Words] = Counter()

    async def sweep(self, now: datetime) -> int:
        """Weigh what waits; gives how many were weighed. One that the model fails over holds up no other."""
        if self._rest_until is not None and now < self._rest_until:
            return 0
        weighed = 0
        for words, text in await self._waiting(now):
            try:
                shares = await self._room.weigh(text)
            except DetectorFailed:
                _log.error("the second judge of replies failed", extra={"reply": words[0]})
                if not await self._well():
                    self._rest_until = now + REST
                    break
                self._failed[words] += 1
                continue
            async with self._database.transaction() as session:
                await self._routing.weighed(session, words[0], text, shares, utc_now())
            weighed += 1
        return weighed

    async def _well(self) -> bool:
        """Whether the model works at all: only then was it the fault of the words."""
        try:
            await self.warm()
        except DetectorFailed:
            return False
        return True

    async def warm(self) -> None:
        """Load the model now, so that the first reply does not wait for it. Raises DetectorFailed."""
        await self._room.weigh("")

    async def _waiting(self, now: datetime) -> list[tuple[_Words, str]]:
        left = {words for words, times in self._failed.items() if times >= TRIES}
        statement = (
            select(Reply.id, Reply.edited_at, Reply.text)
            .where(
                col(Reply.received_at) > now - REACH,
                or_(col(Reply.weigh_by).is_not(None), col(Reply.alone).is_(True)),  # as its index has it
                or_(
                    col(Reply.weigh_by).is_not(None),
                    func.coalesce(col(Reply.edited_at), col(Reply.received_at)) > now - LATE,
                ),
            )
            .order_by(col(Reply.alone), col(Reply.id))
            .limit(AT_ONCE + len(left))
        )
        async with self._database.reading() as session:
            found = [((row or 0, edited), text) for row, edited, text in (await session.exec(statement)).all()]
        return [(words, text) for words, text in found if words not in left]
