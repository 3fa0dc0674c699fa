"""A PostgreSQL cluster in a temporary directory, all tables of the program, and where the browser is."""

import importlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from shifts.database import Database

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("bot", "moderation", "shifts")

CHROMIUM: Final = Path("/usr/bin/chromium")
CHROMIUM_OPTIONS: Final = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

TEMPLATE: Final = "with_tables"
TEMPLATE_WITH_ENGINE: Final = "with_engine"
# A test database may forget everything at power loss; it must be quick.
POSTGRES_OPTIONS: Final = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses='' "
    "-c shared_buffers=32MB -c max_connections=200 -c timezone=UTC -c wal_level=minimal -c max_wal_senders=0"
)


def create_tables(url: str) -> None:
    """Create every table of the program in a database, by a synchronous address."""
    import_tables()
    connections = create_engine(url)
    SQLModel.metadata.create_all(connections)
    connections.dispose()


def add_engine_tables(url: str) -> None:
    """Add the durable engine's own tables to a database, by the address that the program would use."""
    from bot import engine  # two seconds that most test runs can do without

    engine.migrate(Database(url))


def import_tables() -> None:
    """Import each module that defines a table, and no other: models for photos take seconds to load."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "table=True" in path.read_text("utf-8"):
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


@dataclass
class Cluster:
    """A running PostgreSQL that listens on a socket in `folder` only."""

    folder: Path
    binaries: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str, driver: str = "postgresql+psycopg") -> str:
        return f"{driver}://postgres@/{name}?host={self.folder}"

    @contextmanager
    def new_database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The address of a fresh database that holds the tables and no rows; it is dropped afterwards."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres", "postgresql"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def run(self, binary: str, *arguments: str) -> None:
        """Run a program of PostgreSQL, as the user `postgres` when we are root (it refuses root)."""
        command = [str(self.binaries / binary), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)

    def start(self) -> None:
        options = f"{POSTGRES_OPTIONS} -k {self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-D", str(self.folder / "data"), "-l", log, "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.folder / "data"))


@contextmanager
def start_cluster() -> Iterator[Cluster | None]:
    """A fresh cluster for as long as the context lasts; None where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        yield None
        return
    # Not under pytest's folder: the path of a Unix socket holds 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="patrol-", ignore_cleanup_errors=True) as name:
        cluster = Cluster(Path(name), binaries)
        if os.geteuid() == 0:
            os.chown(name, pwd.getpwnam("postgres").pw_uid, -1)
        cluster.run("initdb", "-D", f"{name}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        cluster.start()
        try:
            cluster.execute(f"CREATE DATABASE {TEMPLATE}")
            create_tables(cluster.url(TEMPLATE))
            yield cluster
        finally:
            cluster.stop()


def _binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: Debian keeps the newest server's off the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(folders[-1]) if folders else shutil.which("initdb")
    return Path(found).parent if found else None
