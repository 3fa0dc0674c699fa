"""`tweetpatrol export`: one archive with everything about a post or a shift, and a check of such an archive."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from bot import export, pack, settings
from bot.export import Files, Sources
from bot.settings import Settings
from moderation import audit
from moderation.post import by_number
from moderation.vault import Vault
from shifts.database import Database, utc_now
from shifts.officer import Officer, Role
from shifts.shift import Shift

MAY_EXPORT: Final = (Role.RECORDS, Role.ADMIN)


class NoExport(Exception):
    """The export cannot be made. The message is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is exported (`post` by its running number, or `shift` by its id), by whom."""

    post: int | None
    shift: int | None
    by: str

    @property
    def subject(self) -> str:
        return f"post {self.post}" if self.post is not None else f"shift {self.shift}"


def export_command(
    *,
    post: Annotated[int | None, typer.Option(help="The running number of a post.", show_default=False)] = None,
    shift: Annotated[int | None, typer.Option(help="The id of a shift.", show_default=False)] = None,
    by: Annotated[str, typer.Option(help="Who exports: an id of the roster with the role records or admin.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="The archive to write.", show_default=False)] = None,
    verify: Annotated[Path | None, typer.Option("--verify", help="Check an archive instead.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="The patrol.toml to use.", show_default=False)] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Where data is kept.", show_default=False)] = None,
) -> None:
    """Write one archive with everything about a post or a shift, or check one. What was exported is audited."""
    try:
        if verify is not None:
            raise typer.Exit(_check(verify))
        if (post is None) == (shift is None) or out is None or not by:
            raise NoExport("Say --post NUMBER or --shift ID, --by WHO, and --out FILE; or --verify FILE alone.")
        loaded = settings.load(config, data, settings.without_secrets())
        for line in asyncio.run(_export(loaded, Asked(post, shift, by), out, utc_now())):
            typer.echo(line)
    except NoExport as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(2) from None


async def _export(loaded: Settings, asked: Asked, out: Path, now: datetime) -> list[str]:
    """Make the archive; it is audited before anybody can read it. Raises NoExport."""
    if out.exists():
        raise NoExport(f"{out.name} is there already; name a file that is not.")
    key = loaded.known_vault_key()
    vault = None if key is None else Vault(key, loaded.data / "vault")
    database = Database(loaded.database_url)
    unfinished = out.with_name(f"{out.name}.unfinished")
    try:
        async with database.reading() as session:  # it may take long, and nobody's writing waits for it
            files = await _gather(Sources(session, vault, loaded.media), asked)
        listed = pack.manifest(files, {"of": asked.subject, "by": asked.by, "at": now.isoformat()})
        digest = hashlib.sha256(listed).hexdigest()
        unfinished.unlink(missing_ok=True)
        await asyncio.to_thread(pack.write, unfinished, files, listed)
        async with database.transaction() as session:
            entry = await audit.record(
                session, now, "exported", asked.subject, asked.by, manifest=digest, files=len(files)
            )
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)
        await database.close()
    lines = [f"{out.name}: {asked.subject}, {len(files)} files; audit entry {entry.seq}.", f"Manifest {digest}."]
    if vault is None:
        lines.append("The vault key is not known here: originals are left out. Run it where the bot runs.")
    return lines


async def _gather(sources: Sources, asked: Asked) -> Files:
    person = await sources.session.get(Officer, asked.by)
    if person is None or not person.active or not person.has(*MAY_EXPORT):
        raise NoExport("Only somebody of the roster with the role records or admin may export.")
    if asked.post is not None:
        found = await by_number(sources.session, asked.post)
        if found is None:
            raise NoExport(f"There is no post {asked.post}.")
        return await export.of_post(sources, found)
    shift = await sources.session.get(Shift, asked.shift)
    if shift is None:
        raise NoExport(f"There is no shift {asked.shift}.")
    return await export.of_shift(sources, shift)


def _check(path: Path) -> int:
    try:
        digest, wrong = pack.check(path)
    except pack.NoPack:
        raise NoExport(f"{path.name} is not an export of Tweet Patrol, or it is damaged.") from None
    for line in wrong:
        typer.echo(f"WRONG {line}", err=True)
    if not wrong:
        typer.echo(f"{path.name} is whole. Manifest {digest}: compare it with the audit's entry of the export.")
    return 1 if wrong else 0
