"""The command line, `tweetpatrol`."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final, NoReturn
from zoneinfo import ZoneInfo

import typer

from bot import checks, logs, settings
from bot.cli_export import export_command
from bot.cli_redact import redact, redact_media
from bot.cli_roster import Office, roster_commands, shift_commands
from bot.settings import Settings, SettingsWrong
from shifts.database import Database
from shifts.words import Words

REHEARSAL_CONFIG: Final = Path(__file__).parents[1] / "config" / "rehearsal" / "patrol.toml"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Tweet Patrol.")
audit_app = typer.Typer(no_args_is_help=True, help="The audit: append-only and hash-chained.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")

Config = Annotated[Path | None, typer.Option("--config", help="The patrol.toml to use.", show_default=False)]
Data = Annotated[Path | None, typer.Option("--data", help="Where data is kept.", show_default=False)]


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Where to serve the rehearsal.")] = 8080,
    data: Annotated[Path, typer.Option(help="Where the rehearsal keeps its data.")] = Path("data/rehearsal"),
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Rehearse a shift in the browser: no keys, no other server, nothing is sent anywhere."""
    loaded = _load(REHEARSAL_CONFIG, data)
    loaded = loaded.model_copy(
        update={
            "web": loaded.web.model_copy(update={"port": port}),
            "force": loaded.force.model_copy(update={"public_url": f"http://127.0.0.1:{port}"}),
        }
    )
    logs.set_up(as_json=False)
    from bot.demo import rehearse

    _end(asyncio.run(rehearse(loaded, open_browser=not no_browser)))


@app.command()
def run(
    process: Annotated[
        str | None, typer.Argument(help="web, bot, prepare or publish; all in one when left out.")
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Run the program: one process of it, or all in one."""
    from bot import wiring

    names = wiring.PROCESSES if process is None else (process,)
    if process is not None and process not in wiring.PROCESSES:
        known = ", ".join(wiring.PROCESSES)
        _refuse(_say(_load(config, data), "cli.no_process", process=process, processes=known))
    logs.set_up(as_json=not sys.stderr.isatty())
    loaded = _load(config, data)
    _end(asyncio.run(_run(loaded, names, process or "all")))


@app.command()
def check(config: Config = None, data: Data = None) -> None:
    """Look whether everything is in place: configuration, files, rights, database, models. Changes nothing."""
    loaded = _load(config, data)
    found = asyncio.run(checks.everything(loaded))
    ok, wrong = _say(loaded, "check.ok"), _say(loaded, "check.wrong")
    wide = max(len(ok), len(wrong))
    for line in found.fine:
        typer.echo(f"{ok:<{wide}} {line}")
    for line in found.wrong:
        typer.echo(f"{wrong:<{wide}} {line}", err=True)
    raise typer.Exit(1 if found.wrong else 0)


@audit_app.command("verify")
def audit_verify(config: Config = None, data: Data = None) -> None:
    """Walk the whole audit and say whether it is what was written."""
    loaded = _load(config, data)
    try:
        count = asyncio.run(checks.audit(loaded))
    except checks.AuditBroken as broken:
        _refuse(_say(loaded, "cli.audit_broken", seq=broken.seq))
    typer.echo(_say(loaded, "cli.audit_whole", n=count))


@db_app.command("upgrade")
def db_upgrade(config: Config = None, data: Data = None) -> None:
    """Bring the database to what this version expects. Run it before starting a new version."""
    from bot.migrating import upgrade

    loaded = _load(config, data)
    logs.set_up(as_json=False)
    upgrade(Database(loaded.database_url))
    typer.echo(_say(loaded, "cli.upgraded"))


@asynccontextmanager
async def _office() -> AsyncIterator[Office]:
    loaded = _load(None, None)
    database = Database(loaded.database_url)
    try:
        yield Office(
            database,
            Words.load(loaded.files.languages),
            loaded.force.language,
            ZoneInfo(loaded.force.time_zone),
            loaded.files.roster,
            loaded.start_links,
        )
    finally:
        await database.close()


async def _run(loaded: Settings, names: Sequence[str], executor: str) -> int:
    from bot import wiring

    stop = asyncio.Event()
    stop_on_signals(stop)
    async with wiring.open_program(loaded, alone=len(names) > 1) as program:
        typer.echo(_say(loaded, "cli.running", processes=", ".join(names)), err=True)
        await wiring.run(program, names, stop, executor)
    return 0


def stop_on_signals(stop: asyncio.Event) -> None:
    """The one owner of SIGINT and SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _load(config: Path | None, data: Path | None) -> Settings:
    return settings.load(config, data)


def _say(loaded: Settings, key: str, **fields: object) -> str:
    """A sentence in the force's own language."""
    return Words.load(loaded.files.languages).say(key, loaded.force.language, **fields)


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)


def _end(code: int) -> None:
    """Leave at once: what still runs in threads of libraries has nothing left to say."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """The console script. What is wrong with the configuration is one sentence, and exit code 2."""
    settings.share_the_cores()
    app.add_typer(roster_commands(_office), name="roster")
    app.add_typer(shift_commands(_office), name="shift")
    app.add_typer(audit_app, name="audit")
    app.add_typer(db_app, name="db")
    app.command("export")(export_command)
    app.command("redact")(redact)
    app.command("redact-media")(redact_media)
    try:
        app()
    except SettingsWrong as wrong:
        typer.echo(str(wrong), err=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
