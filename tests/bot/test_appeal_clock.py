"""An appeal that is made of a diverted post has its own half hour."""

from datetime import timedelta

from moderation import appeal, queue
from moderation.post import Post, PostState
from shifts.database import Database
from tests.moderation.test_queue import NOW, a_waiting_post

DIVERT = {"code": "appeal", "verdict": "DIVERT", "role": "press", "template": "policy.templates.appeal"}
LATER = NOW + timedelta(minutes=35)


async def test_an_appeal_made_of_a_post_that_had_waited_already_waits_from_then_on(sqlite_database: Database) -> None:
    await a_waiting_post(sqlite_database)
    async with sqlite_database.transaction() as session:
        post = await queue.locked(session, 1)
        post.kind, post.clock_from, post.level = "patrol", NOW, 2
        await queue.new_words(session, post, "s2", "lima-3", NOW + timedelta(minutes=20))
        post.reasons = [DIVERT]
        await queue.prepared(session, post, "DIVERT", NOW + timedelta(minutes=20))
    async with sqlite_database.transaction() as session:
        post = await queue.locked(session, 1)
        await appeal.begin(session, post, LATER)
        await queue.prepared(session, post, "HOLD", LATER)
    async with sqlite_database.reading() as session:
        post = await session.get_one(Post, 1)
    assert (post.state, post.clock_from, post.level) == (PostState.WAITING, LATER, 0)
