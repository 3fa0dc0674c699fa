"""What X costs: prices, and a budget a night that no post can exceed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.database import Database

MICROS: Final = 1_000_000
"""Millionths of a dollar: sums of prices stay whole numbers."""


class XSpending(SQLModel, table=True):
    """What one night has cost so far, in millionths of a dollar: what is done, and what is on its way."""

    __tablename__ = "x_spending"

    night: str = Field(primary_key=True, max_length=10)
    micros: int = Field(default=0, sa_type=BigInteger)


class Spent(Exception):
    """Not enough is left of tonight's budget."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices in dollars, as X lists them, and what a night may cost. A night begins at `from_hour` (UTC).

    `post` and `link` are a post without and with a link in it; `alt` one alt text; `read` one post that is read, `user`
    one author; `delete` one withdrawal."""

    nightly: float = 5.0
    from_hour: float = 12
    post: float = 0.015
    link: float = 0.200
    alt: float = 0.005
    read: float = 0.001
    user: float = 0.010
    delete: float = 0.010

    def __post_init__(self) -> None:
        if any(getattr(self, field.name) < 0 for field in fields(self)) or self.from_hour >= 24:
            raise ValueError("prices and the budget are dollars from 0 up, from_hour an hour from 0 to 23")

    def night(self, now: datetime) -> str:
        """The night that a moment belongs to, by the day on which it begins."""
        return (now - timedelta(hours=self.from_hour)).date().isoformat()


class Budget:
    """Spending, one row a night. A post is refused, and a mention not read, when it would cost too much; looking and
    withdrawing never are."""

    def __init__(self, database: Database, tariff: Tariff, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self.tariff = tariff

    async def reserve(self, session: AsyncSession, micros: int) -> str | None:
        """Take from tonight's budget in the caller's transaction; gives the night, or None if not enough is left."""
        night = self.tariff.night(self._clock())
        most = micros_of(self.tariff.nightly)
        return night if await _add(session, night, micros, most) else None

    async def give_back(self, session: AsyncSession, night: str, micros: int) -> None:
        """What was reserved and not charged."""
        await _add(session, night, -micros, None)

    async def count(self, dollars: float) -> None:
        """Something that is charged and not refused."""
        if dollars:
            async with self._database.transaction() as session:
                await _add(session, self.tariff.night(self._clock()), micros_of(dollars), None)

    @asynccontextmanager
    async def at_most(self, micros: int) -> AsyncIterator[list[int]]:
        """Take from tonight's budget what a question may cost; what is not put into the list is given back.

        Raises Spent."""
        async with self._database.transaction() as session:
            night = await self.reserve(session, micros)
        if night is None:
            raise Spent
        bill: list[int] = []
        try:
            yield bill
        finally:
            async with self._database.transaction() as session:
                await self.give_back(session, night, micros - sum(bill))

    async def left(self) -> int:
        """What is left of tonight's budget, in millionths of a dollar."""
        async with self._database.reading() as session:
            row = await session.get(XSpending, self.tariff.night(self._clock()))
        return micros_of(self.tariff.nightly) - (row.micros if row else 0)


def micros_of(dollars: float) -> int:
    return round(dollars * MICROS)


async def _add(session: AsyncSession, night: str, micros: int, most: int | None) -> bool:
    """Add in one statement, so that no two processes can both take the last cent; False if it would exceed `most`."""
    await _open(session, night)
    change = update(XSpending).where(col(XSpending.night) == night)
    if most is not None:
        change = change.where(col(XSpending.micros) + micros <= most)
    done: Any = await session.exec(
        change.values(micros=col(XSpending.micros) + micros).execution_options(synchronize_session=False)
    )
    return bool(done.rowcount == 1)


async def _open(session: AsyncSession, night: str) -> None:
    """Make the night's row, unless it is there or another process makes it at this moment."""
    if await session.get(XSpending, night) is not None:
        return
    try:
        async with session.begin_nested():
            session.add(XSpending(night=night))
    except IntegrityError:
        return
