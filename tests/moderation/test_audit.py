import asyncio

import pytest
from sqlalchemy import text

from moderation import audit
from moderation.audit import ChainBroken
from shifts.database import Database, utc_now


async def write(database: Database, count: int) -> None:
    for number in range(count):
        async with database.transaction() as session:
            await audit.record(session, utc_now(), "received", f"post {number}", "lima-3", kind="patrol")


async def verify(database: Database) -> int:
    async with database.reading() as session:
        return await audit.verify(session)


async def test_an_untouched_chain_is_whole(database: Database) -> None:
    assert await verify(database) == 0
    await write(database, 5)
    assert await verify(database) == 5


@pytest.mark.parametrize(
    ("tampering", "seq"),
    [
        ("UPDATE audit_entry SET actor = 'lima-4' WHERE seq = 3", 3),
        ("DELETE FROM audit_entry WHERE seq = 2", 2),
        ("DELETE FROM audit_entry WHERE seq = 5", 5),
        ("UPDATE audit_entry SET facts = '{}' WHERE seq = 4", 4),
    ],
)
async def test_whatever_is_changed_or_removed_afterwards_shows(database: Database, tampering: str, seq: int) -> None:
    await write(database, 5)
    async with database.transaction() as session:
        await (await session.connection()).execute(text(tampering))
    with pytest.raises(ChainBroken) as broken:
        await verify(database)
    assert broken.value.seq == seq


async def test_many_at_once_stand_in_one_line(database: Database) -> None:
    await asyncio.gather(*(write(database, 5) for _ in range(6)))
    assert await verify(database) == 30


async def fail_after_telling(database: Database) -> None:
    async with database.transaction() as session:
        await audit.record(session, utc_now(), "approved", "post 1", "sergeant-1")
        raise KeyError


async def test_what_is_rolled_back_was_never_told(database: Database) -> None:
    await write(database, 1)
    with pytest.raises(KeyError):
        await fail_after_telling(database)
    await write(database, 1)
    assert await verify(database) == 2
