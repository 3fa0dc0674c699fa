"""The demo: a rehearsal of one shift, set up so that the first tap can be to open it."""

import asyncio
import webbrowser
from datetime import timedelta

import typer

from bot import migrating, outbox, wiring
from bot.outbox import SlotKind
from bot.settings import Settings, has_display
from bot.wiring import Program
from shifts import roster, shift
from shifts.database import Database, utc_now
from shifts.officer import LEADERS, Role

HOURS = 12


async def rehearse(settings: Settings, open_browser: bool) -> int:
    """Run everything in this process until it is stopped. Gives the exit code."""
    from bot.cli import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    await asyncio.to_thread(migrating.upgrade, Database(settings.database_url))
    async with wiring.open_program(settings, alone=True) as program:
        await plan_a_shift(program)
        url = f"http://{settings.web.host}:{settings.web.port}/rehearsal"
        sentence = program.words.say("cli.rehearsal", settings.force.language, url=url)
        announce = asyncio.create_task(_announce(sentence, url, open_browser))
        try:
            await wiring.run(program, wiring.PROCESSES, stop, "demo")
        finally:
            announce.cancel()
    return 0


async def plan_a_shift(program: Program) -> None:
    """There is always a shift to open, and those who may open it have its card."""
    now = utc_now()
    async with program.database.transaction() as session:
        if [*await shift.live_shifts(session), *await shift.coming(session, now)]:
            return
        leaders = [person for person in await roster.everybody(session) if person.active and person.has(*LEADERS)]
        unit = next(person.unit for person in leaders if person.has(Role.SERGEANT))
        planned = await shift.plan(session, unit, "Night B", now, now + timedelta(hours=HOURS), now)
        for person in leaders:
            for account in await roster.accounts(session, person.id):
                await outbox.living(session, account, SlotKind.SHIFT, planned.id)


async def _announce(sentence: str, url: str, open_browser: bool) -> None:
    await asyncio.sleep(0.5)
    typer.echo(f"\n{sentence}\n")
    if open_browser and has_display():
        await asyncio.to_thread(webbrowser.open, url)
