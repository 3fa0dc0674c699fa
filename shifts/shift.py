"""Shifts: planned, live, frozen, ended; and who is on one."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts import timeline
from shifts.database import by_value, index_where
from shifts.officer import LEADERS, SENIORS, WRITERS, Officer, Role, hold, officer
from shifts.refusal import Refusal
from shifts.state import Machine


class ShiftState(StrEnum):
    PLANNED = "planned"
    LIVE = "live"
    FROZEN = "frozen"
    ENDED = "ended"


OPEN: Final = (ShiftState.LIVE, ShiftState.FROZEN)
"""The states in which officers are on a shift. A frozen shift still receives."""


class Shift(SQLModel, table=True):
    """One shift of one unit. `name` is public ("Night B"). Times are aware UTC."""

    id: int | None = Field(default=None, primary_key=True)
    unit: str = Field(max_length=64, index=True)
    name: str = Field(max_length=80)
    state: ShiftState = Field(default=ShiftState.PLANNED, sa_type=by_value(ShiftState), index=True)
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime | None = None
    frozen_at: datetime | None = None
    ended_at: datetime | None = None
    opened_by: str | None = Field(default=None, max_length=64)
    handed_over: bool = False

    @property
    def number(self) -> int:
        """The id of a shift that is in the database."""
        if self.id is None:
            raise LookupError("this shift is not in the database yet")
        return self.id

    def running(self, now: datetime) -> bool:
        """Whether officers may be on it: live or frozen, and not past its end."""
        return self.state in OPEN and now < self.ends_at


class Duty(SQLModel, table=True):
    """An officer is (or was) on a shift; `off_at` is None while the officer is on, which is on one shift at a time."""

    __table_args__ = (index_where("uq_duty_on", "officer_id", unique=True, rows="off_at IS NULL"),)

    id: int | None = Field(default=None, primary_key=True)
    shift_id: int = Field(foreign_key="shift.id", index=True)
    officer_id: str = Field(max_length=64, index=True)
    on_at: datetime
    off_at: datetime | None = None


SHIFT_MOVES: Final = Machine(
    "shift",
    Shift,
    ShiftState.PLANNED,
    {
        ShiftState.PLANNED: frozenset({ShiftState.LIVE}),
        ShiftState.LIVE: frozenset({ShiftState.FROZEN, ShiftState.ENDED}),
        ShiftState.FROZEN: frozenset({ShiftState.LIVE, ShiftState.ENDED}),
        ShiftState.ENDED: frozenset(),
    },
)


class ShiftRefused(Refusal):
    """The shift cannot do that now: it is in another state, past its end, or its times make no sense."""


class MayNotLead(Refusal):
    """This person may not open, close, freeze or resume a shift."""


class MayNotGoOn(Refusal):
    """This person cannot go on a shift now."""


class MayNotPost(Refusal):
    """This person cannot post now."""


class MayNotDecide(Refusal):
    """This person may not decide about posts of this shift now."""


class ChooseShift(Refusal):
    """Several shifts could be meant, or only another unit's: ask which, then `join` it."""

    def __init__(self, choices: list[Shift]) -> None:
        super().__init__("shift.choose")
        self.choices = choices


