"""Reopening: a question whose answer never left is open again, whatever became of the answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import aliased
from sqlmodel import col, exists, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.due import each
from bot.outbox import SlotKind
from bot.reply import REPLIES, Reply, ReplyState
from bot.routing import to_officer
from bot.triage_labels import Route
from moderation import audit, queue
from moderation.post import Post, PostState
from shifts.database import Database

LOST: Final = (PostState.EXPIRED, PostState.WITHDRAWN, PostState.BLOCKED, PostState.DIVERTED)
"""How an answer ends that nobody will ever read."""
AT_ONCE: Final = 50


class Reopener:
    """Looks for such questions, and brings them back to whoever is to answer."""

    def __init__(self, database: Database, changed: Callable[[], None]) -> None:
        self._database = database
        self._changed = changed

    async def tick(self, now: datetime) -> bool:
        """Reopen what has to be; False if nothing has."""
        async with self._database.reading() as session:
            due = (await session.exec(_lost().limit(AT_ONCE))).all()
        await each(due, lambda reply_id: self._reopen(reply_id or 0, now))
        if due:
            self._changed()
        return bool(due)

    async def _reopen(self, reply_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            known = await session.get_one(Reply, reply_id)
            post = await queue.locked(session, known.post_id)
            reply = await session.get_one(Reply, reply_id, with_for_update=True, populate_existing=True)
            if not await _is_lost(session, reply):
                return
            await REPLIES.move(session, reply, ReplyState.SHOWN)
            await audit.record(session, now, "reply open again", f"reply {reply.id}", None, network=reply.network)
            if reply.route is Route.OFFICER:
                await to_officer(session, reply, post, now)
            await outbox.touch(session, reply.id, SlotKind.REPLY, SlotKind.DESK)
            await outbox.touch(session, post.shift_id, SlotKind.HANDOVER)


async def _is_lost(session: AsyncSession, reply: Reply) -> bool:
    return (await session.exec(_lost().where(Reply.id == reply.id))).first() is not None


def _lost() -> Any:
    """Questions that count as answered, and of which every answer is lost."""
    other = aliased(Post)
    alive = exists().where(col(other.answers_reply) == col(Reply.id), col(other.state).not_in(LOST))
    return (
        select(Reply.id)
        .join(Post, col(Post.answers_reply) == col(Reply.id))
        .where(Reply.state == ReplyState.ANSWERED, col(Post.state).in_(LOST), ~alive)
        .distinct()
    )
