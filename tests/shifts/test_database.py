import pytest
from sqlalchemy.exc import IntegrityError

from shifts.database import Database, utc_now
from shifts.shift import Shift, ShiftState


async def keep(database: Database) -> None:
    now = utc_now()
    words = {"unit": "lima", "name": "Maria Lopez", "state": ShiftState.PLANNED, "starts_at": now, "ends_at": now}
    async with database.transaction() as session:
        session.add(Shift.model_validate({"id": 1, **words}))


async def test_what_cannot_be_written_is_not_told_in_the_error(database: Database) -> None:
    """A statement that fails is named, never the words that it was to write."""
    await keep(database)
    with pytest.raises(IntegrityError) as caught:
        await keep(database)
    assert "INSERT INTO shift" in str(caught.value)
    assert "Maria" not in str(caught.value)
