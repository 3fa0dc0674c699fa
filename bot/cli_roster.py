"""`tweetpatrol roster` and `tweetpatrol shift`: who is enrolled, and which shifts are planned."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from shifts import roster, shift
from shifts.database import Database, utc_now
from shifts.officer import Account, Officer, officer
from shifts.refusal import Refusal
from shifts.roster_file import Roster, RosterWrong
from shifts.words import Words

CLOCK: Final = "%Y-%m-%d %H:%M %Z"


@dataclass(frozen=True, slots=True)
class Office:
    """What these commands work with. `start_links` are addresses with {code} in them that open the bot with a code."""

    database: Database
    words: Words
    language: str
    time_zone: ZoneInfo
    roster_file: Path
    start_links: tuple[str, ...] = ()

    def say(self, key: str, **fields: object) -> str:
        return self.words.say(key, self.language, **fields)

    def clock(self, at: datetime) -> str:
        return at.astimezone(self.time_zone).strftime(CLOCK)

    def heard_time(self, text: str) -> datetime:
        """A time that a person typed; without an offset it is the force's local time. Raises Refusal."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise Refusal("shift.bad_time") from None
        return (at if at.tzinfo else at.replace(tzinfo=self.time_zone)).astimezone(UTC)


OpenOffice = Callable[[], AbstractAsyncContextManager[Office]]


async def invite(office: Office, officer_id: str, now: datetime) -> list[str]:
    """A new code for an officer, how to send it, and a square to scan. The one place where a code is shown."""
    async with office.database.transaction() as session:
        code = await roster.invite(session, officer_id, now)
        invited = await officer(session, officer_id)
    links = [link.format(code=code) for link in office.start_links]
    until = office.clock(now + roster.CODE_LASTS)
    return [
        office.say("roster.invited", call_sign=invited.call_sign, until=until),
        office.say("roster.send_code", code=code),
        *(office.say("roster.send_link", link=link) for link in links),
        _square(links[0] if links else f"/start {code}"),
    ]


async def revoke(office: Office, officer_id: str, now: datetime) -> list[str]:
    """Cut an officer off."""
    async with office.database.transaction() as session:
        await roster.revoke(session, officer_id, now)
        return [office.say("roster.revoked", call_sign=(await officer(session, officer_id)).call_sign)]


async def reinstate(office: Office, officer_id: str, now: datetime) -> list[str]:
    """Take a revocation back."""
    async with office.database.transaction() as session:
        await roster.reinstate(session, officer_id)
        return [office.say("roster.reinstated", call_sign=(await officer(session, officer_id)).call_sign)]


async def take_over(office: Office, now: datetime) -> list[str]:
    """Import the roster file. Raises RosterWrong, and Refusal if it cannot be read."""
    try:
        content = Roster.load(office.roster_file)
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("roster.file.unreadable", file=office.roster_file.name) from error
    async with office.database.transaction() as session:
        done = await roster.import_roster(session, content, now)
    return [office.say("roster.imported", new=done.new, changed=done.changed, gone=done.gone)]


async def people(office: Office, now: datetime) -> list[str]:
    """Everybody in the roster, who of them agreed to be seen in photos, and on which chat apps they are; never a code,
    never an account."""
    async with office.database.reading() as session:
        everybody = await roster.everybody(session)
        linked = {person.id: await roster.accounts(session, person.id) for person in everybody}
    rows = [
        (
            person.id,
            person.call_sign,
            person.unit,
            " ".join(person.roles),
            office.say("roster.list.seen" if person.face_ok else "roster.list.unseen"),
            " ".join(one.app for one in linked[person.id]) or "-",
            office.say(f"roster.list.{_standing(person, linked[person.id], now)}"),
        )
        for person in everybody
    ]
    return _table(office.say("roster.list.head"), rows) if rows else [office.say("roster.empty")]


async def plan(office: Office, unit: str, name: str, start: str, end: str, now: datetime) -> list[str]:
    """Put a shift on the plan. Raises Refusal for times that make no sense or a unit that nobody belongs to."""
    starts_at, ends_at = office.heard_time(start), office.heard_time(end)
    async with office.database.transaction() as session:
        if not any(person.active and person.unit == unit for person in await roster.everybody(session)):
            raise Refusal("shift.unknown_unit")
        planned = await shift.plan(session, unit, name, starts_at, ends_at, now)
    times = {"start": office.clock(planned.starts_at), "end": office.clock(planned.ends_at)}
    return [office.say("shift.planned", name=planned.name, number=planned.number, **times)]


