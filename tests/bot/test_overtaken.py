"""Words that other words have taken the place of: they never become public again, whoever asks for it."""

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot.delivery import DELIVERIES, DeliveryState
from moderation import approval
from moderation.decision import Decision, NotAllowed
from moderation.post import POSTS, Post, PostState
from shifts.shift import Shift, ShiftState
from tests.bot.fault_network import Fault
from tests.bot.test_correcting import FIRST, after, correct, desk, redactor
from tests.bot.test_publishing import Desk
from tests.bot.test_trouble import Hand, hand

__all__ = ["desk", "hand", "redactor"]
NEWER, LINE = "It closes at eight.", "The time was wrong."


async def again(desk: Desk, index: int) -> None:
    """Somebody asks for it once more, as a card may still let them."""
    async with desk.database.transaction() as session:
        row = await session.merge((await desk.rows())[index])
        await DELIVERIES.move(session, row, DeliveryState.DUE, not_before=None, tries=0)


async def test_an_older_correction_never_takes_the_place_of_a_newer_one(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    desk.network.faults = [Fault.REFUSED]
    if hasattr(desk.network, "edit_faults"):
        desk.network.edit_faults = [Fault.REFUSED]
    await correct(desk, 2)
    await desk.run(1)
    await correct(desk, 3, NEWER)
    await desk.run(1)
    assert await desk.states() == [DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.SENT]
    await again(desk, 1)
    await desk.run(2)
    assert desk.network.texts() == after(desk, NEWER)
    assert (await desk.states())[1] is DeliveryState.CANCELLED


async def test_a_newer_correction_waits_for_what_may_still_arrive_of_an_older_one(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk, 2)
    older = (await desk.rows())[1]
    assert await desk.publisher._intend(older.id or 0) is not None
    await correct(desk, 3, NEWER)
    async with desk.database.transaction() as session:
        now = desk.clock.now
        other = Shift(id=2, unit="mike", name="B", state=ShiftState.LIVE, starts_at=now, ends_at=now)
        session.add(other)
        await session.flush()
        newest = (await session.exec(select(Post).where(Post.number == 3))).one()
        newest.shift_id = 2
        newest.content = approval.content_of(newest, [], None)
        (await session.exec(select(Decision).where(Decision.post_id == newest.id))).one().content = newest.content
    newer = (await desk.rows())[2]
    assert await desk.publisher._intend(newer.id or 0) is None
    await desk.run(6)
    assert desk.network.texts()[-1] == after(desk, NEWER)[-1]
    assert (await desk.states())[2] is DeliveryState.SENT


async def corrected(hand: Hand, state: PostState) -> None:
    """A correction of the first post that goes elsewhere, for this network had refused the post."""
    await hand.desk.approve(2, NEWER, corrects=1, correction={"number": 1, "line": LINE, "lead": "Correction:"})
    async with hand.desk.database.transaction() as session:
        made = (await session.exec(select(Post).where(Post.number == 2))).one()
        if state is PostState.WITHDRAWN:
            await POSTS.move(session, made, state)
        else:
            await session.exec(update(Post).where(col(Post.id) == made.id).values(state=state))


@pytest.mark.parametrize("state", [PostState.WAITING, PostState.SENT_BACK, PostState.RELEASED])
async def test_a_card_of_trouble_no_longer_sends_words_that_have_been_corrected(hand: Hand, state: PostState) -> None:
    hand.network.faults = [Fault.REFUSED]
    await hand.desk.approve(1, FIRST)
    await hand.desk.run(1)
    assert await hand.labels() == ["Try again", "Skip"]
    await corrected(hand, state)
    assert await hand.labels() == ["Skip"]
    with pytest.raises(NotAllowed, match=r"trouble\.corrected"):
        await hand.tap("again")
    await hand.tap("skip")
    assert (await hand.desk.states())[0] is DeliveryState.CANCELLED


async def test_words_whose_correction_was_dropped_can_be_sent_again(hand: Hand) -> None:
    hand.network.faults = [Fault.REFUSED]
    await hand.desk.approve(1, FIRST)
    await hand.desk.run(1)
    await corrected(hand, PostState.WITHDRAWN)
    await hand.tap("again")
    assert (await hand.desk.states())[0] is DeliveryState.DUE
