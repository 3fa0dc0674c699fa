"""Shifts: planned, live, frozen, ended; and who is on one."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from shifts.database import by_value


class ShiftState(StrEnum):
    PLANNED = "planned"
    LIVE = "live"
    FROZEN = "frozen"
    ENDED = "ended"


class Shift(SQLModel, table=True):
    """One shift of one unit. `name` is public ("Night B"). Times are aware UTC."""

    id: int | None = Field(default=None, primary_key=True)
    unit: str = Field(max_length=64, index=True)
    name: str = Field(max_length=80)
    state: ShiftState = Field(default=ShiftState.PLANNED, sa_type=by_value(ShiftState), index=True)  # type: ignore[call-overload]
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime | None = None
    frozen_at: datetime | None = None
    ended_at: datetime | None = None
    opened_by: str | None = Field(default=None, max_length=64)


class Duty(SQLModel, table=True):
    """An officer is (or was) on a shift; `off_at` is None while the officer is on."""

    id: int | None = Field(default=None, primary_key=True)
    shift_id: int = Field(foreign_key="shift.id", index=True)
    officer_id: str = Field(max_length=64, index=True)
    on_at: datetime
    off_at: datetime | None = None
