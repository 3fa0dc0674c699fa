"""Migrations: our tables by alembic, then the durable engine's own."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from bot import engine
from bot.wiring import MIGRATIONS
from shifts.database import Database


def upgrade(database: Database) -> None:
    """Bring the database to what this version of the program expects. Blocks; for the command line."""
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(configuration(database), "head")
    engine.migrate(database)


def is_current(database: Database) -> bool:
    """Whether nothing is left to migrate."""
    connected = create_engine(_sync(database.url))
    try:
        with connected.connect() as connection:
            there = MigrationContext.configure(connection).get_current_revision()
    finally:
        connected.dispose()
    return there == ScriptDirectory.from_config(configuration(database)).get_current_head()


def configuration(database: Database) -> Config:
    """alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", _sync(database.url).replace("%", "%%"))
    return config


def _sync(url: URL) -> str:
    driver = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return url.set(drivername=driver).render_as_string(hide_password=False)
