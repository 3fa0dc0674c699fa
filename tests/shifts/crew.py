"""Invented officers and shifts for tests."""

from datetime import UTC, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from shifts import shift as shifts_shift
from shifts.officer import Officer, Role
from shifts.shift import Shift

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
LAPSES = datetime(2028, 1, 1, tzinfo=UTC)


def somebody(
    officer_id: str, *roles: Role, unit: str = "lima", lapses: datetime = LAPSES, standby: tuple[str, ...] = ()
) -> Officer:
    """An officer of the roster who is not in the database yet."""
    return Officer(
        id=officer_id,
        call_sign=officer_id.title(),
        name="Somebody Invented",
        unit=unit,
        roles=[role.value for role in roles or (Role.OFFICER,)],
        standby=list(standby),
        language="en",
        accredited_until=lapses,
    )


async def enrol(session: AsyncSession, *people: Officer) -> None:
    session.add_all(people)
    await session.flush()


async def planned(session: AsyncSession, unit: str = "lima", hours: int = 8) -> Shift:
    """A shift that could be opened now."""
    return await shifts_shift.plan(session, unit, "Night B", NOW, NOW + timedelta(hours=hours), NOW)


async def opened(session: AsyncSession, by: Officer, unit: str = "lima") -> Shift:
    """A live shift, and `by` on it."""
    return await shifts_shift.open_shift(session, await planned(session, unit), by, NOW)


def lima() -> Officer:
    return somebody("lima-1")


def sergeant(officer_id: str = "sergeant-1", unit: str = "lima") -> Officer:
    return somebody(officer_id, Role.SERGEANT, unit=unit)


def inspector() -> Officer:
    return somebody("inspector-1", Role.INSPECTOR, unit="headquarters")


def press() -> Officer:
    return somebody("press-1", Role.PRESS, unit="headquarters")
