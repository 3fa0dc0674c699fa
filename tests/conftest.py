"""What the tests stand on: both databases, a browser, the shared samples, and no silent gaps on CI."""

import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.async_api import Browser, Page, async_playwright

from bot.settings import share_the_cores
from shifts.database import Database
from tests.ground import (
    CHROMIUM,
    CHROMIUM_OPTIONS,
    TEMPLATE,
    TEMPLATE_WITH_ENGINE,
    Cluster,
    add_engine_tables,
    create_tables,
    start_cluster,
)

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

LEFT_OUT = "needs `make system`: "
"""How a skip begins when a Debian package is missing."""

MAY_BE_ABSENT = "../shared is absent"
"""The one reason for which a test may be left out on CI."""

ON_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# As the program does: two workers on two cores, each with threads that wait for each other, take ten times as long.
share_the_cores()

# Shared cores are slow at times: an example has no deadline, the test has. On CI the examples are the same each time.
settings.register_profile("patrol", deadline=None, derandomize=ON_CI, print_blob=True)
settings.load_profile("patrol")


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the tables and no rows; tests copy it."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL of our own, started once a worker; `new_database()` gives the address of a fresh one with tables."""
    with start_cluster() as cluster:
        if cluster is None:
            pytest.skip(f"{LEFT_OUT}PostgreSQL")
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with all tables, on SQLite and on PostgreSQL; for tests that start processes."""
    if request.param == "sqlite":
        path = tmp_path / "patrol.db"
        path.write_bytes(request.getfixturevalue("sqlite_with_tables").read_bytes())
        yield f"sqlite+aiosqlite:///{path}"
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    with cluster.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_with_engine(sqlite_with_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the engine's tables as well."""
    path = tmp_path_factory.mktemp("sqlite") / "with-engine.db"
    path.write_bytes(sqlite_with_tables.read_bytes())
    add_engine_tables(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_with_engine(postgresql: Cluster) -> str:
    """The name of a template that holds the engine's tables as well."""
    postgresql.execute(f"CREATE DATABASE {TEMPLATE_WITH_ENGINE} TEMPLATE {TEMPLATE}")
    add_engine_tables(postgresql.url(TEMPLATE_WITH_ENGINE))
    return TEMPLATE_WITH_ENGINE


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As database_url, with the durable engine's own tables: ready for the whole program to run on."""
    if request.param == "sqlite":
        path = tmp_path / "patrol.db"
        path.write_bytes(request.getfixturevalue("sqlite_with_engine").read_bytes())
        yield f"sqlite+aiosqlite:///{path}"
        return
    template: str = request.getfixturevalue("postgresql_with_engine")
    cluster: Cluster = request.getfixturevalue("postgresql")
    with cluster.new_database(template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database with all tables, once on SQLite and once on PostgreSQL."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_database(sqlite_with_tables: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh SQLite database with all tables, for tests that the other database would teach nothing."""
    path = tmp_path / "patrol.db"
    path.write_bytes(sqlite_with_tables.read_bytes())
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium of its own for this test; make as many contexts in it as there are people."""
    if not CHROMIUM.exists():
        pytest.skip(f"{LEFT_OUT}Chromium")
    async with _chromium() as started:
        yield started


@asynccontextmanager
async def _chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_OPTIONS))
        yield browser
        await browser.close()


@pytest.fixture
async def browser_page(browser: Browser) -> AsyncIterator[Page]:
    """A page the size of a laptop window; a script error on it fails the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert errors == []


@pytest.fixture
async def phone_page(browser: Browser) -> AsyncIterator[Page]:
    """A page the size of a phone, with touch; a script error on it fails the test."""
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True, is_mobile=True, locale="en-GB"
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert errors == []


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared samples beside the checkout; tests that read it may be left out, on CI too."""
    if not SHARED.is_dir():
        pytest.skip(MAY_BE_ABSENT)
    return SHARED


def _reason(report: pytest.TestReport) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI everything that can run must run: a skip is a failure there."""
    report = yield
    if ON_CI and report.skipped and not hasattr(report, "wasxfail") and MAY_BE_ABSENT not in _reason(report):
        report.outcome = "failed"
        report.longrepr = f"left out on CI: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was left out for want of Debian packages."""
    skipped = [_reason(report) for report in terminalreporter.stats.get("skipped", [])]
    missing = [reason.split(LEFT_OUT)[1] for reason in skipped if LEFT_OUT in reason]
    if missing:
        names = " and ".join(sorted(set(missing)))
        terminalreporter.write_line(f"Left out: {len(missing)} tests that need {names}; `make system` installs that.")
