"""Who may post and who may decide, on which shift and until when."""

from datetime import datetime, timedelta

from shifts.database import Database
from shifts.officer import Officer, Role
from shifts.roster import revoke
from shifts.shift import (
    MayNotDecide,
    MayNotPost,
    Shift,
    close,
    end,
    freeze,
    go_off,
    go_on,
    may_decide,
    may_post,
)
from tests.shifts.crew import NOW, enrol, inspector, lima, opened, press, sergeant, somebody

HOUR = timedelta(hours=1)


async def refused_to_post(database: Database, person: Officer, now: datetime = NOW) -> str | None:
    async with database.reading() as session:
        try:
            await may_post(session, person, now)
        except MayNotPost as refused:
            return refused.sentence
    return None


async def test_a_post_is_taken_only_on_a_shift_and_the_officer_is_told_why_not(database: Database) -> None:
    person, leader = lima(), sergeant()
    async with database.transaction() as session:
        await enrol(session, person, leader)
    assert await refused_to_post(database, person) == "shift.off"
    async with database.transaction() as session:
        shift = await opened(session, leader)
    assert await refused_to_post(database, person) == "shift.off"
    async with database.transaction() as session:
        await go_on(session, person, NOW)
    assert await refused_to_post(database, person) is None
    async with database.transaction() as session:
        left = await go_off(session, person, NOW)
    assert left is not None
    assert left.id == shift.id
    assert await refused_to_post(database, person) == "shift.off"


async def test_a_frozen_shift_still_receives(database: Database) -> None:
    person, leader = lima(), sergeant()
    async with database.transaction() as session:
        await enrol(session, person, leader)
        shift = await opened(session, leader)
        await go_on(session, person, NOW)
        await freeze(session, shift, leader, NOW)
    assert await refused_to_post(database, person) is None


async def test_a_post_after_the_end_is_told_that_the_shift_is_over(database: Database) -> None:
    person, leader = lima(), sergeant()
    async with database.transaction() as session:
        await enrol(session, person, leader)
        shift = await opened(session, leader)
        await go_on(session, person, NOW)
    assert await refused_to_post(database, person, shift.ends_at) == "shift.over"
    async with database.transaction() as session:
        await close(session, shift, leader, NOW + HOUR)
    assert await refused_to_post(database, person, NOW + HOUR) == "shift.over"


async def test_an_accreditation_that_lapses_in_the_middle_of_a_shift_stops_posts(sqlite_database: Database) -> None:
    person, leader = somebody("lima-1", lapses=NOW + HOUR), sergeant()
    async with sqlite_database.transaction() as session:
        await enrol(session, person, leader)
        await opened(session, leader)
        await go_on(session, person, NOW)
    assert await refused_to_post(sqlite_database, person, NOW + HOUR - timedelta(seconds=1)) is None
    assert await refused_to_post(sqlite_database, person, NOW + HOUR) == "shift.lapsed"


async def test_a_revoked_officer_posts_nothing_with_what_the_program_still_holds(database: Database) -> None:
    person, leader = lima(), sergeant()
    async with database.transaction() as session:
        await enrol(session, person, leader)
        await opened(session, leader)
        await go_on(session, person, NOW)
    async with database.transaction() as session:
        await revoke(session, "lima-1", NOW)
    assert await refused_to_post(database, person) == "roster.not_enrolled"


async def refused_to_decide(database: Database, person: Officer, shift: Shift, now: datetime = NOW) -> str | None:
    async with database.reading() as session:
        try:
            await may_decide(session, person, shift, now)
        except MayNotDecide as refused:
            return refused.sentence
    return None


async def test_who_decides_is_on_the_shift_or_standby_or_senior(database: Database) -> None:
    people = {
        "on it": sergeant(),
        "off it": sergeant("sergeant-2"),
        "standby": somebody("sergeant-3", Role.SERGEANT, unit="mike", standby=("lima",)),
        "standby elsewhere": somebody("sergeant-4", Role.SERGEANT, standby=("mike",)),
        "inspector": inspector(),
        "press": press(),
        "officer on it": lima(),
        "control": somebody("control", Role.CONTROL),
    }
    async with database.transaction() as session:
        await enrol(session, *people.values())
        shift = await opened(session, people["on it"])
        await go_on(session, people["officer on it"], NOW)
    told = {who: await refused_to_decide(database, person, shift) for who, person in people.items()}
    assert told == {
        "on it": None,
        "off it": "shift.decider_off",
        "standby": None,
        "standby elsewhere": "shift.decider_off",
        "inspector": None,
        "press": None,
        "officer on it": "shift.only_deciders",
        "control": "shift.only_deciders",
    }


async def test_the_right_to_decide_ends_with_the_shift_the_accreditation_and_the_roster(database: Database) -> None:
    leader, senior = somebody("sergeant-1", Role.SERGEANT, lapses=NOW + HOUR), inspector()
    standing_by = somebody("sergeant-3", Role.SERGEANT, standby=("lima",))
    async with database.transaction() as session:
        await enrol(session, leader, senior, standing_by)
        shift = await opened(session, leader)
    assert await refused_to_decide(database, leader, shift) is None
    assert await refused_to_decide(database, leader, shift, NOW + HOUR) == "shift.lapsed_decider"
    async with database.transaction() as session:
        await end(session, shift, NOW)
    assert await refused_to_decide(database, leader, shift) == "shift.decider_off"
    assert await refused_to_decide(database, standing_by, shift) == "shift.decider_off"
    assert await refused_to_decide(database, senior, shift) is None
    async with database.transaction() as session:
        await revoke(session, senior.id, NOW)
    assert await refused_to_decide(database, senior, shift) == "roster.not_enrolled"
