"""Whom the clock asks when nobody decides, and what stops it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.clock import Clock
from bot.outbox import Slot, SlotKind
from moderation import countdown, queue, waits
from moderation.post import Post, PostState, Wait
from shifts.database import Database
from shifts.officer import Account, Officer
from shifts.shift import Duty, Shift
from tests.bot.one_post import a_desk
from tests.moderation.test_queue import NOW, RED, a_waiting_post

HOLD = {**RED, "code": "hold", "verdict": "HOLD"}
PEOPLE = ("lima-3", "sergeant-1", "sergeant-2", "inspector-1")
Change = Callable[[AsyncSession, Post], Awaitable[None]]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


class Night:
    """One post that waits since NOW; sergeant-1 is on its shift, sergeant-2 stands by for its unit."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.desk = a_desk(database, folder)
        self.clock = Clock(database, self.desk, ZoneInfo("UTC"))

    async def begin(self, *reasons: dict[str, Any]) -> None:
        await a_waiting_post(self.database, *reasons)
        async with self.database.transaction() as session:
            for person in PEOPLE:
                session.add(Account(officer_id=person, app="a", account=person, chat=person, linked_at=NOW))
            (await session.get_one(Officer, "sergeant-2")).standby = ["lima"]
            (await session.get_one(Shift, 1)).ends_at = NOW + minutes(600)
            session.add(Duty(shift_id=1, officer_id="sergeant-1", on_at=NOW))
            countdown.begin(await queue.locked(session, 1), NOW)

    async def change(self, change: Change) -> None:
        async with self.database.transaction() as session:
            await change(session, await queue.locked(session, 1))

    async def told(self, at: float) -> set[tuple[str, str]]:
        """Who is told what when the clock looks, so many minutes after NOW."""
        before = await self._notices()
        await self.clock.tick(NOW + minutes(at))
        return {(slot.officer_id, slot.notice["words"]) for slot in await self._notices() if slot not in before}

    async def has_cards(self) -> set[str]:
        async with self.database.reading() as session:
            return set((await session.exec(select(Slot.officer_id).where(Slot.kind == SlotKind.DECIDER))).all())

    async def post(self) -> Post:
        async with self.database.reading() as session:
            return await session.get_one(Post, 1)

    async def _notices(self) -> list[Slot]:
        async with self.database.reading() as session:
            return list((await session.exec(select(Slot).where(Slot.kind == SlotKind.NOTICE))).all())


@pytest.fixture
def night(sqlite_database: Database, tmp_path: Path) -> Night:
    return Night(sqlite_database, tmp_path)


def of(words: str, *people: str) -> set[tuple[str, str]]:
    return {(person, f"clock.{words}") for person in people}


async def _guest(session: AsyncSession, post: Post) -> None:
    (await session.get_one(Officer, post.author_id)).unit = "mike"


async def test_standby_is_that_of_the_shift_not_of_its_author_and_is_asked_after_a_pause_too(night: Night) -> None:
    await night.begin()
    await night.change(_guest)
    assert await night.told(3) == of("reminder", "sergeant-1")
    assert await night.told(6) == of("standby", "sergeant-1", "sergeant-2")
    assert await night.told(11) == of("inspector", "sergeant-1", "sergeant-2", "inspector-1")


async def test_standby_has_a_card_although_the_clock_was_away_when_they_were_to_be_asked(night: Night) -> None:
    await night.begin()
    assert await night.told(12) == of("inspector", "sergeant-1", "sergeant-2", "inspector-1")
    assert await night.has_cards() == {"sergeant-1", "sergeant-2", "inspector-1"}


@pytest.mark.parametrize(
    ("lapsed", "asked"), [(("sergeant-1",), "sergeant-2"), (("sergeant-1", "sergeant-2"), "inspector-1")]
)
async def test_whose_accreditation_has_lapsed_is_passed_over(night: Night, lapsed: tuple[str, ...], asked: str) -> None:
    await night.begin()

    async def lapse(session: AsyncSession, post: Post) -> None:
        for person in lapsed:
            (await session.get_one(Officer, person)).accredited_until = NOW
        await night.desk.changed(session, post, NOW)

    await night.change(lapse)
    assert await night.has_cards() == {asked}
    assert await night.told(3) == of("reminder", asked)
    assert await night.told(11) == of("inspector", *{asked, "inspector-1"})
    assert await night.has_cards() == {asked, "inspector-1"}


async def test_what_still_waits_when_its_shift_ends_comes_to_an_inspector_at_once(night: Night) -> None:
    await night.begin()

    async def over(session: AsyncSession, post: Post) -> None:
        await night.desk.changed(session, post, NOW)
        (await session.get_one(Shift, 1)).ends_at = NOW + minutes(1)

    await night.change(over)
    assert await night.has_cards() == {"sergeant-1"}
    for _ in ("it ends", "it is handed over"):
        await night.clock.tick(NOW + minutes(1))
    assert await night.has_cards() == {"sergeant-1", "inspector-1"}
    assert await night.told(2) == of("reminder", "inspector-1")


async def _undone(session: AsyncSession, post: Post) -> None:
    post.state = PostState.APPROVED
    await session.flush()
    await queue.undo(session, post, await session.get_one(Officer, "sergeant-1"), NOW + minutes(20))


async def _sent_back_and_changed(session: AsyncSession, post: Post) -> None:
    await queue.send_back(session, post, await session.get_one(Officer, "sergeant-1"), "tone", None, NOW + minutes(19))
    await _changed(session, post)


