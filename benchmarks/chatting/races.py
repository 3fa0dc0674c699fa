"""Two people press Publish on the same card at the same moment, each on another platform, again and again."""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlmodel import col, select

from benchmarks.chatting.ground import database_in
from bot import outbox, taps, wiring
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from moderation import approval, queue
from moderation.decision import Decision, DecisionKind
from moderation.post import Post, PostState
from shifts import roster, shift
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.refusal import Refusal
from tests.journeys.stage import stage_settings

APPROVERS: Final = ("sergeant-1", "sergeant-2")
APPS: Final = ("telegram", "discord", "rehearsal")
DECIDED: Final = "tap.decided"


@dataclass(frozen=True)
class Raced:
    """Who won, on which platform; `told` if the other one learned who was first."""

    won: str | None
    told: bool


async def races(folder: Path, count: int) -> dict[str, float]:
    """The figures of so many races."""
    folder.mkdir()
    settings = stage_settings(database_in(folder), folder / "data")
    won: Counter[str | None] = Counter()
    untold, began = 0, time.perf_counter()
    async with wiring.open_program(settings, alone=True) as program:
        desk = program.desk(program.vault())
        first, second = await _approvers(program.database)
        pairs = itertools.cycle(itertools.permutations(APPS, 2))
        for number in range(count):
            one, other = next(pairs)
            raced = await _race(program.database, desk, [first[one], second[other]], number)
            won[raced.won] += 1
            untold += not raced.told
    seconds = time.perf_counter() - began
    return {
        "races of two approvers on two platforms": count,
        **{f"of them won on {app}": won[app] for app in APPS},
        "races without exactly one winner": won[None],
        "races whose second was not told who was first": untold,
        "a race, mean ms": seconds / count * 1000,
    }


async def _approvers(database: Database) -> list[dict[str, Caller]]:
    """Each of them on every platform."""
    now = utc_now()
    async with database.transaction() as session:
        people = {person.id: person for person in await roster.everybody(session)}
        for place, name in enumerate(APPROVERS):
            for app in APPS[:2]:
                await roster.link(session, name, app, str(1010 + place), str(1010 + place), now)
        planned = await shift.plan(session, "lima", "Night B", now, now + timedelta(hours=12), now)
        opened = await shift.open_shift(session, planned, people[APPROVERS[0]], now)
        await shift.join(session, people[APPROVERS[1]], opened, now)
        return [
            {account.app: Caller(people[name], account) for account in await roster.accounts(session, name)}
            for name in APPROVERS
        ]


async def _race(database: Database, desk: Desk, callers: list[Caller], number: int) -> Raced:
    now = utc_now()
    async with database.transaction() as session:
        post = await queue.receive(session, _green(number, now), now)
        await queue.prepared(session, post, "PASS", now)
        post.drafted = post.prepared = post.revision
        post.content = f"{number:064d}"
        slots = [await outbox.living(session, caller.account, SlotKind.DECIDER, post.id) for caller in callers]
        author = await session.get_one(Officer, post.author_id)
        seen = approval.seen(post, [], author.byline)
    told = await asyncio.gather(
        *(
            _press(database, desk, caller, f"{slot.id}.publish.{seen}.1")
            for caller, slot in zip(callers, slots, strict=True)
        )
    )
    async with database.reading() as session:
        after = await session.get_one(Post, post.id)
        statement = select(Decision.officer_id).where(
            Decision.post_id == post.id, col(Decision.kind) == DecisionKind.PUBLISH
        )
        decided = (await session.exec(statement)).all()
    winners = [caller for caller, sentence in zip(callers, told, strict=True) if sentence is None]
    single = len(winners) == 1 and after.state is PostState.APPROVED
    whole = single and list(decided) == [winners[0].officer.id] and after.approved_by == winners[0].officer.id
    return Raced(winners[0].account.app if whole else None, DECIDED in told)


async def _press(database: Database, desk: Desk, caller: Caller, token: str) -> str | None:
    """The sentence with which it was refused; None if it was not."""
    try:
        async with database.transaction() as session:
            await taps.press(session, desk, caller, token, utc_now())
    except Refusal as refusal:
        return refusal.sentence
    return None


def _green(number: int, now: datetime) -> Post:
    return Post(
        number=0, author_id="lima-3", shift_id=1, app="rehearsal", chat="lima-3", message=f"{number}", source_id="-",
        original_id="-", networks=["timeline"], text=f"All quiet, {number} times.", kind="advice", prepare_at=now,
        sent_at=now, received_at=now,
    )  # fmt: skip