async def shifts_ahead(office: Office, now: datetime) -> list[str]:
    """The shifts that are open, and those that are planned."""
    async with office.database.reading() as session:
        ahead = [*await shift.live_shifts(session), *await shift.coming(session, now)]
    rows = [
        (
            str(one.number),
            one.unit,
            one.name,
            office.say(f"shift.state.{one.state.value}"),
            office.clock(one.starts_at),
            office.clock(one.ends_at),
        )
        for one in ahead
    ]
    return _table(office.say("shift.list.head"), rows) if rows else [office.say("shift.none_planned")]


def roster_commands(open_office: OpenOffice) -> typer.Typer:
    """The commands of `tweetpatrol roster`, over whatever office they are given."""
    commands = typer.Typer(no_args_is_help=True, help="Who is enrolled: invite, cut off, list.")

    @commands.command("invite")
    def _(officer_id: Annotated[str, typer.Argument(help="The id in roster.toml.")]) -> None:
        """Make a one-time code that links a chat account to an officer; good for 24 hours."""
        _run(open_office, lambda office: invite(office, officer_id, utc_now()))

    @commands.command("revoke")
    def _(officer_id: Annotated[str, typer.Argument(help="The id in roster.toml.")]) -> None:
        """Cut an officer off, everywhere and at once: accounts, codes, duties."""
        _run(open_office, lambda office: revoke(office, officer_id, utc_now()))

    @commands.command("reinstate")
    def _(officer_id: Annotated[str, typer.Argument(help="The id in roster.toml.")]) -> None:
        """Take a revocation back; the officer then needs a new code."""
        _run(open_office, lambda office: reinstate(office, officer_id, utc_now()))

    @commands.command("import")
    def _() -> None:
        """Take over what roster.toml says now."""
        _run(open_office, lambda office: take_over(office, utc_now()))

    @commands.command("list")
    def _() -> None:
        """Show everybody in the roster, and who has a chat account linked."""
        _run(open_office, lambda office: people(office, utc_now()))

    return commands


def shift_commands(open_office: OpenOffice) -> typer.Typer:
    """The commands of `tweetpatrol shift`."""
    commands = typer.Typer(no_args_is_help=True, help="Shifts: plan and list them.")

    @commands.command("plan")
    def _(
        unit: Annotated[str, typer.Argument(help="A unit of roster.toml.")],
        name: Annotated[str, typer.Argument(help='The public name, such as "Night B".')],
        start: Annotated[str, typer.Argument(help="When it starts: 2026-11-21T22:00, local unless it has an offset.")],
        end: Annotated[str, typer.Argument(help="When it ends by itself.")],
    ) -> None:
        """Put a shift on the plan; a sergeant opens it in chat."""
        _run(open_office, lambda office: plan(office, unit, name, start, end, utc_now()))

    @commands.command("list")
    def _() -> None:
        """Show the shifts that are open or planned."""
        _run(open_office, lambda office: shifts_ahead(office, utc_now()))

    return commands


def _run(open_office: OpenOffice, command: Callable[[Office], Awaitable[list[str]]]) -> None:
    """Print what a command has to say; what it refuses goes to standard error, with exit code 1."""

    async def opened() -> tuple[list[str], int]:
        async with open_office() as office:
            try:
                return await command(office), 0
            except Refusal as refused:
                return [office.say(refused.sentence, **refused.fields)], 1
            except RosterWrong as wrong:
                return wrong.sentences(office.words, office.language), 1

    lines, code = asyncio.run(opened())
    for line in lines:
        typer.echo(line, err=bool(code))
    raise typer.Exit(code)


def _standing(person: Officer, linked: Sequence[Account], now: datetime) -> str:
    if person.revoked_at is not None:
        return "revoked"
    if not person.in_roster:
        return "gone"
    if not person.accredited(now):
        return "lapsed"
    return "active" if linked else "invited"


def _table(head: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell; `head` has a tab between its cells."""
    cells = [tuple(head.split("\t")), *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _square(content: str) -> str:
    """A QR code for the terminal."""
    import segno

    drawn = io.StringIO()
    segno.make(content, micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
