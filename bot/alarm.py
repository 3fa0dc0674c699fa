"""Alarms: somebody may be in danger. The control room's phones ring at once, and again until a person acknowledges."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Index
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from bot import outbox
from bot.due import each
from bot.outbox import Slot, SlotKind
from bot.reply import REPLIES, Reply, ReplyState
from moderation import audit
from moderation.decision import NotAllowed
from moderation.post import Post
from shifts import roster
from shifts.database import Database
from shifts.officer import Account, Officer, Role
from shifts.shift import on_duty

RINGERS: Final = (Role.CONTROL, Role.INSPECTOR)
"""Whose tap counts. The control room rings from the first minute, the inspector from the third."""
LAST_RESORT: Final = (Role.PRESS, Role.SERGEANT)
"""Who is rung where no ringer has a phone: the press office, and the sergeants of the shift."""
INSPECTOR_RINGS_FROM: Final = 3
FOLLOWS: Final = timedelta(hours=6)
"""What the same person writes in this time after a call for help belongs to it, whatever it says."""

_log = logging.getLogger(__name__)


class Alarm(SQLModel, table=True):
    """One person in danger, as far as we know. `rings` counts how often the control room was told."""

    __table_args__ = (Index("ix_alarm_author", "network", "author"),)

    id: int | None = Field(default=None, primary_key=True)
    reply_id: int = Field(foreign_key="reply.id", unique=True)
    post_id: int = Field(foreign_key="post.id")
    network: str = Field(max_length=32)
    author: str = Field(max_length=256)
    raised_at: datetime
    raised_by: str | None = Field(default=None, max_length=64)
    rings: int = 0
    rang_at: datetime
    acknowledged_by: str | None = Field(default=None, max_length=64)
    acknowledged_at: datetime | None = Field(default=None, index=True)
    false: bool = False


async def raise_for(session: AsyncSession, reply: Reply, now: datetime, by: str | None = None) -> Alarm:
    """Raise the alarm about a reply (`by` a person, or by triage), or add the reply to the open one of its author."""
    there = await of_author(session, reply, now)
    if there is not None and there.acknowledged_at is None:
        reply.alarm_id = there.id
        await _record(session, now, "alarm: more words", there, by, reply=reply.id)
        await outbox.touch(session, there.id, SlotKind.ALARM)
        return there
    alarm = Alarm(
        reply_id=reply.id or 0,
        post_id=reply.post_id,
        network=reply.network,
        author=reply.author,
        raised_at=now,
        raised_by=by,
        rang_at=now,
    )
    session.add(alarm)
    await session.flush()
    reply.alarm_id = alarm.id
    await _record(session, now, "alarm raised", alarm, by, network=reply.network, about=reply.about)
    await _tell_leaders(session, alarm)
    await ring(session, alarm, now)
    return alarm


async def of_author(session: AsyncSession, reply: Reply, now: datetime) -> Alarm | None:
    """The newest alarm about the person who wrote this reply; None if that was a false one or long ago."""
    statement = (
        select(Alarm)
        .where(Alarm.network == reply.network, Alarm.author == reply.author, col(Alarm.raised_at) > now - FOLLOWS)
        .order_by(col(Alarm.id).desc())
        .limit(1)
        .with_for_update()
    )
    found = (await session.exec(statement)).first()
    return None if found is None or found.false else found


async def ring(session: AsyncSession, alarm: Alarm, now: datetime) -> None:
    """A new card on every phone that has to ring; the card of the last ring goes, so that one stands there."""
    phones = await _phones(session, await roster.with_role(session, Role.CONTROL))
    if not phones or alarm.rings + 1 >= INSPECTOR_RINGS_FROM:
        phones |= await _phones(session, await roster.with_role(session, Role.INSPECTOR))
    if not phones:
        phones = await _last_resort(session, alarm)
    alarm.rings, alarm.rang_at = alarm.rings + 1, now
    await _record(session, now, "alarm rang", alarm, None, times=alarm.rings)
    await _clear(session, alarm, phones, now)
    for account in [account for accounts in phones.values() for account in accounts]:
        await outbox.open_slot(session, account, SlotKind.ALARM, alarm.id)


async def may_end(session: AsyncSession, officer: Officer) -> bool:
    """Whether this person's tap counts: the last resort's only where no ringer has a phone."""
    if officer.has(*RINGERS):
        return True
    people = [person for role in RINGERS for person in await roster.with_role(session, role)]
    return officer.has(*LAST_RESORT) and not await _phones(session, people)


async def acknowledge(session: AsyncSession, alarm_id: int, officer: Officer, now: datetime, *, false: bool) -> Alarm:
    """Somebody has it now; it rings no more. `false`: nobody is in danger. Raises NotAllowed."""
    alarm = await session.get_one(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if not await may_end(session, officer):
        raise NotAllowed("triage.not_yours")
    if alarm.acknowledged_at is not None:
        raise NotAllowed("tap.done_already")
    alarm.acknowledged_by, alarm.acknowledged_at, alarm.false = officer.id, now, false
    theirs = (await session.exec(_of(alarm).with_for_update())).all()
    await _record(session, now, "alarm false" if false else "alarm acknowledged", alarm, officer.id)
    for reply in [] if false else theirs:
        await escalated(session, reply)
    await outbox.touch(session, alarm.id, SlotKind.ALARM)
    return alarm


async def escalated(session: AsyncSession, reply: Reply) -> None:
    """A desk has this reply: nobody else has to answer it."""
    if reply.state is ReplyState.NEW:
        await REPLIES.move(session, reply, ReplyState.SHOWN)
    if reply.state is ReplyState.SHOWN:
        await REPLIES.move(session, reply, ReplyState.ESCALATED)
    await outbox.touch(session, reply.id, SlotKind.REPLY)


async def replies(session: AsyncSession, alarm: Alarm) -> list[Reply]:
    """Everything that the person wrote since the alarm, the oldest first."""
    return list((await session.exec(_of(alarm))).all())


def _of(alarm: Alarm) -> SelectOfScalar[Reply]:
    return select(Reply).where(Reply.alarm_id == alarm.id).order_by(col(Reply.id))


class Ringer:
    """Rings again what nobody has acknowledged, `every` so long."""

    def __init__(self, database: Database, every: timedelta) -> None:
        self._database = database
        self._every = every

    async def tick(self, now: datetime) -> bool:
        """Ring what is due; False if nothing was."""
        async with self._database.reading() as session:
            ringing = select(Alarm.id).where(
                col(Alarm.acknowledged_at).is_(None), col(Alarm.rang_at) <= now - self._every
            )
            due = (await session.exec(ringing)).all()
        await each(due, lambda alarm_id: self._ring(alarm_id or 0, now))
        return bool(due)

    async def _ring(self, alarm_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            alarm = await session.get_one(Alarm, alarm_id, with_for_update=True, populate_existing=True)
            if alarm.acknowledged_at is None and alarm.rang_at <= now - self._every:
                await ring(session, alarm, now)


async def _phones(session: AsyncSession, people: Iterable[Officer]) -> dict[str, list[Account]]:
    """The accounts of those of these people who have one."""
    phones = {person.id: await roster.accounts(session, person.id) for person in people}
    return {officer_id: accounts for officer_id, accounts in phones.items() if accounts}


async def _last_resort(session: AsyncSession, alarm: Alarm) -> dict[str, list[Account]]:
    """Nobody who ought to can be rung: better anybody than nobody."""
    _log.error("nobody of the control room can be rung", extra={"alarm": alarm.id})
    post = await session.get_one(Post, alarm.post_id)
    sergeants = await on_duty(session, post.shift_id, Role.SERGEANT)
    return await _phones(session, [*await roster.with_role(session, Role.PRESS), *sergeants])


async def _tell_leaders(session: AsyncSession, alarm: Alarm) -> None:
    """The inspector sees it at once, and so do the sergeants of the shift; their phones are told once."""
    post = await session.get_one(Post, alarm.post_id)
    leaders = [*await roster.with_role(session, Role.INSPECTOR), *await on_duty(session, post.shift_id, Role.SERGEANT)]
    for person in {person.id: person for person in leaders}.values():
        for account in await roster.accounts(session, person.id):
            await outbox.living(session, account, SlotKind.ALARM, alarm.id)


async def _clear(session: AsyncSession, alarm: Alarm, officer_ids: Iterable[str], now: datetime) -> None:
    statement = select(Slot).where(
        Slot.kind == SlotKind.ALARM,
        Slot.subject == alarm.id,
        col(Slot.officer_id).in_(list(officer_ids)),
        col(Slot.closed).is_(False),
    )
    for slot in (await session.exec(statement)).all():
        slot.remove_at = now


async def _record(
    session: AsyncSession, now: datetime, event: str, alarm: Alarm, actor: str | None, **facts: object
) -> None:
    await audit.record(session, now, event, f"alarm {alarm.id}", actor, **facts)
