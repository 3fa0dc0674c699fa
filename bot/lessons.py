"""Lessons: the pretend sergeant of the tutorial, who answers what somebody wrote to practise."""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select

from bot.desk import Desk
from bot.due import each
from moderation import queue
from moderation.post import Post, PostState
from shifts.database import Database

LOOKS_AT_IT: Final = timedelta(seconds=3)
"""So long the card says that it waits for a sergeant, as it would."""


class Lessons:
    """Looks at the rows once a second; every step is one transaction and can be repeated."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def tick(self, now: datetime) -> bool:
        """Answer what waits; False if nothing did."""
        due = await self._waiting(now)
        await each(due, lambda post_id: self._answer(post_id, now))
        return bool(due)

    async def _answer(self, post_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            if post.state is PostState.WAITING and post.prepared == post.revision:
                await queue.answer_lesson(session, post, now)
                await self._desk.changed(session, post, now)

    async def _waiting(self, now: datetime) -> list[int]:
        statement = select(Post.id).where(
            col(Post.lesson).is_(True),
            Post.state == PostState.WAITING,
            Post.prepared == Post.revision,
            Post.received_at <= now - LOOKS_AT_IT,
        )
        async with self._database.reading() as session:
            return [i for i in (await session.exec(statement)).all() if i is not None]
