"""Corrections on their way: after what they correct, once, and harmless when nobody knows whether they arrived."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import select

from bot import correcting, delivery
from bot.delivery import DeliveryState
from bot.network import Published, Refused, TryLater, Unclear
from moderation import queue
from moderation.post import POSTS, Post, PostState
from moderation.redaction import Redactor
from moderation.release import Release
from shifts.database import Database
from shifts.officer import Officer
from shifts.words import Words
from tests.bot.fault_network import Fault, FaultNetwork
from tests.bot.test_publishing import CONFIG, Desk, a_desk

FIRST, RIGHT, LINE = "It closes at ten.", "It closes at nine.", "The time was wrong."


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)


@dataclass
class Editing(FaultNetwork):
    """Words can be changed there; `edit_faults` are used up by calls of correct."""

    edit_faults: list[Fault] = field(default_factory=list)

    async def correct(self, published: Published, release: Release) -> Published:
        match self.edit_faults.pop(0) if self.edit_faults else Fault.NONE:
            case Fault.LATER:
                raise TryLater(0.0)
            case Fault.REFUSED:
                raise Refused("gone")
            case Fault.LOST_AFTER:
                self._change(published.id, release.text)
                raise Unclear
            case _:
                self._change(published.id, release.text)
        return published

    def _change(self, there: str, text: str) -> None:
        self.seen = [(key, text if key == there else old) for key, old in self.seen]


@pytest.fixture(params=["in place", "apart"])
async def desk(
    request: pytest.FixtureRequest, sqlite_database: Database, redactor: Redactor, tmp_path: Path
) -> AsyncIterator[Desk]:
    """A desk on a network that lets posts be changed, or on one that does not."""
    async with a_desk(sqlite_database, redactor, tmp_path) as desk:
        desk.network = Editing(limits=replace(desk.network.limits, edits=True)) if edits(request) else FaultNetwork()
        cast(dict[str, FaultNetwork], desk.publisher._networks)["far"] = desk.network
        yield desk


def edits(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "in place")


async def correct(desk: Desk, number: int = 2, text: str = RIGHT) -> None:
    told: dict[str, Any] = {"number": 1, "area": None, "line": LINE, "lead": "Correction:"}
    told["apart"] = [] if isinstance(desk.network, Editing) else ["far"]
    await desk.approve(number, text, corrects=1, correction=told)


def after(desk: Desk, text: str = RIGHT) -> list[str]:
    return [text] if isinstance(desk.network, Editing) else [FIRST, f"Correction: {text}"]


async def test_a_correction_comes_after_what_it_corrects_whatever_goes_wrong_before(desk: Desk) -> None:
    desk.network.faults = [Fault.LATER, Fault.LOST_AFTER]
    await desk.approve(1, FIRST)
    await correct(desk)
    await desk.run(8)
    assert desk.network.texts() == after(desk)
    assert await desk.states() == [DeliveryState.SENT] * 2


async def test_a_correction_whose_outcome_nobody_knows_is_there_once(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    desk.network.faults = [Fault.LOST_AFTER]
    if isinstance(desk.network, Editing):
        desk.network.edit_faults = [Fault.LATER, Fault.LOST_AFTER]
    await desk.run(8)
    assert desk.network.texts() == after(desk)
    assert await desk.states() == [DeliveryState.SENT] * 2


async def test_a_publisher_that_dies_over_a_correction_leaves_it_once(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    row = (await desk.rows())[1]
    assert await desk.publisher._intend(row.id or 0) is not None
    await desk.run(4)
    assert desk.network.texts() == after(desk)


async def test_nothing_is_corrected_that_the_network_never_took(desk: Desk) -> None:
    desk.network.faults = [Fault.REFUSED]
    await desk.approve(1, FIRST)
    await correct(desk)
    await desk.run(4)
    assert desk.network.texts() == []
    assert await desk.states() == [DeliveryState.REFUSED, DeliveryState.CANCELLED]


async def test_with_a_post_its_corrections_go_and_nothing_else_is_asked_for(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    await desk.run(2)
    keys = [row.key for row in await desk.rows()]
    await recall(desk)
    await desk.run(2)
    assert await desk.states() == [DeliveryState.RECALLED] * 2
    assert desk.network.withdrawn == (keys[:1] if isinstance(desk.network, Editing) else keys)


async def test_a_correction_of_a_recalled_post_never_leaves(desk: Desk) -> None:
    await desk.approve(1, FIRST)
    await desk.run(1)
    await correct(desk)
    await recall(desk)
    await desk.run(3)
    assert desk.network.texts() == [FIRST]
    assert await desk.states() == [DeliveryState.RECALLED, DeliveryState.CANCELLED]


async def recall(desk: Desk) -> None:
    now = desk.clock.now
    async with desk.database.transaction() as session:
        post = await queue.locked(session, (await session.exec(select(Post.id).where(Post.number == 1))).one() or 0)
        await POSTS.move(session, post, PostState.RECALLED)
        await delivery.recall(session, post, now)
        await correcting.recall(session, post, await session.get_one(Officer, "lima-3"), "wrong", now)
