"""State machines: one table of moves each, and one compare-and-set that makes every move."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import update
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

State = TypeVar("State", bound=StrEnum)


class NoSuchMove(Exception):
    """The table of moves does not know this move: a mistake in the program."""


class AlreadyMoved(Exception):
    """Somebody else moved it first; look again before deciding anything."""

    def __init__(self, machine: str, row: object) -> None:
        super().__init__(f"{machine} {row} is no longer in the expected state")


@dataclass(frozen=True)
class Machine(Generic[State]):
    """What moves there are between the states of one table. Compared with docs/states.md by a test."""

    name: str
    table: type[SQLModel]
    first: State
    moves: Mapping[State, frozenset[State]]

    async def move(self, session: AsyncSession, row: Any, to: State, **values: Any) -> None:
        """Move `row` from the state it was read in to `to`, and set `values` with it.

        Raises NoSuchMove, and AlreadyMoved when the row is no longer in that state. `row` is changed to match."""
        await self.move_if(session, row, to, (), **values)

    async def move_if(
        self, session: AsyncSession, row: Any, to: State, conditions: tuple[Any, ...], **values: Any
    ) -> None:
        """The same, with further conditions on the row as it is in the database."""
        before: State = row.state
        if to not in self.moves.get(before, frozenset()):
            raise NoSuchMove(f"{self.name}: {before.value} to {to.value}")
        columns: Any = self.table
        statement = (
            update(self.table)
            .where(columns.id == row.id, columns.state == before, *conditions)
            .values(state=to, **values)
            .execution_options(synchronize_session=False)
        )
        result: Any = await session.exec(statement)
        if result.rowcount != 1:
            raise AlreadyMoved(self.name, row.id)
        await session.refresh(row)
