"""Practice: a shift that never opens, for whoever learns. It is on no page, nobody decides there, nothing leaves it."""

from datetime import UTC, datetime
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.officer import Officer, hold
from shifts.refusal import Refusal
from shifts.shift import Duty, Shift, current_shift, end_duties

_NO_UNIT: Final = ""
_LONG_OVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A planned shift whose end has passed can be opened by nobody."""


class OnShift(Refusal):
    """Somebody who is on a real shift does not practise."""


async def begin(session: AsyncSession, person: Officer, now: datetime) -> Shift:
    """From now on what this person writes is practice; accreditation is not asked for. Raises OnShift."""
    held = await hold(session, person.id)
    here = await current_shift(session, held.id)
    if here is not None and here.running(now):
        raise OnShift("tutorial.on_shift")
    practice = await _shift(session)
    await end_duties(session, held.id, now)
    session.add(Duty(shift_id=practice.number, officer_id=held.id, on_at=now))
    await session.flush()
    return practice


async def practising(session: AsyncSession, person: Officer) -> Shift | None:
    """The practice shift, if this person is on it."""
    here = await current_shift(session, person.id)
    return here if here is not None and is_practice(here) else None


def is_practice(shift: Shift) -> bool:
    """Whether it is the shift on which people practise."""
    return shift.unit == _NO_UNIT


async def _shift(session: AsyncSession) -> Shift:
    found = await session.exec(select(Shift).where(Shift.unit == _NO_UNIT).order_by(col(Shift.id)))
    there = found.first()
    if there is None:
        there = Shift(unit=_NO_UNIT, name="-", starts_at=_LONG_OVER, ends_at=_LONG_OVER)
        session.add(there)
        await session.flush()
    return there
