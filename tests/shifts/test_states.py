"""The shift machine: its picture, and every order in which people may use it."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts import roster
from shifts import shift as shifts_shift
from shifts.database import Database
from shifts.officer import Officer, Role
from shifts.refusal import Refusal
from shifts.shift import SHIFT_MOVES, Duty, Shift, ShiftState
from shifts.state import NoSuchMove
from shifts.timeline import Change
from tests.shifts.crew import NOW, enrol, planned, somebody

Answer = TypeVar("Answer")
Lead = Callable[[AsyncSession, Shift, Officer, Any], Awaitable[Shift]]

DOCS = Path(__file__).parents[2] / "docs" / "states.md"

ROLES = {
    "lima-1": Role.OFFICER,
    "lima-2": Role.OFFICER,
    "sergeant-1": Role.SERGEANT,
    "inspector-1": Role.INSPECTOR,
    "control-1": Role.CONTROL,
}
TABLES = [
    SQLModel.metadata.tables[name] for name in ("officer", "account", "invitation", "shift", "duty", "timeline_change")
]

people = st.sampled_from(sorted(ROLES))
shifts = st.integers(min_value=0, max_value=1)


def pictured(heading: str) -> set[tuple[str, str]]:
    """The arrows of the diagram under a heading of docs/states.md."""
    section = DOCS.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\s*(\[\*\]|\w+) --> (\w+)", section, re.MULTILINE))


def test_the_picture_of_a_shift_shows_the_moves_that_there_are() -> None:
    moves = {(before.value, after.value) for before, afters in SHIFT_MOVES.moves.items() for after in afters}
    assert pictured("Shift") == moves | {("[*]", SHIFT_MOVES.first.value)}


@pytest.mark.parametrize("before", list(ShiftState))
@pytest.mark.parametrize("after", list(ShiftState))
async def test_a_shift_moves_along_the_arrows_alone(
    sqlite_database: Database, before: ShiftState, after: ShiftState
) -> None:
    async with sqlite_database.transaction() as session:
        shift = await planned(session)
        shift.state = before
        await session.flush()
        if after in SHIFT_MOVES.moves[before]:
            await SHIFT_MOVES.move(session, shift, after)
            assert shift.state is after
            return
        with pytest.raises(NoSuchMove):
            await SHIFT_MOVES.move(session, shift, after)
        assert shift.state is before


class Night(RuleBasedStateMachine):
    """Two shifts and five people who press everything in any order, against a model that fits on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = Database("sqlite+aiosqlite:///:memory:")
        self.now = NOW
        self.states = [ShiftState.PLANNED, ShiftState.PLANNED]
        self.duties: dict[str, int] = {}
        self.revoked: set[str] = set()
        self.moves = 0
        self.ids = self.run(self.start())

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.database.close())
        self.runner.close()

    async def start(self) -> list[int]:
        async with self.database.engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all, tables=TABLES)
        async with self.database.transaction() as session:
            await enrol(session, *(somebody(name, role) for name, role in ROLES.items()))
            return [(await planned(session, hours=hours)).number for hours in (4, 8)]

    def over(self, which: int) -> bool:
        return self.now >= NOW + timedelta(hours=(4, 8)[which])

    def running(self, which: int) -> bool:
        return self.states[which] in {ShiftState.LIVE, ShiftState.FROZEN} and not self.over(which)

    def may(self, who: str, *roles: Role) -> bool:
        return who not in self.revoked and ROLES[who] in roles

    async def act(self, which: int, who: str, move: Lead) -> bool:
        async with self.database.transaction() as session:
            shift = await session.get_one(Shift, self.ids[which])
            person = await session.get_one(Officer, who)
            try:
                await move(session, shift, person, self.now)
            except Refusal:
                return False
        return True

    def moved(self, which: int, to: ShiftState) -> None:
        self.states[which] = to
        self.moves += 1

    @rule(which=shifts, who=people)
    def open(self, which: int, who: str) -> None:
        may = self.may(who, Role.SERGEANT, Role.INSPECTOR)
        expected = may and self.states[which] is ShiftState.PLANNED and not self.over(which)
        assert self.run(self.act(which, who, shifts_shift.open_shift)) is expected
        if expected:
            self.moved(which, ShiftState.LIVE)
            self.duties[who] = which

    @rule(which=shifts, who=people)
    def freeze(self, which: int, who: str) -> None:
        expected = self.may(who, Role.SERGEANT, Role.INSPECTOR) and self.states[which] is ShiftState.LIVE
        assert self.run(self.act(which, who, shifts_shift.freeze)) is expected
        if expected:
            self.moved(which, ShiftState.FROZEN)

    @rule(which=shifts, who=people)
    def resume(self, which: int, who: str) -> None:
        expected = self.may(who, Role.INSPECTOR) and self.states[which] is ShiftState.FROZEN
        assert self.run(self.act(which, who, shifts_shift.resume)) is expected
        if expected:
            self.moved(which, ShiftState.LIVE)

    @rule(which=shifts, who=people)
    def close(self, which: int, who: str) -> None:
        may = self.may(who, Role.SERGEANT, Role.INSPECTOR)
        expected = may and self.states[which] in {ShiftState.LIVE, ShiftState.FROZEN}
        assert self.run(self.act(which, who, shifts_shift.close)) is expected
        if expected:
            self.ended(which)

    def ended(self, which: int) -> None:
        self.moved(which, ShiftState.ENDED)
        self.duties = {who: on for who, on in self.duties.items() if on != which}

    @rule(which=shifts, who=people)
    def go_on(self, which: int, who: str) -> None:
        async def joining(session: AsyncSession, shift: Shift, person: Officer, now: Any) -> Shift:
            return await shifts_shift.join(session, person, shift, now)

        expected = who not in self.revoked and ROLES[who] is not Role.CONTROL and self.running(which)
        assert self.run(self.act(which, who, joining)) is expected
        if expected:
            self.duties[who] = which

    @rule(who=people)
    def go_off(self, who: str) -> None:
        async def leaving() -> int | None:
            async with self.database.transaction() as session:
                left = await shifts_shift.go_off(session, await session.get_one(Officer, who), self.now)
                return None if left is None else self.ids.index(left.number)

        assert self.run(leaving()) == self.duties.pop(who, None)

    @precondition(lambda self: len(self.revoked) < 2)
    @rule(who=people)
    def revoke(self, who: str) -> None:
        async def revoking() -> None:
            async with self.database.transaction() as session:
                await roster.revoke(session, who, self.now)

        self.run(revoking())
        self.revoked.add(who)
        self.duties.pop(who, None)

    @rule(hours=st.integers(min_value=1, max_value=3))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def sweep(self) -> None:
        async def ending() -> list[int]:
            async with self.database.transaction() as session:
                due = await shifts_shift.ended_due(session, self.now)
                return [(await shifts_shift.end(session, shift, self.now)).number for shift in due]

        open_ones = {ShiftState.LIVE, ShiftState.FROZEN}
        expected = [which for which in (0, 1) if self.over(which) and self.states[which] in open_ones]
        assert [self.ids.index(number) for number in self.run(ending())] == expected
        for which in expected:
            self.ended(which)

    @invariant()
    def the_database_agrees_with_the_model(self) -> None:
        posting = {who: on for who, on in self.duties.items() if self.running(on)}
        assert self.run(self.look()) == (self.states, self.duties, posting, self.moves)

    async def look(self) -> tuple[list[ShiftState], dict[str, int], dict[str, int], int]:
        """The shifts' states, who is on which, who may post on which, and how often the public was told."""
        async with self.database.reading() as session:
            stored = (await session.exec(select(Shift).order_by(col(Shift.id)))).all()
            on = (await session.exec(select(Duty).where(col(Duty.off_at).is_(None)))).all()
            assert len({duty.officer_id for duty in on}) == len(on)
            duties = {duty.officer_id: self.ids.index(duty.shift_id) for duty in on}
            posting = {who: shift async for who, shift in self.posting(session)}
            told = len((await session.exec(select(Change))).all())
        return [one.state for one in stored], duties, posting, told

    async def posting(self, session: AsyncSession) -> AsyncIterator[tuple[str, int]]:
        for person in (await session.exec(select(Officer))).all():
            try:
                shift = await shifts_shift.may_post(session, person, self.now)
            except shifts_shift.MayNotPost:
                continue
            yield person.id, self.ids.index(shift.number)


TestNight = Night.TestCase
TestNight.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
