from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import select

from bot.desk import Desk
from bot.outbox import Slot, SlotKind
from bot.preparing import WORDS_TRIES, Preparer
from moderation import approval, queue
from moderation.detector import DetectorFailed
from moderation.post import Post, PostState
from moderation.redaction import Context, Redacted
from moderation.text_room import TextRoom
from shifts.database import Database, utc_now
from shifts.officer import Account
from shifts.shift import Shift, ShiftState
from tests.bot.one_post import a_desk, a_post
from tests.moderation.foretold import judged
from tests.moderation.text import redactor


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


class AskingRoom:
    """Text detectors of which the second judge takes a quiet night for a death."""

    async def redact(self, text: str, context: Context) -> Redacted:
        return judged(text, context, quiet="J")


async def test_a_question_of_the_second_judge_leaves_the_words_and_wants_its_tick(
    database: Database, tmp_path: Path
) -> None:
    desk = a_desk(database, tmp_path)
    post_id = await a_post(database, desk)
    preparer = Preparer(database, desk, cast(TextRoom, AskingRoom()), lambda: None)
    await preparer.words(post_id, 1)
    async with database.transaction() as session:
        post = await queue.locked(session, post_id)
        assert (post.state, post.verdict, post.text) == (PostState.WAITING, "FLAG", "All quiet.")
        assert approval.missing(post, []).ticks == ("policy.ticks.no_death",)
        assert not approval.green(post, [])
        post.ticks = ["policy.ticks.no_death"]
        assert not approval.missing(post, [])


class RulesRoom:
    """Text detectors without models, in this process. `meanwhile` is called once, while the first text is looked at."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self.meanwhile = meanwhile

    async def redact(self, text: str, context: Context) -> Redacted:
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return redactor().redact(text, context)


ROBBED = "Robbery at a takeaway tonight."
OWNER = "The owner is back at work in Riverside after last night."


async def told(database: Database, shift: int, state: PostState, hours: float, area: str | None = "riverside") -> None:
    """An earlier post of the same officer with the words ROBBED."""
    at = utc_now() - timedelta(hours=hours)
    async with database.transaction() as session:
        first = (await session.exec(select(Post))).one()
        if shift != first.shift_id:
            of_it = (await session.exec(select(Shift))).one()
            ended = {"state": ShiftState.ENDED, "starts_at": of_it.starts_at, "ends_at": of_it.ends_at}
            session.add(Shift.model_validate({"id": shift, "unit": "lima", "name": "Day", **ended}))
            await session.flush()
        other = Post.model_validate(
            {**first.model_dump(), "id": None, "number": 2, "message": "earlier", "shift_id": shift, "state": state}
            | {"text": ROBBED, "area": area, "received_at": at, "sent_at": at, "drafted": 1, "prepared": 1}
        )
        session.add(other)


async def reasons(database: Database, desk: Desk, post_id: int, room: RulesRoom) -> list[str]:
    """Why the first post, with the words OWNER, needs somebody's tick."""
    async with database.transaction() as session:
        post = await queue.locked(session, post_id)
        post.source_id = await desk.seal(session, OWNER, utc_now())
    preparer = Preparer(database, desk, cast(TextRoom, room), lambda: None)
    await preparer.words(post_id, 1)
    await preparer.words(post_id, 1)
    async with database.reading() as session:
        post = await session.get_one(Post, post_id)
    assert post.drafted == 1
    return [reason["code"] for reason in post.reasons]


@pytest.mark.parametrize(
    ("shift", "state", "hours", "area", "seen"),
    [
        (1, PostState.RELEASED, 1, None, True),
        (1, PostState.WAITING, 1, None, True),
        (1, PostState.APPROVED, 1, None, True),
        (1, PostState.SENT_BACK, 1, None, False),
        (2, PostState.RELEASED, 1, "riverside", True),
        (2, PostState.WAITING, 1, "riverside", True),
        (2, PostState.RELEASED, 72, "riverside", True),
        (2, PostState.RELEASED, 24 * 8, "riverside", False),
        (2, PostState.RELEASED, 1, "old_town", False),
        (2, PostState.RELEASED, 1, None, False),
    ],
)
async def test_a_post_that_completes_another_of_its_shift_or_area_is_flagged(
    database: Database, tmp_path: Path, shift: int, state: PostState, hours: float, area: str | None, seen: bool
) -> None:
    desk = a_desk(database, tmp_path)
    post_id = await a_post(database, desk)
    await told(database, shift, state, hours, area)
    assert await reasons(database, desk, post_id, RulesRoom()) == (["jigsaw"] if seen else [])


async def test_of_two_posts_that_are_looked_at_at_once_the_later_sees_the_other(
    database: Database, tmp_path: Path
) -> None:
    desk = a_desk(database, tmp_path)
    post_id = await a_post(database, desk)
    room = RulesRoom(lambda: told(database, 1, PostState.WAITING, 0))
    assert await reasons(database, desk, post_id, room) == ["jigsaw"]
