"""How alembic finds our tables. DBOS's own tables in the same database are left alone."""

import importlib
import pkgutil

from alembic import context
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import bot
import moderation
import shifts

for package in (shifts, moderation, bot):
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not module.ispkg and not module.name.startswith("bot.cli"):
            importlib.import_module(module.name)

metadata = SQLModel.metadata


def ours(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:
    """Tables that are in the database and not in our metadata belong to somebody else."""
    return kind != "table" or not reflected or name in metadata.tables


engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        include_object=ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
