"""The clock: what happens because time passes. Reminders, expiry, scenes that are over, shifts that end."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox, recap, retelling
from bot.desk import Desk
from bot.due import each
from bot.outbox import SlotKind
from moderation import approval, audit, countdown, queue, waits
from moderation.post import Post, PostState, Wait
from shifts import roster, shift
from shifts.database import Database
from shifts.officer import Officer, Role
from shifts.shift import Shift, ShiftState

HOUR: Final = timedelta(hours=1)
AN_HOUR: Final = 20
"""As many posts an hour as one person can decide about well."""
LEVELS: Final = ("clock.reminder", "clock.standby", "clock.inspector")


class Clock:
    """Looks at the rows once a second; every step is one transaction and can be repeated."""

    def __init__(self, database: Database, desk: Desk, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone
        self._desk = desk

    async def tick(self, now: datetime) -> bool:
        """Do what is due; False if there was nothing."""
        steps = (self._scenes, self._waiting, self._claims, self._undo_over, self._shifts, self._crowded, self._recaps)
        return any(await each(steps, lambda step: step(now)))

    async def _crowded(self, now: datetime) -> int:
        """More than twenty posts an hour for each who decides: nobody looks well at so many. Said once an hour."""
        async with self._database.reading() as session:
            live = [one for one in await shift.live_shifts(session) if await self._too_many(session, one, now)]
        for one in live:
            async with self._database.transaction() as session:
                if await self._too_many(session, one, now):
                    await self._call_help(session, one, now)
        return 0

    async def _too_many(self, session: AsyncSession, one: Shift, now: datetime) -> bool:
        posts, deciders = await self._load(session, one, now)
        if posts <= AN_HOUR * max(1, deciders):
            return False
        said = await audit.last(session, "get help", f"shift {one.number}")
        return said is None or said <= now - HOUR

    async def _load(self, session: AsyncSession, one: Shift, now: datetime) -> tuple[int, int]:
        """How many posts came in the last hour, and how many people on the shift decide."""
        statement = select(func.count(col(Post.id))).where(Post.shift_id == one.number, Post.received_at > now - HOUR)
        deciders = [person for person in await shift.on_duty(session, one.number) if person.leads(now)]
        return (await session.exec(statement)).one(), len(deciders)

    async def _call_help(self, session: AsyncSession, one: Shift, now: datetime) -> None:
        posts, deciders = await self._load(session, one, now)
        await audit.record(session, now, "get help", f"shift {one.number}", None, posts=posts, deciders=deciders)
        called = [*await roster.standby(session, one.unit), *await roster.with_role(session, Role.INSPECTOR)]
        people = {p.id: p for p in [*await shift.on_duty(session, one.number), *called] if p.leads(now)}
        for person in people.values():
            fields = {"posts": posts, "deciders": deciders, "shift": one.name}
            await self._desk.tell(session, person, "clock.get_help", **fields)

    async def _scenes(self, now: datetime) -> int:
        """The longest wait for a scene is over."""
        due = await self._ids(
            Post.wait == Wait.SCENE, col(Post.wait_over_at).is_(None), col(Post.wait_until) <= now,
            col(Post.state).in_((PostState.WAITING, PostState.APPROVED)),
        )  # fmt: skip
        await each(due, lambda post_id: self._scene_over(post_id, now))
        return len(due)

    async def _scene_over(self, post_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            await waits.clear_scene(session, post, None, now)
            await self._desk.changed(session, post, now)

    async def _waiting(self, now: datetime) -> int:
        """Nobody has decided: remind, fetch others, in the end expire."""
        first = timedelta(minutes=min(*self._desk.times.reminder_minutes, self._desk.times.expiry_minutes))
        waiting = await self._ids(
            Post.state == PostState.WAITING, col(Post.clock_from) <= now - first, col(Post.lesson).is_(False)
        )
        return sum(await each(waiting, lambda post_id: self._grown_older(post_id, now)))

    async def _grown_older(self, post_id: int, now: datetime) -> bool:
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            if post.state is not PostState.WAITING or post.clock_from is None:
                return False
            return await self._older(session, post, now - post.clock_from, now)

    async def _older(self, session: AsyncSession, post: Post, age: timedelta, now: datetime) -> bool:
        minutes = age.total_seconds() / 60
        held = post.claimed_until is not None and post.claimed_until > now
        if minutes >= self._desk.times.expiry_minutes and approval.holds(post):
            countdown.stop(post)  # it begins anew when its condition is met
            return False
        if minutes >= self._desk.times.expiry_minutes and not held:
            await queue.expire(session, post, now)
            await self._desk.changed(session, post, now)
            await self._desk.tell_author(session, post, "clock.expired")
            return True
        level = sum(minutes >= limit for limit in self._desk.times.reminder_minutes)
        if level <= post.level:
            return False
        post.level = level
        await queue.note(session, post, f"level {level}", None, now)
        await self._desk.changed(session, post, now)
        for person in await self._desk.deciders(session, post, now):
            await self._desk.tell(session, person, LEVELS[level - 1], number=post.number, minutes=int(minutes))
        return True

    async def _claims(self, now: datetime) -> int:
        """Whoever was on a post has let the time for it pass: the others see that it is free."""
        over = await self._ids(Post.state == PostState.WAITING, col(Post.claimed_until) <= now)
        await each(over, lambda post_id: self._let_go(post_id, now))
        return len(over)

    async def _let_go(self, post_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            if post.claimed_until is not None and post.claimed_until <= now:
                queue.release_claim(post)
                await session.flush()
                await outbox.touch(session, post_id, SlotKind.DECIDER, SlotKind.ORIGINAL)
                await outbox.touch(session, post.shift_id, SlotKind.QUEUE)

    async def _undo_over(self, now: datetime) -> int:
        """The undo window of an approved post that still waits has passed: its button goes."""
        over = await self._ids(
            Post.state == PostState.APPROVED,
            col(Post.undo_until) <= now,
            col(Post.undo_until) > now - timedelta(seconds=3),
        )
        if over:
            async with self._database.transaction() as session:
                for post_id in over:
                    await outbox.touch(session, post_id, SlotKind.DECIDER)
        return 0

    async def _shifts(self, now: datetime) -> int:
        """A shift whose time is over ends by itself; whoever closed or outlived it gets the handover."""
        async with self._database.reading() as session:
            due = [s.number for s in await shift.ended_due(session, now)]
            statement = select(Shift.id).where(Shift.state == ShiftState.ENDED, col(Shift.handed_over).is_(False))
            ended = [i for i in (await session.exec(statement)).all() if i is not None]
        await each(due, lambda shift_id: self._end(shift_id, now))
        await each(ended, lambda shift_id: self._ended(shift_id, now))
        return len(due) + len(ended)

    async def _end(self, shift_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            one = await session.get_one(Shift, shift_id, populate_existing=True)
            if one.state in (ShiftState.LIVE, ShiftState.FROZEN):
                await shift.end(session, one, now)

    async def _ended(self, shift_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            await self._hand_over(session, shift_id, now)

    async def _hand_over(self, session: AsyncSession, shift_id: int, now: datetime) -> None:
        one = await session.get_one(Shift, shift_id, populate_existing=True, with_for_update=True)
        if one.handed_over:
            return
        one.handed_over = True
        left = await queue.locked_all(session, [post.id or 0 for post in await queue.waiting(session, shift_id)])
        if not await recap.drafted(session, one):
            await recap.draft(session, self._desk, one, self._zone, now)  # writes to the audit, and so before any card
        # Who was on it decides no more: what still waits comes at once to those who may.
        for post in left.values():
            await self._desk.changed(session, post, now)
        statement = select(shift.Duty.officer_id).where(shift.Duty.shift_id == shift_id).distinct()
        for officer_id in (await session.exec(statement)).all():
            person = await session.get_one(Officer, officer_id)
            for account in await roster.accounts(session, person.id):
                if person.leads(now):
                    await outbox.living(session, account, SlotKind.HANDOVER, shift_id)
                else:
                    await outbox.tell(session, [account], "command.shift_ended", shift=one.name)
        await outbox.touch(session, shift_id, SlotKind.SHIFT)

    async def _recaps(self, now: datetime) -> int:
        """What a recap tells once more was recalled or corrected: it goes, and is drafted anew."""
        async with self._database.reading() as session:
            found = await retelling.outdated(session, now)
        await each(found, lambda recap_id: self._retold(recap_id, now))
        return 0

    async def _retold(self, recap_id: int, now: datetime) -> None:
        async with self._database.transaction() as session:
            await retelling.tell_anew(session, self._desk, recap_id, self._zone, now)

    async def _ids(self, *conditions: ColumnElement[bool] | bool) -> list[int]:
        async with self._database.reading() as session:
            found = await session.exec(select(Post.id).where(*conditions))
            return [i for i in found.all() if i is not None]
