"""`tweetpatrol export`: one archive with everything about a post or a shift, and a check of such an archive."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from bot import export, pack, settings
from bot.export import Files, Sources
from bot.settings import Settings, SettingsWrong
from moderation import audit
from moderation.post import by_number
from moderation.vault import Vault
from shifts.database import Database, utc_now
from shifts.officer import Officer, Role
from shifts.refusal import Refusal
from shifts.shift import Shift
from shifts.words import FIRST_LANGUAGE, Words

MAY_EXPORT: Final = (Role.RECORDS, Role.ADMIN)
LANGUAGES: Final = Path(__file__).parents[1] / "config" / "languages"

Say = Callable[..., str]
"""A key below [export] in config/languages, and what fills its placeholders, as a sentence."""


class NoExport(Refusal):
    """The export cannot be made."""

    def __init__(self, key: str, **fields: object) -> None:
        """`key`: below [export]."""
        super().__init__(f"export.{key}", **fields)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is exported (`post` by its running number, or `shift` by its id), by whom."""

    post: int | None
    shift: int | None
    by: str

    @property
    def subject(self) -> str:
        return f"post {self.post}" if self.post is not None else f"shift {self.shift}"

    @property
    def told(self) -> str:
        """The key of the sentence that says what was exported."""
        return "export.of_post" if self.post is not None else "export.of_shift"


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
    say = _sayer(config, data)
    try:
        if verify is not None:
            raise typer.Exit(_check(verify, say))
        if (post is None) == (shift is None) or out is None or not by:
            raise NoExport("ask")
        loaded = settings.load(config, data, settings.without_secrets())
        for line in asyncio.run(_export(loaded, Asked(post, shift, by), out, utc_now(), say)):
            typer.echo(line)
    except NoExport as refused:
        typer.echo(say(refused.sentence, **refused.fields), err=True)
        raise typer.Exit(2) from None


def _sayer(config: Path | None, data: Path | None) -> Say:
    """Sentences in the force's language; in English where an archive is checked without its configuration."""
    try:
        loaded = settings.load(config, data, settings.without_secrets())
    except SettingsWrong:
        return partial(Words.load(LANGUAGES).say, language=FIRST_LANGUAGE)
    return partial(Words.load(loaded.files.languages).say, language=loaded.force.language)


async def _export(loaded: Settings, asked: Asked, out: Path, now: datetime, say: Say) -> list[str]:
    """Make the archive; it is audited before anybody can read it. Raises NoExport."""
    if out.exists():
        raise NoExport("file_there", file=out.name)
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
    named = {"post": asked.post, "shift": asked.shift}
    told = say(asked.told, file=out.name, n=len(files), seq=entry.seq, **named)
    lines = [told, say("export.manifest", digest=digest)]
    return lines if vault is not None else [*lines, say("export.no_key")]


async def _gather(sources: Sources, asked: Asked) -> Files:
    person = await sources.session.get(Officer, asked.by)
    if person is None or not person.active or not person.has(*MAY_EXPORT):
        raise NoExport("wrong_role")
    if asked.post is not None:
        found = await by_number(sources.session, asked.post)
        if found is None:
            raise NoExport("no_post", post=asked.post)
        return await export.of_post(sources, found)
    shift = await sources.session.get(Shift, asked.shift)
    if shift is None:
        raise NoExport("no_shift", shift=asked.shift)
    return await export.of_shift(sources, shift)


def _check(path: Path, say: Say) -> int:
    try:
        digest, wrong = pack.check(path)
    except pack.NoPack:
        raise NoExport("no_pack", file=path.name) from None
    for flaw in wrong:
        typer.echo(f"{say('check.wrong')} {say(flaw.sentence, **flaw.fields)}", err=True)
    if not wrong:
        typer.echo(say("export.whole", file=path.name, digest=digest))
    return 1 if wrong else 0