async def _changed(session: AsyncSession, post: Post) -> None:
    await queue.new_words(session, post, "s2", post.author_id, NOW + minutes(20))
    await queue.prepared(session, post, "PASS", NOW + minutes(20))


async def _waits(session: AsyncSession, post: Post) -> None:
    until = NOW + minutes(90)
    await waits.wait_for_scene(session, post, await session.get_one(Officer, "sergeant-1"), until, NOW + minutes(15))
    await waits.clear_scene(session, post, post.author_id, NOW + minutes(20))


async def _has_an_embargo(session: AsyncSession, post: Post) -> None:
    leader = await session.get_one(Officer, "sergeant-1")
    await waits.embargo(session, post, leader, NOW + minutes(20), NOW + minutes(12))


@pytest.mark.parametrize("change", [_undone, _sent_back_and_changed, _changed, _waits, _has_an_embargo])
async def test_reminders_and_the_half_hour_begin_anew(night: Night, change: Change) -> None:
    await night.begin()
    assert await night.told(11) == of("inspector", "sergeant-1", "sergeant-2", "inspector-1")
    await night.change(change)
    assert [await night.told(at) for at in (21, 23, 26, 31)] == [
        set(),
        of("reminder", "sergeant-1"),
        of("standby", "sergeant-1", "sergeant-2"),
        of("inspector", "sergeant-1", "sergeant-2", "inspector-1"),
    ]
    assert await night.told(49) == set()
    assert await night.told(51) == of("expired", "lima-3")


async def test_who_asks_for_an_inspector_does_not_stop_the_reminders(night: Night) -> None:
    await night.begin()

    async def escalate(session: AsyncSession, post: Post) -> None:
        await queue.escalate(session, post, await session.get_one(Officer, "sergeant-1"), NOW)

    await night.change(escalate)
    assert await night.told(3) == of("reminder", "sergeant-1", "inspector-1")
    assert await night.told(6) == of("standby", "sergeant-1", "sergeant-2", "inspector-1")
    assert await night.told(31) == of("expired", "lima-3")


async def test_the_clock_stands_still_while_the_scene_of_new_words_is_not_clear(night: Night) -> None:
    await night.begin()

    async def tell_of_a_scene(session: AsyncSession, post: Post) -> None:
        await queue.new_words(session, post, "s2", "sergeant-1", NOW + minutes(1))
        post.wait, post.wait_until = Wait.SCENE, NOW + minutes(61)
        await queue.prepared(session, post, "PASS", NOW + minutes(1))

    await night.change(tell_of_a_scene)
    assert await night.told(59) == set()
    assert (await night.post()).state is PostState.WAITING
    await night.told(61)
    assert await night.told(64) == of("reminder", "sergeant-1")


async def test_a_held_post_is_reminded_of_and_does_not_expire_until_its_condition_is_met(night: Night) -> None:
    await night.begin(HOLD)
    assert await night.told(3) == of("reminder", "sergeant-1", "inspector-1")
    for at in (31, 200):
        await night.told(at)
    assert (await night.post()).state is PostState.WAITING

    async def met(session: AsyncSession, post: Post) -> None:
        await waits.condition_met(session, post, await session.get_one(Officer, "inspector-1"), NOW + minutes(201))

    await night.change(met)
    assert await night.told(204) == of("reminder", "sergeant-1", "inspector-1")
    assert await night.told(232) == of("expired", "lima-3")


async def test_nothing_expires_while_somebody_is_on_it(night: Night) -> None:
    await night.begin()

    async def claim(session: AsyncSession, post: Post) -> None:
        sergeant = await session.get_one(Officer, "sergeant-1")
        await queue.claim(session, post, sergeant, NOW + minutes(29), minutes(2))

    await night.change(claim)
    assert ("lima-3", "clock.expired") not in await night.told(30.5)
    assert ("lima-3", "clock.expired") in await night.told(31.5)


@pytest.mark.parametrize(("standby", "asked"), [(["lima"], "sergeant-2"), ([], "inspector-1")])
async def test_a_lone_sergeants_own_post_goes_to_standby_at_once_or_to_an_inspector(
    night: Night, standby: list[str], asked: str
) -> None:
    await night.begin()

    async def by_the_sergeant(session: AsyncSession, post: Post) -> None:
        post.author_id = "sergeant-1"
        (await session.get_one(Officer, "sergeant-2")).standby = standby
        await night.desk.changed(session, post, NOW)

    await night.change(by_the_sergeant)
    assert await night.has_cards() == {asked}
    assert await night.told(3) == of("reminder", asked)


async def _came(session: AsyncSession, first: Post, numbers: range) -> None:
    for number in numbers:
        told = first.model_dump(exclude={"id"}) | {"number": number, "state": PostState.WITHDRAWN}
        session.add(Post(**told))


async def test_help_is_called_above_twenty_posts_an_hour_for_each_who_decides(night: Night) -> None:
    await night.begin()

    async def two_decide(session: AsyncSession, post: Post) -> None:
        session.add(Duty(shift_id=1, officer_id="sergeant-2", on_at=NOW))
        await _came(session, post, range(2, 41))

    async def one_more(session: AsyncSession, post: Post) -> None:
        await _came(session, post, range(41, 42))

    await night.change(two_decide)
    assert await night.told(1) == set()
    await night.change(one_more)
    assert await night.told(1) == of("get_help", "sergeant-1", "sergeant-2", "inspector-1")
