from pathlib import Path

from alembic import command

from bot.migrating import configuration
from shifts.database import Database


async def test_the_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/patrol.db")
    migrations = configuration(database)
    command.upgrade(migrations, "head")
    command.check(migrations)
    await database.close()
