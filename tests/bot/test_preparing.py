from datetime import timedelta
from pathlib import Path
from typing import cast

from sqlmodel import select

from bot.outbox import Slot, SlotKind
from bot.preparing import WORDS_TRIES, Preparer
from moderation import approval
from moderation.detector import DetectorFailed
from moderation.post import Post, PostState
from moderation.redaction import Context, Redacted
from moderation.text_room import TextRoom
from shifts.database import Database, utc_now
from shifts.officer import Account
from tests.bot.one_post import a_desk, a_post


class BrokenRoom:
    """Text detectors that never answer."""

    async def redact(self, text: str, context: Context) -> Redacted:
        raise DetectorFailed("the text detectors did not answer")


async def test_words_that_no_detector_can_read_are_held_and_cannot_be_published(
    database: Database, tmp_path: Path
) -> None:
    desk = a_desk(database, tmp_path)
    room = cast(TextRoom, BrokenRoom())
    preparer = Preparer(database, desk, room, lambda: None)
    post_id = await a_post(database, desk)
    for _ in range(WORDS_TRIES):
        async with database.reading() as session:
            assert (await session.exec(select(Post))).one().state is PostState.RECEIVED
        await preparer.words(post_id, 1)
    async with database.reading() as session:
        post = (await session.exec(select(Post))).one()
    assert (post.state, post.verdict, post.text) == (PostState.WAITING, "HOLD", "")
    missing = approval.missing(post, [])
    assert (missing.checks, missing.condition) == (True, "inspector")


async def test_a_post_whose_words_died_on_their_clock_ends_and_its_author_reads_why(
    database: Database, tmp_path: Path
) -> None:
    desk = a_desk(database, tmp_path)
    preparer = Preparer(database, desk, cast(TextRoom, BrokenRoom()), lambda: None)
    post_id = await a_post(database, desk)
    async with database.transaction() as session:
        session.add(Account(officer_id="lima-3", app="a", account="1001", chat="c", linked_at=utc_now()))
        assert await desk.vault.purge(session, utc_now() + timedelta(days=60)) == 1
    await preparer.words(post_id, 1)
    await preparer.words(post_id, 1)
    async with database.reading() as session:
        post = (await session.exec(select(Post))).one()
        notices = (await session.exec(select(Slot).where(Slot.kind == SlotKind.NOTICE))).all()
    assert (post.state, post.ended_at is not None) == (PostState.WITHDRAWN, True)
    assert [slot.notice for slot in notices] == [{"words": "clock.words_gone", "fields": {"number": "1"}}]
    assert await preparer.sweep(utc_now() + timedelta(days=60)) == 0
