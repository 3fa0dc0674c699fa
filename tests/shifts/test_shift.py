"""Who opens, freezes and ends shifts, who goes on them, and who may post and decide."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlmodel import col, select

from shifts import shift as shifts_shift
from shifts.database import Database
from shifts.officer import Officer, Role
from shifts.refusal import Refusal
from shifts.roster import revoke
from shifts.shift import (
    ChooseShift,
    Duty,
    MayNotGoOn,
    MayNotLead,
    Shift,
    ShiftRefused,
    ShiftState,
    close,
    coming,
    current_shift,
    end,
    ended_due,
    freeze,
    go_off,
    go_on,
    join,
    live_shifts,
    may_post,
    on_duty,
    open_shift,
    plan,
    resume,
)
from shifts.timeline import Change, ChangeKind
from shifts.words import Words
from tests.shifts.crew import NOW, enrol, inspector, lima, opened, planned, sergeant, somebody

HOUR = timedelta(hours=1)


async def test_who_opens_a_shift_is_on_it(database: Database) -> None:
    async with database.transaction() as session:
        leader = sergeant()
        await enrol(session, leader)
        shift = await opened(session, leader)
        assert (shift.state, shift.opened_at, shift.opened_by) == (ShiftState.LIVE, NOW, "sergeant-1")
        here = await current_shift(session, "sergeant-1")
    assert here is not None
    assert here.id == shift.id


@pytest.mark.parametrize("role", list(Role))
async def test_only_sergeant_inspector_and_press_lead_a_shift(sqlite_database: Database, role: Role) -> None:
    may = role in {Role.SERGEANT, Role.INSPECTOR, Role.PRESS}
    async with sqlite_database.transaction() as session:
        person, leader = somebody("person", role), sergeant()
        await enrol(session, person, leader)
        for move in (open_shift, freeze, close):
            shift = await (planned(session) if move is open_shift else opened(session, leader))
            if may:
                await move(session, shift, person, NOW)
                continue
            with pytest.raises(MayNotLead) as refused:
                await move(session, shift, person, NOW)
            assert refused.value.sentence == "shift.only_leaders"


@pytest.mark.parametrize("role", list(Role))
async def test_only_inspector_and_press_lift_a_freeze(sqlite_database: Database, role: Role) -> None:
    async with sqlite_database.transaction() as session:
        person, leader = somebody("person", role), sergeant()
        await enrol(session, person, leader)
        shift = await freeze(session, await opened(session, leader), leader, NOW)
        if role in {Role.INSPECTOR, Role.PRESS}:
            assert (await resume(session, shift, person, NOW)).state is ShiftState.LIVE
            return
        with pytest.raises(MayNotLead) as refused:
            await resume(session, shift, person, NOW)
        assert refused.value.sentence == "shift.only_seniors"
        assert shift.state is ShiftState.FROZEN


async def test_opening_is_no_way_round_a_freeze(database: Database) -> None:
    async with database.transaction() as session:
        leader = sergeant()
        await enrol(session, leader)
        shift = await freeze(session, await opened(session, leader), leader, NOW)
        with pytest.raises(ShiftRefused) as refused:
            await open_shift(session, shift, leader, NOW)
        assert refused.value.sentence == "shift.is_frozen"
        assert shift.state is ShiftState.FROZEN


async def test_resuming_is_no_way_to_open(database: Database) -> None:
    async with database.transaction() as session:
        senior = inspector()
        await enrol(session, senior)
        with pytest.raises(ShiftRefused) as refused:
            await resume(session, await planned(session), senior, NOW)
        assert refused.value.sentence == "shift.is_planned"


async def test_a_lapsed_sergeant_can_still_freeze_but_nothing_else(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        lapsed, leader = somebody("lapsed", Role.SERGEANT, lapses=NOW), sergeant()
        await enrol(session, lapsed, leader)
        with pytest.raises(MayNotLead) as refused:
            await open_shift(session, await planned(session), lapsed, NOW)
        assert refused.value.sentence == "shift.lapsed_leader"
        frozen = await freeze(session, await opened(session, leader), lapsed, NOW)
        assert frozen.state is ShiftState.FROZEN
        with pytest.raises(MayNotLead):
            await close(session, frozen, lapsed, NOW)


async def test_a_revoked_sergeant_leads_nothing_with_what_they_still_hold(database: Database) -> None:
    async with database.transaction() as session:
        leader = sergeant()
        await enrol(session, leader)
        shift = await opened(session, leader)
    async with database.transaction() as session:
        await revoke(session, "sergeant-1", NOW)
    async with database.transaction() as session:
        for move in (freeze, close):
            with pytest.raises(MayNotLead) as refused:
                await move(session, shift, leader, NOW)
            assert refused.value.sentence == "roster.not_enrolled"


async def test_one_of_two_who_open_a_shift_at_once_opens_it(database: Database) -> None:
    people = [sergeant("sergeant-1"), sergeant("sergeant-2")]
    async with database.transaction() as session:
        await enrol(session, *people)
        shifts = [await planned(session) for _ in range(5)]

    async def opening(shift: Shift, person: Officer) -> str:
        async with database.transaction() as session:
            try:
                await open_shift(session, shift, person, NOW)
            except ShiftRefused as refused:
                return refused.sentence
        return person.id

    for shift in shifts:
        told = await asyncio.gather(*(opening(shift, person) for person in people))
        assert sorted(told)[1] == "shift.is_live"
        async with database.reading() as session:
            stored = await session.get_one(Shift, shift.number)
        assert stored.opened_by == sorted(told)[0]


async def test_one_of_two_who_freeze_at_once_is_told_that_it_is_frozen(database: Database) -> None:
    people = [sergeant("sergeant-1"), sergeant("sergeant-2")]
    async with database.transaction() as session:
        await enrol(session, *people)
        shift = await opened(session, people[0])

    async def freezing(person: Officer) -> str:
        async with database.transaction() as session:
            try:
                await freeze(session, shift, person, NOW)
            except ShiftRefused as refused:
                return refused.sentence
        return "froze"

    assert sorted(await asyncio.gather(*map(freezing, people))) == ["froze", "shift.is_frozen"]


async def test_nobody_stays_on_a_shift_that_ends_while_they_join(database: Database) -> None:
    people = [somebody(f"lima-{number}") for number in range(4)]
    leader = sergeant()
    async with database.transaction() as session:
        await enrol(session, leader, *people)

    async def joining(person: Officer, shift: Shift) -> str | None:
        async with database.transaction() as session:
            try:
                await join(session, person, shift, NOW)
            except ShiftRefused as refused:
                return refused.sentence
        return None

    async def ending(shift: Shift) -> None:
        async with database.transaction() as session:
            await end(session, shift, NOW)

    for _ in range(4):
        async with database.transaction() as session:
            shift = await opened(session, leader)
        joins = [joining(person, shift) for person in people]
        first, second, _, *others = await asyncio.gather(*joins[:2], ending(shift), *joins[2:])
        assert {first, second, *others} <= {None, "shift.is_ended"}
        async with database.reading() as session:
            assert (await session.exec(select(Duty).where(col(Duty.off_at).is_(None)))).all() == []


async def test_two_taps_on_on_at_once_put_an_officer_on_once(database: Database) -> None:
    person, leader = lima(), sergeant()
    async with database.transaction() as session:
        await enrol(session, person, leader)
        shift = await opened(session, leader)

    async def tapping() -> int | None:
        async with database.transaction() as session:
            return (await go_on(session, person, NOW)).id

    assert await asyncio.gather(*(tapping() for _ in range(4))) == [shift.id] * 4
    async with database.reading() as session:
        duties = (await session.exec(select(Duty).where(col(Duty.officer_id) == "lima-1"))).all()
    assert len(duties) == 1


async def test_everything_at_once_never_locks_up_and_leaves_nobody_on_an_ended_shift(database: Database) -> None:
    people = [lima(), somebody("lima-2"), sergeant("sergeant-1"), sergeant("sergeant-2"), inspector()]
    async with database.transaction() as session:
        await enrol(session, *people)
        shifts = [await planned(session) for _ in range(3)]

    async def acting(move: Callable[..., Awaitable[object]], *arguments: object) -> None:
        async with database.transaction() as session:
            with suppress(Refusal):
                await move(session, *arguments, NOW)

    for moves in ((open_shift, freeze), (resume, close), (open_shift, close)):
        work = [acting(move, shift, person) for move in moves for shift in shifts for person in people]
        work += [acting(join, person, shift) for person in people for shift in shifts]
        work += [acting(go_off, person) for person in people]
        work.append(acting(revoke, "lima-2"))
        Random(len(work)).shuffle(work)
        await asyncio.gather(*work)
    async with database.reading() as session:
        states = {shift.state for shift in (await session.exec(select(Shift))).all()}
        assert states == {ShiftState.ENDED}
        assert (await session.exec(select(Duty).where(col(Duty.off_at).is_(None)))).all() == []


async def test_a_shift_that_makes_no_sense_is_not_planned(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        for starts, ends in ((NOW, NOW), (NOW + HOUR, NOW), (NOW - 2 * HOUR, NOW - HOUR)):
            with pytest.raises(ShiftRefused) as refused:
                await plan(session, "lima", "Night B", starts, ends, NOW)
            assert refused.value.sentence == "shift.times"
        assert await coming(session, NOW) == []


async def test_a_planned_shift_can_be_opened_until_its_end(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        leader = sergeant()
        await enrol(session, leader)
        shift = await planned(session, hours=1)
        assert await coming(session, NOW + HOUR - timedelta(seconds=1)) == [shift]
        assert await coming(session, NOW + HOUR) == []
        with pytest.raises(ShiftRefused) as refused:
            await open_shift(session, shift, leader, NOW + HOUR)
        assert refused.value.sentence == "shift.is_ended"


async def test_on_joins_the_shift_of_ones_unit(database: Database) -> None:
    async with database.transaction() as session:
        person, leader, other = lima(), sergeant(), sergeant("mike-sergeant", unit="mike")
        await enrol(session, person, leader, other)
        mine = await opened(session, leader)
        await opened(session, other, unit="mike")
        assert (await go_on(session, person, NOW)).id == mine.id
        assert [one.id for one in await on_duty(session, mine.number)] == ["lima-1", "sergeant-1"]
        assert [one.id for one in await on_duty(session, mine.number, Role.SERGEANT)] == ["sergeant-1"]


async def test_on_asks_when_several_shifts_could_be_meant(database: Database) -> None:
    async with database.transaction() as session:
        person, first, second = lima(), sergeant("sergeant-1"), sergeant("sergeant-2")
        await enrol(session, person, first, second)
        both = [await opened(session, first), await opened(session, second)]
        with pytest.raises(ChooseShift) as asked:
            await go_on(session, person, NOW)
        assert asked.value.choices == both
        assert (await join(session, person, both[1], NOW)).id == both[1].id


async def test_on_asks_before_somebody_joins_another_units_shift(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        person, other = lima(), sergeant("mike-sergeant", unit="mike")
        await enrol(session, person, other)
        theirs = await opened(session, other, unit="mike")
        with pytest.raises(ChooseShift) as asked:
            await go_on(session, person, NOW)
        assert asked.value.choices == [theirs]


async def test_joining_another_shift_leaves_the_first(database: Database) -> None:
    async with database.transaction() as session:
        person, first, second = lima(), sergeant("sergeant-1"), sergeant("sergeant-2")
        await enrol(session, person, first, second)
        one, two = await opened(session, first), await opened(session, second)
        await join(session, person, one, NOW)
        await join(session, person, two, NOW + HOUR)
        assert [officer.id for officer in await on_duty(session, one.number)] == ["sergeant-1"]
        assert (await may_post(session, person, NOW + HOUR)).id == two.id


async def test_on_without_a_shift_says_so(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        person = lima()
        await enrol(session, person)
        await planned(session)
        with pytest.raises(MayNotGoOn) as refused:
            await go_on(session, person, NOW)
        assert refused.value.sentence == "shift.none_live"


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        (somebody("lapsed", lapses=NOW), "shift.lapsed"),
        (somebody("desk", Role.CONTROL), "shift.only_writers"),
        (somebody("tips", Role.TIPS, Role.RECORDS, Role.ADMIN), "shift.only_writers"),
    ],
)
async def test_who_could_not_post_does_not_go_on(sqlite_database: Database, person: Officer, sentence: str) -> None:
    async with sqlite_database.transaction() as session:
        leader, copy = sergeant(), person.model_copy()
        await enrol(session, leader, somebody(person.id, *map(Role, copy.roles), lapses=copy.accredited_until))
        await opened(session, leader)
        with pytest.raises(MayNotGoOn) as refused:
            await go_on(session, copy, NOW)
        assert refused.value.sentence == sentence
        assert await current_shift(session, copy.id) is None


async def test_a_shift_is_due_to_end_when_its_time_is_over_frozen_or_not(database: Database) -> None:
    async with database.transaction() as session:
        leader = sergeant()
        await enrol(session, leader)
        short = await open_shift(session, await planned(session, hours=1), leader, NOW)
        frozen = await open_shift(session, await planned(session, hours=1), leader, NOW)
        await freeze(session, frozen, leader, NOW)
        long = await open_shift(session, await planned(session, hours=8), leader, NOW)
        await planned(session, hours=1)
        assert await ended_due(session, NOW + HOUR - timedelta(seconds=1)) == []
        assert await ended_due(session, NOW + HOUR) == [short, frozen]
        for shift in (short, frozen):
            await end(session, shift, NOW + HOUR)
        assert await ended_due(session, NOW + HOUR) == []
        assert await live_shifts(session) == [long]


async def test_everybody_is_off_when_a_shift_ends(database: Database) -> None:
    async with database.transaction() as session:
        person, leader = lima(), sergeant()
        await enrol(session, person, leader)
        shift = await opened(session, leader)
        await go_on(session, person, NOW)
        ended = await close(session, shift, leader, NOW + HOUR)
        assert (ended.state, ended.ended_at) == (ShiftState.ENDED, NOW + HOUR)
        assert await on_duty(session, shift.number) == []
        assert await go_off(session, person, NOW + HOUR) is None


async def test_the_public_page_hears_of_every_change_and_of_no_plan(database: Database) -> None:
    async with database.transaction() as session:
        leader, senior = sergeant(), inspector()
        await enrol(session, leader, senior)
        shift = await planned(session)
        assert (await session.exec(select(Change))).all() == []
        await open_shift(session, shift, leader, NOW)
        await freeze(session, shift, leader, NOW + HOUR)
        await resume(session, shift, senior, NOW + 2 * HOUR)
        await close(session, shift, leader, NOW + 3 * HOUR)
        changes = (await session.exec(select(Change).order_by(col(Change.id)))).all()
    assert [(change.kind, change.shift_id, change.at) for change in changes] == [
        (ChangeKind.SHIFT, shift.id, NOW + hours * HOUR) for hours in range(4)
    ]


def test_every_refusal_has_its_sentence() -> None:
    folder = Path(shifts_shift.__file__).parent
    source = "".join(folder.joinpath(name).read_text("utf-8") for name in ("shift.py", "roster.py", "roster_file.py"))
    named = set(re.findall(r'"((?:shift|roster)\.[a-z_.]+)"', source)) - {"shift.id"}
    states = {f"shift.is_{state}" for state in ShiftState} | {f"shift.state.{state}" for state in ShiftState}
    assert len(named) > 15
    assert named | states <= Words.load(folder.parent / "config" / "languages").keys()
