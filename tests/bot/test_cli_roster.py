"""`tweetpatrol roster` and `tweetpatrol shift`, as somebody at a terminal meets them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.cli_roster import Office, OpenOffice, roster_commands, shift_commands
from shifts import roster
from shifts.database import Database, utc_now
from shifts.words import Words

CONFIG = Path(__file__).parents[2] / "config"
WORDS = Words.load(CONFIG / "languages")
LINK = "https://chat.example/patrol?start={code}"

Typed = Callable[..., Result]


def office_over(url: str, roster_file: Path, start_links: tuple[str, ...] = (LINK,)) -> OpenOffice:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Office]:
        database = Database(url)
        try:
            yield Office(database, WORDS, "en", ZoneInfo("Europe/Madrid"), roster_file, start_links)
        finally:
            await database.close()

    return opened


def commands(open_office: OpenOffice) -> typer.Typer:
    app = typer.Typer()
    app.add_typer(roster_commands(open_office), name="roster")
    app.add_typer(shift_commands(open_office), name="shift")
    return app


@pytest.fixture
def typed(database_url: str) -> Typed:
    """What somebody gets who types these words after `tweetpatrol`; the roster of Port Alba is in the database."""
    app = commands(office_over(database_url, CONFIG / "roster.toml"))
    assert CliRunner().invoke(app, ["roster", "import"]).exit_code == 0
    return lambda *words: CliRunner().invoke(app, words)


def redeemed(url: str, code: str) -> str:
    async def redeeming() -> str:
        database = Database(url)
        async with database.transaction() as session:
            linked = await roster.redeem(session, code, "telegram", "7001", "7001", utc_now())
        await database.close()
        return linked.id

    return asyncio.run(redeeming())


def test_invite_prints_a_code_that_works_a_link_and_a_square(typed: Typed, database_url: str) -> None:
    told = typed("roster", "invite", "lima-1")
    found = re.search(r"/start (\S+)", told.stdout)
    assert found is not None
    assert told.stdout.startswith("Code for Lima 1, good once until 20")
    assert LINK.format(code=found.group(1)) in told.stdout
    assert "█" in told.stdout
    assert redeemed(database_url, found.group(1)) == "lima-1"


def test_without_a_link_the_square_holds_what_to_send(sqlite_with_tables: Path, tmp_path: Path) -> None:
    copy = tmp_path / "patrol.db"
    copy.write_bytes(sqlite_with_tables.read_bytes())
    app = commands(office_over(f"sqlite+aiosqlite:///{copy}", CONFIG / "roster.toml", ()))
    CliRunner().invoke(app, ["roster", "import"])
    told = CliRunner().invoke(app, ["roster", "invite", "lima-1"])
    assert told.exit_code == 0
    assert "https:" not in told.stdout
    assert "█" in told.stdout


def test_list_shows_where_everybody_stands_and_never_a_code_or_an_account(typed: Typed, database_url: str) -> None:
    codes = [re.search(r"/start (\S+)", typed("roster", "invite", who).stdout) for who in ("lima-1", "lima-2")]
    assert codes[0] is not None
    assert codes[1] is not None
    redeemed(database_url, codes[0].group(1))
    typed("roster", "revoke", "lima-3")
    told = typed("roster", "list").stdout
    standing = {line.split()[0]: re.split(r"\s{2,}", line)[-2:] for line in told.splitlines()}
    assert standing["lima-1"] == ["telegram", "enrolled"]
    assert standing["lima-2"] == ["-", "no account linked"]
    assert standing["lima-3"] == ["-", "revoked"]
    assert standing["lima-6"] == ["-", "accreditation lapsed"]
    seen = {line.split()[0]: re.split(r"\s{2,}", line)[4] for line in told.splitlines()}
    assert (seen["lima-1"], seen["lima-2"]) == ("no", "yes")
    assert codes[1].group(1) not in told
    assert "7001" not in told


def test_who_is_revoked_gets_no_code_until_reinstated(typed: Typed) -> None:
    assert "Lima 1 is cut off" in typed("roster", "revoke", "lima-1").stdout
    refused = typed("roster", "invite", "lima-1")
    assert refused.exit_code == 1
    assert refused.stderr == WORDS.say("roster.cut_off", "en") + "\n"
    assert typed("roster", "reinstate", "lima-1").exit_code == 0
    assert typed("roster", "invite", "lima-1").exit_code == 0


@pytest.mark.parametrize("command", ["invite", "revoke", "reinstate"])
def test_an_unknown_officer_is_one_plain_sentence(typed: Typed, command: str) -> None:
    told = typed("roster", command, "nobody")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == "No officer has this id. See the ids with: tweetpatrol roster list\n"


def test_a_wrong_roster_file_is_told_line_by_line_and_changes_nothing(sqlite_with_tables: Path, tmp_path: Path) -> None:
    copy, file = tmp_path / "patrol.db", tmp_path / "roster.toml"
    copy.write_bytes(sqlite_with_tables.read_bytes())
    file.write_text((CONFIG / "roster.toml").read_text("utf-8").replace('"lima"\nroles', '"mike"\nroles'), "utf-8")
    app = commands(office_over(f"sqlite+aiosqlite:///{copy}", file))
    told = CliRunner().invoke(app, ["roster", "import"])
    assert told.exit_code == 1
    assert "lima-1: there is no such unit in this roster." in told.stderr.splitlines()[0]
    assert CliRunner().invoke(app, ["roster", "list"]).stdout == "Nobody is in the roster yet.\n"
    file.unlink()
    assert CliRunner().invoke(app, ["roster", "import"]).stderr == "roster.toml is not there or cannot be read.\n"


def test_a_shift_is_planned_in_local_time_and_listed(typed: Typed) -> None:
    tomorrow = (utc_now() + timedelta(days=1)).date()
    assert typed("shift", "list").stdout == "No shift is planned or open.\n"
    told = typed("shift", "plan", "lima", "Night B", f"{tomorrow}T22:00", f"{tomorrow}T23:30+00:00")
    assert told.exit_code == 0
    listed = typed("shift", "list").stdout.splitlines()
    assert re.split(r"\s{2,}", listed[1])[1:4] == ["lima", "Night B", "planned"]
    assert f"{tomorrow} 22:00 CE" in listed[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("lima", "Night B", "soon", "2030-01-01T06:00"), "shift.bad_time"),
        (("lima", "Night B", "2030-01-01T06:00", "2030-01-01T05:00"), "shift.times"),
        (("mike", "Night B", "2030-01-01T06:00", "2030-01-01T08:00"), "shift.unknown_unit"),
    ],
)
def test_a_plan_that_makes_no_sense_is_one_plain_sentence(typed: Typed, words: tuple[str, ...], sentence: str) -> None:
    told = typed("shift", "plan", *words)
    assert (told.exit_code, told.stderr) == (1, WORDS.say(sentence, "en") + "\n")
    assert typed("shift", "list").stdout == "No shift is planned or open.\n"


@pytest.mark.parametrize("words", [("roster", "--help"), ("shift", "--help"), ("roster", "invite", "--help")])
def test_help_needs_no_database(words: tuple[str, ...]) -> None:
    def never() -> AbstractAsyncContextManager[Office]:
        raise AssertionError("the office was opened")

    told = CliRunner().invoke(commands(never), words)
    assert told.exit_code == 0
    assert "Usage" in told.stdout
