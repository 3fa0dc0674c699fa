"""Threads that do not get to their end: nothing of them outlives a recall, whatever came between."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from bot import delivery
from bot.delivery import DELIVERIES, DeliveryState
from bot.trouble import BY_HAND
from moderation.post import POSTS, Post, PostState
from moderation.redaction import Redactor
from shifts.database import Database
from shifts.officer import Officer
from shifts.shift import SHIFT_MOVES, Shift, ShiftState
from shifts.words import Words
from tests.bot.fault_network import LIMITS, Fault
from tests.bot.test_publishing import CONFIG, Desk, a_desk

TEXT = "One.\n\nTwo.\n\nThree."


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)


@pytest.fixture
async def desk(sqlite_database: Database, redactor: Redactor, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk on a network that threads."""
    async with a_desk(sqlite_database, redactor, tmp_path) as desk:
        threads(desk, True)
        yield desk


def threads(desk: Desk, allowed: bool) -> None:
    desk.network.limits = replace(LIMITS, threads=allowed)


async def recall(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        post = (await session.exec(select(Post))).one()
        await POSTS.move(session, post, PostState.RECALLED)
        await delivery.recall(session, post, desk.clock.now)


async def all_is_taken_back(desk: Desk, *pieces: str) -> None:
    await desk.run(3)
    assert desk.network.texts() == list(pieces)
    assert set(desk.network.withdrawn) == {key for key, _ in desk.network.seen}
    assert await desk.states() == [DeliveryState.RECALLED]


async def test_a_thread_that_was_given_up_is_taken_back_by_a_later_recall(desk: Desk) -> None:
    desk.network.faults = [Fault.NONE, Fault.NONE, Fault.REFUSED]
    await desk.approve(1, TEXT, thread=True)
    await desk.run(4)
    async with desk.database.transaction() as session:
        row = (await session.exec(select(delivery.Delivery))).one()
        await DELIVERIES.move(session, row, DeliveryState.CANCELLED)
    await recall(desk)
    await all_is_taken_back(desk, "One.", "Two.")


async def test_a_thread_that_may_not_go_on_is_taken_back_by_a_later_recall(desk: Desk) -> None:
    desk.network.faults = [Fault.NONE, Fault.LATER]
    await desk.approve(1, TEXT, thread=True)
    await desk.run(1)
    async with desk.database.transaction() as session:
        (await session.exec(select(Officer))).one().byline_ok = True
    await desk.run(1)
    assert await desk.states() == [DeliveryState.CANCELLED]
    await recall(desk)
    await all_is_taken_back(desk, "One.")


@pytest.mark.parametrize("outcome", [DeliveryState.REFUSED, DeliveryState.STUCK, DeliveryState.DUE])
@pytest.mark.parametrize("frozen", [False, True])
async def test_a_recall_during_a_call_takes_back_what_is_there_whatever_comes_of_the_call(
    desk: Desk, outcome: DeliveryState, frozen: bool
) -> None:
    desk.network.faults = [Fault.NONE, Fault.LATER]
    await desk.approve(1, TEXT, thread=True)
    await desk.run(1)
    desk.clock.on(seconds=61)
    step = await desk.publisher._intend((await desk.rows())[0].id or 0)
    assert step is not None
    await recall(desk)
    if frozen:
        await freeze(desk)
    await desk.publisher._outcome(step[0], outcome)
    await all_is_taken_back(desk, "One.")


async def freeze(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        shift = await session.get_one(Shift, 1)
        await SHIFT_MOVES.move(session, shift, ShiftState.FROZEN, frozen_at=desk.clock.now)


@pytest.mark.parametrize("fault", [Fault.LATER, Fault.LOST_AFTER])
async def test_a_network_that_threads_no_more_keeps_what_it_has_and_holds_up_nothing(desk: Desk, fault: Fault) -> None:
    desk.network.faults = [Fault.NONE, fault]
    await desk.approve(1, TEXT, thread=True)
    await desk.run(1)
    threads(desk, False)
    await desk.approve(2, "All quiet.")
    await desk.run(3)
    there = ["One.", "Two."] if fault is Fault.LOST_AFTER else ["One."]
    assert desk.network.texts() == [*there, "All quiet."]
    assert await desk.states() == [DeliveryState.SENT] * 2
    assert len((await desk.rows())[0].parts) == len(there)


async def test_a_piece_that_a_person_found_is_looked_for_by_its_own_words_and_taken_back(desk: Desk) -> None:
    desk.network.faults = [Fault.NONE, Fault.LOST_AFTER]
    await desk.approve(1, TEXT, thread=True)
    await desk.run(1)
    async with desk.database.transaction() as session:
        row = (await session.exec(select(delivery.Delivery))).one()
        await DELIVERIES.move(session, row, DeliveryState.SENT, reason=BY_HAND)
    await recall(desk)
    await all_is_taken_back(desk, "One.", "Two.")
