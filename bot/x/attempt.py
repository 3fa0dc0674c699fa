"""Attempts: which post of ours became which post on X. X keeps no key of ours, so we keep the key ourselves."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.network import Refused
from bot.x.budget import Budget
from shifts.database import Database


class XAttempt(SQLModel, table=True):
    """One release that was, or may have been, posted. `night` and `micros` are what its post took from the budget,
    `extras` what is reserved for alt texts that X has not charged yet.

    Without `published_id` nobody knows whether it is there."""

    __tablename__ = "x_attempt"

    key: str = Field(primary_key=True, max_length=64)
    tried_at: datetime
    night: str = Field(max_length=10)
    micros: int = Field(sa_type=BigInteger)
    extras: int = Field(default=0, sa_type=BigInteger)
    published_id: str | None = Field(default=None, max_length=32, index=True)


class Attempts:
    """The rows. A row is committed before the call that may publish, and goes only when that surely did not."""

    def __init__(self, database: Database, budget: Budget, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._budget = budget
        self._clock = clock

    async def of(self, key: str) -> XAttempt | None:
        async with self._database.reading() as session:
            return await session.get(XAttempt, key)

    async def begin(self, key: str, post: int, extras: int) -> None:
        """Commit that it is going to be posted, and reserve what that costs (`extras` besides the post itself).

        An attempt before this one that was looked for and not found was not charged. Raises Refused."""
        async with self._database.transaction() as session:
            row = await session.get(XAttempt, key, with_for_update=True)
            if row is not None:
                await self._give_back(session, row)
            night = await self._budget.reserve(session, post + extras)
            if night is not None:
                row = row or XAttempt(key=key, tried_at=self._clock(), night=night, micros=post)
                row.night, row.micros, row.extras = night, post, extras
                session.add(row)
        if night is None:
            raise Refused("budget")

    async def charged(self, key: str, micros: int) -> None:
        """X took an alt text: so much of the reserve is spent, whatever becomes of the post."""
        async with self._database.transaction() as session:
            row = await session.get_one(XAttempt, key, with_for_update=True)
            row.extras = max(0, row.extras - micros)

    async def end(self, key: str, in_doubt: bool) -> None:
        """This one surely did not publish; give back what X has not charged. `in_doubt`: one before it may have."""
        async with self._database.transaction() as session:
            row = await session.get_one(XAttempt, key, with_for_update=True)
            await self._give_back(session, row)
            if not in_doubt:
                await session.delete(row)

    async def done(self, key: str, published_id: str) -> None:
        """It is there."""
        async with self._database.transaction() as session:
            row = await session.get(XAttempt, key, with_for_update=True)
            if row is None:
                now = self._clock()
                row = XAttempt(key=key, tried_at=now, night=self._budget.tariff.night(now), micros=0)
            row.published_id = published_id
            session.add(row)

    async def _give_back(self, session: AsyncSession, row: XAttempt) -> None:
        await self._budget.give_back(session, row.night, row.micros + row.extras)
        row.micros = row.extras = 0

    async def of_others(self, key: str, ids: list[str]) -> set[str]:
        """Which of these posts on X belong to another key."""
        async with self._database.reading() as session:
            statement = select(XAttempt.published_id).where(XAttempt.key != key, col(XAttempt.published_id).in_(ids))
            return {found for found in (await session.exec(statement)).all() if found}
