import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page
from sqlalchemy import func
from sqlmodel import select

from bot.engine import Engine, Lane
from shifts.database import Database
from shifts.shift import Shift
from tests.conftest import LEFT_OUT, MAY_BE_ABSENT, ROOT

START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)


async def test_a_row_comes_back_from_the_database_as_it_was_written(database: Database) -> None:
    shift = Shift(unit="lima", name="Night B", starts_at=START, ends_at=START + timedelta(hours=8))
    async with database.transaction() as session:
        session.add(shift)
    async with database.reading() as session:
        stored = (await session.exec(select(Shift))).one()
    assert (stored.name, stored.starts_at) == ("Night B", START)


async def test_every_test_gets_a_database_without_rows(database: Database) -> None:
    async with database.reading() as session:
        assert (await session.exec(select(func.count()).select_from(Shift))).one() == 0


async def test_the_engine_finds_its_tables(engine_database_url: str) -> None:
    database = Database(engine_database_url)
    engine = Engine(database)
    async with database.transaction() as session:
        await engine.enqueue(session, "prepare", Lane.WORDS, 1, key="prepare-1")
    assert await engine.forget(START + timedelta(days=36_500)) == 1
    await engine.close()
    await database.close()


async def test_the_browser_shows_a_page(browser_page: Page) -> None:
    await browser_page.set_content("<h1>Riverside tonight</h1>")
    assert await browser_page.get_by_role("heading").inner_text() == "Riverside tonight"


async def test_the_phone_is_as_narrow_as_a_phone(phone_page: Page) -> None:
    await phone_page.set_content("<meta name=viewport content='width=device-width'><p>Tonight</p>")
    assert await phone_page.evaluate("window.innerWidth") == 390


SKIPS = f"""
import pytest

def test_of_a_browser():
    pytest.skip("{LEFT_OUT}Chromium")

def test_that_somebody_put_off():
    pytest.skip("not today")

def test_of_a_sample():
    pytest.skip("{MAY_BE_ABSENT}")
"""


@pytest.mark.parametrize(
    ("ci", "outcome"),
    [("true", "2 failed, 1 skipped"), ("", "Left out: 1 tests that need Chromium; `make system` installs that.")],
)
def test_only_the_shared_samples_may_be_absent_on_ci(ci: str, outcome: str, tmp_path: Path) -> None:
    (tmp_path / "test_skips.py").write_text(SKIPS)
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert outcome in run.stdout
