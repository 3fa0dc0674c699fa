import asyncio
from pathlib import Path

from sqlalchemy import text

from bot.engine import Engine, Lane
from shifts.database import Database


async def test_the_engine_starts_although_somebody_is_writing(sqlite_with_engine: Path, tmp_path: Path) -> None:
    """It starts within our loop: a write that has begun must be able to end before that."""
    path = tmp_path / "patrol.db"
    path.write_bytes(sqlite_with_engine.read_bytes())
    database = Database(f"sqlite+aiosqlite:///{path}")
    begun = asyncio.Event()

    async def write() -> None:
        async with database.transaction() as session:
            await (await session.connection()).execute(text("UPDATE post_counter SET number = number + 1"))
            begun.set()
            for _ in range(100):
                await asyncio.sleep(0.01)

    writing = asyncio.create_task(write())
    await begun.wait()
    async with Engine(database).working({}, [Lane.WORDS], "test"):
        assert writing.done()
    await writing
    await database.close()
