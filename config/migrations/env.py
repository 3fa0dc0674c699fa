"""How alembic finds our tables. DBOS's own tables in the same database are left alone."""

import importlib
from pathlib import Path

from alembic import context
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import bot
import moderation
import shifts

for package in (shifts, moderation, bot):
    folder = Path(package.__path__[0])
    for path in sorted(folder.rglob("*.py")):
        # Only what defines a table is imported: the others would load every library that there is.
        if "table=True" in path.read_text("utf-8"):
            name = path.relative_to(folder.parent).with_suffix("")
            importlib.import_module(".".join(name.parts))

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