async def plan(
    session: AsyncSession, unit: str, name: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> Shift:
    """Put a shift on the plan. Raises ShiftRefused if it ends before it starts, or before now."""
    if ends_at <= starts_at or ends_at <= now:
        raise ShiftRefused("shift.times")
    shift = Shift(unit=unit, name=name, starts_at=starts_at, ends_at=ends_at)
    session.add(shift)
    await session.flush()
    return shift


async def open_shift(session: AsyncSession, shift: Shift, by: Officer, now: datetime) -> Shift:
    """Make a planned shift live; who opens it is on it. Raises MayNotLead, ShiftRefused."""
    leader = await hold(session, by.id)
    _must_lead(leader, now)
    if shift.ends_at <= now:
        raise ShiftRefused("shift.is_ended")
    opened = await _move(
        session, shift, (ShiftState.PLANNED,), ShiftState.LIVE, now, opened_at=now, opened_by=leader.id
    )
    return await join(session, leader, opened, now)


async def close(session: AsyncSession, shift: Shift, by: Officer, now: datetime) -> Shift:
    """End a shift because somebody says so; everybody on it is off. Raises MayNotLead, ShiftRefused."""
    _must_lead(await officer(session, by.id), now)
    return await end(session, shift, now)


async def end(session: AsyncSession, shift: Shift, now: datetime) -> Shift:
    """End a shift because its time is over; everybody on it is off. Raises ShiftRefused.

    A freeze outlives the shift: what it holds stays held until somebody senior resumes."""
    ended = await _move(session, shift, OPEN, ShiftState.ENDED, now, ended_at=now)
    on_it = update(Duty).where(col(Duty.shift_id) == ended.number, col(Duty.off_at).is_(None))
    await session.exec(on_it.values(off_at=now))
    return ended


async def freeze(session: AsyncSession, shift: Shift, by: Officer, now: datetime) -> Shift:
    """Stop every delivery of a shift; it still receives. Raises MayNotLead, ShiftRefused.

    A lapsed accreditation is no reason to refuse: a freeze only ever stops things."""
    _must_be_one_of(await officer(session, by.id), LEADERS, "shift.only_leaders")
    return await _move(session, shift, (ShiftState.LIVE,), ShiftState.FROZEN, now, frozen_at=now)


async def resume(session: AsyncSession, shift: Shift, by: Officer, now: datetime) -> Shift:
    """Lift a freeze, which an inspector or the press office does. Raises MayNotLead, ShiftRefused."""
    senior = await officer(session, by.id)
    _must_be_one_of(senior, SENIORS, "shift.only_seniors")
    _must_lead(senior, now)
    held = await session.get_one(Shift, shift.number, populate_existing=True, with_for_update={"key_share": True})
    if held.state is ShiftState.ENDED and held.frozen_at is not None:
        held.frozen_at = None
        await session.flush()
        await timeline.shift_changed(session, held.number, now)
        return held
    return await _move(session, shift, (ShiftState.FROZEN,), ShiftState.LIVE, now, frozen_at=None)


async def joinable(session: AsyncSession, person: Officer, now: datetime) -> list[Shift]:
    """The running shifts of the person's unit; if there are none, every running shift. The earliest first."""
    running = [shift for shift in await live_shifts(session) if shift.running(now)]
    return [shift for shift in running if shift.unit == person.unit] or running


async def go_on(session: AsyncSession, person: Officer, now: datetime) -> Shift:
    """Put an officer on the one running shift of their unit; who is on a shift already stays there.

    Raises ChooseShift if that shift is not plain, MayNotGoOn."""
    here = await current_shift(session, person.id)
    if here is not None and here.running(now):
        return here
    _must_be_fit(person, now)
    choices = await joinable(session, person, now)
    if not choices:
        raise MayNotGoOn("shift.none_live")
    if len(choices) > 1 or choices[0].unit != person.unit:
        raise ChooseShift(choices)
    return await join(session, person, choices[0], now)


async def join(session: AsyncSession, person: Officer, shift: Shift, now: datetime) -> Shift:
    """Put an officer on this shift, and off any other. Raises MayNotGoOn, ShiftRefused."""
    held = await hold(session, person.id)
    _must_be_fit(held, now)
    # Shared with other joiners, against whoever ends the shift meanwhile: nobody stays on an ended shift.
    joined = await session.get_one(Shift, shift.number, populate_existing=True, with_for_update={"read": True})
    _must_run(joined, now)
    here = await current_shift(session, held.id)
    if here is None or here.id != joined.id:
        await end_duties(session, held.id, now)
        session.add(Duty(shift_id=joined.number, officer_id=held.id, on_at=now))
        await session.flush()
    return joined


async def go_off(session: AsyncSession, person: Officer, now: datetime) -> Shift | None:
    """Take an officer off. Gives the shift that they left, None if they were on none."""
    held = await hold(session, person.id)
    left = await current_shift(session, held.id)
    await end_duties(session, held.id, now)
    return left


async def end_duties(session: AsyncSession, officer_id: str, now: datetime) -> None:
    """Take an officer off whatever shift they are on."""
    on = update(Duty).where(col(Duty.officer_id) == officer_id, col(Duty.off_at).is_(None))
    await session.exec(on.values(off_at=now))


async def current_shift(session: AsyncSession, officer_id: str) -> Shift | None:
    """The shift that an officer is on."""
    statement = (
        select(Shift)
        .join(Duty, col(Duty.shift_id) == col(Shift.id))
        .where(col(Duty.officer_id) == officer_id, col(Duty.off_at).is_(None))
    )
    return (await session.exec(statement)).first()


async def on_duty(session: AsyncSession, shift_id: int, role: Role | None = None) -> list[Officer]:
    """Who is on a shift and may act, by call-sign; with a role, only who has it."""
    statement = (
        select(Officer)
        .join(Duty, col(Duty.officer_id) == col(Officer.id))
        .where(col(Duty.shift_id) == shift_id, col(Duty.off_at).is_(None))
        .order_by(col(Officer.call_sign))
    )
    there = (await session.exec(statement)).all()
    return [person for person in there if person.active and (role is None or person.has(role))]


async def live_shifts(session: AsyncSession) -> list[Shift]:
    """Every live or frozen shift, the earliest first."""
    statement = select(Shift).where(col(Shift.state).in_(OPEN)).order_by(col(Shift.starts_at), col(Shift.id))
    return list((await session.exec(statement)).all())


async def ended_frozen(session: AsyncSession) -> list[Shift]:
    """Shifts that ended while they were frozen: what the freeze holds is held until somebody senior resumes."""
    statement = select(Shift).where(col(Shift.state) == ShiftState.ENDED, col(Shift.frozen_at).is_not(None))
    return list((await session.exec(statement)).all())


async def coming(session: AsyncSession, now: datetime) -> list[Shift]:
    """Every planned shift that can still be opened, the earliest first."""
    statement = (
        select(Shift)
        .where(col(Shift.state) == ShiftState.PLANNED, col(Shift.ends_at) > now)
        .order_by(col(Shift.starts_at), col(Shift.id))
    )
    return list((await session.exec(statement)).all())


async def ended_due(session: AsyncSession, now: datetime) -> list[Shift]:
    """The live and frozen shifts whose time is over, to be ended."""
    return [shift for shift in await live_shifts(session) if shift.ends_at <= now]


async def may_post(session: AsyncSession, person: Officer, now: datetime) -> Shift:
    """The shift that a post of this person belongs to; a frozen one still receives. Raises MayNotPost."""
    author = await officer(session, person.id)
    duty = await _latest_duty(session, author.id)
    shift = None if duty is None else await session.get_one(Shift, duty.shift_id, populate_existing=True)
    sentence = why_not_post(author, duty, shift, now)
    if sentence is not None or shift is None:
        raise MayNotPost(sentence or "shift.off")
    return shift


def why_not_post(author: Officer, duty: Duty | None, shift: Shift | None, now: datetime) -> str | None:
    """The sentence that tells an author why not; `duty` is their latest, on `shift`. None: they may."""
    if not author.active:
        return "roster.not_enrolled"
    if not author.has(*WRITERS):
        return "shift.only_writers"
    if not author.accredited(now):
        return "shift.lapsed"
    if duty is None or shift is None:
        return "shift.off"
    if not shift.running(now) and duty.off_at in (None, shift.ended_at):
        return "shift.over"
    return None if duty.off_at is None else "shift.off"


async def may_decide(session: AsyncSession, person: Officer, shift: Shift, now: datetime) -> None:
    """Whether this person may decide about posts of a shift. Raises MayNotDecide."""
    decider = await officer(session, person.id)
    here = await current_shift(session, decider.id)
    meant = await session.get_one(Shift, shift.number, populate_existing=True)
    sentence = why_not_decide(decider, meant, here is not None and here.id == meant.id, now)
    if sentence is not None:
        raise MayNotDecide(sentence)


def why_not_decide(decider: Officer, shift: Shift, on_it: bool, now: datetime) -> str | None:
    """The sentence that tells somebody why they may not decide; None: they may.

    A sergeant decides on the shift that they are on or stand by for; an inspector or the press office on any."""
    if not decider.active:
        return "roster.not_enrolled"
    if not decider.has(*LEADERS):
        return "shift.only_deciders"
    if not decider.accredited(now):
        return "shift.lapsed_decider"
    if decider.has(*SENIORS) or on_it or (shift.state in OPEN and shift.unit in decider.standby):
        return None
    return "shift.decider_off"


async def _latest_duty(session: AsyncSession, officer_id: str) -> Duty | None:
    statement = (
        select(Duty)
        .where(col(Duty.officer_id) == officer_id)
        .order_by(col(Duty.off_at).is_(None).desc(), col(Duty.id).desc())
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()


async def _move(
    session: AsyncSession, shift: Shift, before: tuple[ShiftState, ...], to: ShiftState, now: datetime, **values: Any
) -> Shift:
    """Move a shift and tell the public. Raises ShiftRefused with the state that it is in instead of `before`."""
    lock = {"key_share": True}
    moved = await session.get_one(Shift, shift.number, populate_existing=True, with_for_update=lock)
    if moved.state not in before:
        raise ShiftRefused(f"shift.is_{moved.state.value}")
    await SHIFT_MOVES.move(session, moved, to, **values)
    await timeline.shift_changed(session, moved.number, now)
    return moved


def _must_run(shift: Shift, now: datetime) -> None:
    if not shift.running(now):
        raise ShiftRefused("shift.is_planned" if shift.state is ShiftState.PLANNED else "shift.is_ended")


def _must_be_one_of(person: Officer, roles: tuple[Role, ...], sentence: str) -> None:
    if not person.active:
        raise MayNotLead("roster.not_enrolled")
    if not person.has(*roles):
        raise MayNotLead(sentence)


def _must_lead(person: Officer, now: datetime) -> None:
    _must_be_one_of(person, LEADERS, "shift.only_leaders")
    if not person.accredited(now):
        raise MayNotLead("shift.lapsed_leader")


def _must_be_fit(person: Officer, now: datetime) -> None:
    if not person.active:
        raise MayNotGoOn("roster.not_enrolled")
    if not person.has(*WRITERS):
        raise MayNotGoOn("shift.only_writers")
    if not person.accredited(now):
        raise MayNotGoOn("shift.lapsed")
