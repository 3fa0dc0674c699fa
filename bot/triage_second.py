"""The second look: the prepare process weighs what came in, with the learnt model, before it goes to a phone."""

import logging
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, or_, select

from bot.reply import Reply
from bot.routing import Routing
from bot.triage_room import TriageRoom
from moderation.detector import DetectorFailed
from shifts.database import Database, utc_now

AT_ONCE: Final = 20
LATE: Final = timedelta(hours=2)
"""What the rules judged alone is weighed after all when the model is back, if it is not older than this."""
REST: Final = timedelta(seconds=3)
"""After a failure the model is left alone for a moment: it may be starting."""

_log = logging.getLogger(__name__)


class SecondLook:
    """Weighs replies in their order. What it does not get to in time goes its way without it (`Routing.overdue`)."""

    def __init__(self, database: Database, room: TriageRoom, routing: Routing) -> None:
        self._database = database
        self._room = room
        self._routing = routing
        self._rest_until: datetime | None = None

    async def sweep(self, now: datetime) -> int:
        """Weigh what waits; gives how many there were."""
        if self._rest_until is not None and now < self._rest_until:
            return 0
        waiting = await self._waiting(now)
        for reply_id, text in waiting:
            try:
                shares = await self._room.weigh(text)
            except DetectorFailed:
                _log.error("the second judge of replies failed", extra={"reply": reply_id})
                self._rest_until = now + REST
                return 0
            async with self._database.transaction() as session:
                await self._routing.weighed(session, reply_id, shares, utc_now())
        return len(waiting)

    async def warm(self) -> None:
        """Load the model now, so that the first reply does not wait for it. Raises DetectorFailed."""
        await self._room.weigh("")

    async def _waiting(self, now: datetime) -> list[tuple[int, str]]:
        statement = (
            select(Reply.id, Reply.text)
            .where(
                or_(
                    col(Reply.weigh_by).is_not(None),
                    col(Reply.alone).is_(True) & (col(Reply.received_at) > now - LATE),
                )
            )
            .order_by(col(Reply.alone), col(Reply.id))
            .limit(AT_ONCE)
        )
        async with self._database.reading() as session:
            return [(found, text) for found, text in (await session.exec(statement)).all() if found is not None]
