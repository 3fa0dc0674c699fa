"""`tweetpatrol redact` and `tweetpatrol redact-media`: the engines without the program around them."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import settings


def redact(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Read lines of {"id","lang","text"}, write one line each.')
    ] = False,
    config: Annotated[Path | None, typer.Option("--config", help="The patrol.toml to use.", show_default=False)] = None,
) -> None:
    """Read a text from standard input and print its public version and why; with --jsonl, many."""
    from bot.wiring import detectors_off
    from moderation.redaction import Context, Redactor
    from moderation.redaction_lines import redact_lines
    from shifts.words import Words

    loaded = settings.load(config, environment=settings.without_secrets())
    words = Words.load(loaded.files.languages)
    redactor = Redactor.load(loaded.files.places, words, off=detectors_off(loaded))
    if jsonl:
        for line in redact_lines(sys.stdin, redactor):
            typer.echo(line)
        return
    redacted = redactor.redact(sys.stdin.read().strip(), Context())
    typer.echo(redacted.text)
    typer.echo(redacted.verdict.value, err=True)
    for reason in redacted.reasons:
        typer.echo(words.say(reason.words, redacted.language), err=True)


def redact_media(
    paths: Annotated[list[Path], typer.Argument(help="Pictures and videos, or folders of them.", exists=True)],
    out: Annotated[Path, typer.Option("--out", help="Where the covered ones go.")],
    report: Annotated[Path, typer.Option("--report", help="One line of JSON a file: what was covered.")],
    screens: Annotated[bool, typer.Option("--screens", help="In pictures, cover screens, too.")] = False,
) -> None:
    """Cover faces, plates and legible text in many pictures and videos. Exit code 1 if one of them was refused."""
    from moderation import media_batch

    def progress(done: int, total: int) -> None:
        typer.echo(f"\r{done}/{total}", err=True, nl=done == total)

    without = asyncio.run(media_batch.redact_media(paths, out, report, progress, screens=screens))
    raise typer.Exit(1 if without else 0)
