"""A question whose answer never left is open again; one whose answer may still be read is not."""

import pytest

from bot import handover
from bot.outbox import SlotKind
from bot.reopening import LOST, Reopener
from bot.reply import REPLIES, ReplyState
from moderation.post import Post, PostState
from shifts.database import Database, utc_now
from shifts.words import Words
from tests.bot.replies_stage import CONFIG, Replies, replies, shares


async def answered(night: Replies, *states: PostState) -> int:
    """A question with answers that came so far."""
    asked = await night.say("When does the bridge open again?")
    await night.weigh(shares(question=0.9))
    async with night.database.transaction() as session:
        reply = await night.routing.held(session, asked, utc_now())
        for step in (ReplyState.SHOWN, ReplyState.ANSWERED):
            await REPLIES.move(session, reply, step)
        first = await session.get_one(Post, 1)
        for number, state in enumerate(states, 2):
            told = {"id": number, "number": number, "message": str(number), "state": state, "answers_reply": asked}
            session.add(Post.model_validate({**first.model_dump(), **told}))
    return asked


@pytest.mark.parametrize("state", list(PostState))
async def test_a_question_is_open_again_when_its_answer_is_lost(sqlite_database: Database, state: PostState) -> None:
    night = await replies(sqlite_database)
    asked = await answered(night, state)
    reopener = Reopener(night.database, lambda: None)
    assert await reopener.tick(utc_now()) is (state in LOST)
    assert (await night.reply(asked)).state is (ReplyState.SHOWN if state in LOST else ReplyState.ANSWERED)
    assert not await reopener.tick(utc_now())
    async with night.database.reading() as session:
        left = await handover.read(session, 1, Words.load(CONFIG / "languages"))
    assert left.unanswered == (((1, 1),) if state in LOST else ())


async def test_a_question_with_another_answer_stays_answered(database: Database) -> None:
    night = await replies(database)
    lost = await answered(night, PostState.EXPIRED, PostState.WITHDRAWN)
    assert await Reopener(night.database, lambda: None).tick(utc_now())
    assert await night.phones(lost, SlotKind.REPLY) == {"lima-3"}
    async with night.database.transaction() as session:
        reply = await night.routing.held(session, lost, utc_now())
        await REPLIES.move(session, reply, ReplyState.ANSWERED)
        (await session.get_one(Post, 3)).state = PostState.WAITING
    assert not await Reopener(night.database, lambda: None).tick(utc_now())
