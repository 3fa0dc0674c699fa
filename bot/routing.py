"""Routing: who sees a reply of the public. Life risk first; nothing is ever hidden from the public here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import alarm, fixed_answer, outbox, similar
from bot.outbox import Slot, SlotKind
from bot.reply import REPLIES, Reply, ReplyState
from bot.triage import Triage, Triaged
from bot.triage_labels import LIFE_RISK, Route, Severity
from bot.triage_model import Shares
from bot.triage_union import union
from moderation import audit, queue
from moderation.post import Post
from moderation.template import Templates
from shifts import roster
from shifts.officer import Account, Officer, Role
from shifts.shift import current_shift, on_duty

KEPT_FROM: Final = Severity.ABUSIVE
"""From this severity on a reply that would go to an officer is kept from them; it stays on record and is listed."""
WAIT: Final = timedelta(seconds=5)
"""How long a reply waits for the second judge before it goes on without."""
_WAITS: Final = (ReplyState.NEW, ReplyState.SHOWN)
_DESKS: Final = {Route.INSPECTOR: Role.INSPECTOR, Route.TIPS: Role.TIPS, Route.PRESS: Role.PRESS}


@dataclass(frozen=True, slots=True)
class Routing:
    """Judges a stored reply and puts it on the right phones, in the caller's transaction.

    `wait`: how long a reply that no rule calls an emergency waits for the second judge; None where there is none."""

    triage: Triage
    templates: Templates
    wait: timedelta | None = None

    async def take(self, session: AsyncSession, reply: Reply, language: str | None, now: datetime) -> None:
        """Judge a new reply by the rules. Life risk is told at once; everything else waits for the second judge."""
        triaged = self.triage.triage(reply.text, language)
        if self.wait is not None:
            reply.weigh_by = now + self.wait
        follows = await alarm.of_author(session, reply, now) is not None
        if self.wait is None or triaged.life_risk or follows:
            await self._settle(session, reply, triaged, now, follows=follows)
        else:
            self._keep(reply, triaged, follows)

    async def weighed(self, session: AsyncSession, reply_id: int, text: str, shares: Shares, now: datetime) -> None:
        """The second judge has weighed these words of a reply: both together decide. A late word only ever adds."""
        reply, follows = await _locked(session, reply_id, now)
        if reply.text != text or (reply.weigh_by is None and not reply.alone):
            return
        waits = reply.state in _WAITS
        late, reply.weigh_by, reply.alone = reply.alone, None, False
        triaged = self.triage.triage(reply.text, reply.language)
        both = union(triaged, shares, self.triage.bars, self.triage.ways)
        if reply.alarm_id is not None:
            await self._freed(session, reply, shares, now, late=late)
        elif both.life_risk or not late:
            await self._settle(session, reply, both, now, follows=follows)
        else:
            await self._add(session, reply, both, now, look=both.look)
        if late:
            await outbox.touch(session, reply.id, SlotKind.REPLY, SlotKind.DESK)
        await _parted(session, reply, waits, now)

    async def alone(self, session: AsyncSession, reply_id: int, now: datetime) -> None:
        """The second judge did not weigh a reply in time: the rules decide alone, and a person sees it."""
        reply, follows = await _locked(session, reply_id, now)
        if reply.weigh_by is None or reply.weigh_by > now:
            return
        reply.weigh_by, reply.alone = None, self.wait is not None
        if reply.alarm_id is None:
            await self._settle(session, reply, self.triage.triage(reply.text, reply.language), now, follows=follows)
        else:
            await self._freed(session, reply, None, now, late=False)

    async def held(self, session: AsyncSession, reply_id: int, now: datetime) -> Reply:
        """A reply, locked in the order in which everybody locks."""
        return (await _locked(session, reply_id, now))[0]

    async def edited(self, session: AsyncSession, reply: Reply, now: datetime) -> None:
        """Its author has changed the words, which is recorded: both judges look again, and only ever add."""
        waits = reply.state in _WAITS
        triaged = self.triage.triage(reply.text, reply.language)
        if triaged.life_risk and reply.alarm_id is None:
            await self._settle(session, reply, triaged, now, follows=False)
            if triaged.severity.degree >= KEPT_FROM.degree:
                await _taken(session, reply, now)
        elif reply.weigh_by is None:
            await self._add(session, reply, triaged, now, look=triaged.doubt)
            if reply.route is Route.KEPT and not reply.aside:
                await kept(session, reply, await session.get_one(Post, reply.post_id))
            reply.alone = self.wait is not None
        await _parted(session, reply, waits, now)

    async def _add(self, session: AsyncSession, reply: Reply, triaged: Triaged, now: datetime, *, look: bool) -> None:
        """What was judged already is judged anew: an officer may have to be spared it, the control room may look."""
        reply.severity = max(reply.severity, triaged.severity, key=lambda severity: severity.degree)
        route = route_of(triaged)
        if reply.route in (Route.OFFICER, Route.KEPT) and route not in (Route.OFFICER, reply.route):
            reply.about, reply.ground, reply.route = triaged.about.value, triaged.ground, route
            reply.scores = {about.value: score for about, score in triaged.scores.items()}
            await _record(session, now, "reply routed", reply)
            await _taken(session, reply, now)
            await self._show(session, reply, await session.get_one(Post, reply.post_id), None, now)
        if look and not reply.look:
            reply.look = reply.doubt = True
            await _record(session, now, "reply to look at", reply)
            await to_look(session, reply)

    async def _freed(
        self, session: AsyncSession, reply: Reply, shares: Shares | None, now: datetime, *, late: bool
    ) -> None:
        """Of a false alarm, what both judges make of it: a tip is no less one for it, nor is a threat."""
        one = await session.get_one(alarm.Alarm, reply.alarm_id, populate_existing=True)
        if not one.false:
            return
        calm = self.triage.calmed(self.triage.triage(reply.text, reply.language))
        if shares is not None:
            besides = {about: 0.0 if about in LIFE_RISK else share for about, share in shares.items()}
            calm = union(calm, besides, self.triage.bars, self.triage.ways)
        if late:
            await self._add(session, reply, calm, now, look=False)
            return
        before = reply.route
        reply.severity = max(reply.severity, calm.severity, key=lambda severity: severity.degree)
        reply.about, reply.ground, reply.route = calm.about.value, calm.ground, route_of(calm)
        await _record(session, now, "reply routed", reply)
        if before is Route.OFFICER and reply.route is not before:
            await _taken(session, reply, now)
        if reply.route is not Route.OFFICER or reply.state in _WAITS:
            await self._show(session, reply, await session.get_one(Post, reply.post_id), None, now)

    async def _settle(
        self, session: AsyncSession, reply: Reply, triaged: Triaged, now: datetime, *, follows: bool
    ) -> None:
        """Say the fixed text if it has one, and route it."""
        self._keep(reply, triaged, follows)
        post = await session.get_one(Post, reply.post_id)
        urgent = reply.route is Route.CONTROL and (follows or reply.about in LIFE_RISK)
        single = urgent or reply.look or reply.alone or reply.aside  # it goes its own way, whatever it resembles
        first = None if single else await similar.leader(session, reply, now)
        if first is not None:
            await similar.join(session, reply, first)  # another row: locked before anything is recorded
        await _record(session, now, "reply routed", reply)
        if first is not None:
            await outbox.touch(session, first.id, SlotKind.REPLY, SlotKind.DESK)
        if triaged.template is not None:
            await fixed_answer.want(session, self.templates, triaged.template, reply, post, now)
        if urgent:
            await alarm.raise_for(session, reply, now)
        else:
            await self._show(session, reply, post, first, now)

    def _keep(self, reply: Reply, triaged: Triaged, follows: bool) -> None:
        reply.about = triaged.about.value
        reply.scores = {about.value: score for about, score in triaged.scores.items()}
        reply.severity, reply.ground = triaged.severity, triaged.ground
        reply.language = triaged.language
        reply.doubt, reply.look = triaged.doubt or triaged.look, triaged.look
        reply.route = Route.CONTROL if follows else route_of(triaged)

    async def _show(self, session: AsyncSession, reply: Reply, post: Post, first: Reply | None, now: datetime) -> None:
        if reply.aside and reply.route in (Route.OFFICER, Route.KEPT):
            await _left(session, reply)
        elif reply.route is Route.KEPT:
            await kept(session, reply, post)
            if reply.alone:
                await to_people(session, reply, Role.PRESS)
        elif first is not None:
            await _left(session, reply)
        elif reply.route is Route.OFFICER:
            await to_officer(session, reply, post, now)
        else:
            await to_desk(session, reply)
        if reply.look:
            await to_look(session, reply)


async def _locked(session: AsyncSession, reply_id: int, now: datetime) -> tuple[Reply, bool]:
    """A reply, and whether its author has called for help lately; its post and that alarm are locked before it."""
    known = await session.get_one(Reply, reply_id)
    await queue.locked(session, known.post_id)
    follows = await alarm.of_author(session, known, now) is not None
    reply = await session.get_one(Reply, reply_id, with_for_update=True, populate_existing=True)
    await similar.hold(session, reply)
    return reply, follows


def route_of(triaged: Triaged) -> Route:
    """Where it goes: as its label says, and never to an officer if it is too hard on them."""
    if triaged.route is Route.OFFICER and triaged.severity.degree >= KEPT_FROM.degree:
        return Route.KEPT
    return triaged.route


async def to_officer(session: AsyncSession, reply: Reply, post: Post, now: datetime) -> None:
    """To the officer who wrote; if they are off shift, to the sergeants of the shift, else to the press office.

    Whose accreditation has lapsed cannot answer."""
    author = await session.get_one(Officer, post.author_id)
    here = await current_shift(session, author.id)
    people = [author] if here is not None and author.active and author.accredited(now) else []
    people = people or [p for p in await on_duty(session, post.shift_id, Role.SERGEANT) if p.accredited(now)]
    people = people or await roster.with_role(session, Role.PRESS)
    reply.officer_id = people[0].id if people else None
    for account in await _accounts(session, people):
        await outbox.living(session, account, SlotKind.REPLY, reply.id)


async def to_desk(session: AsyncSession, reply: Reply) -> None:
    """To the desk that deals with it, and to nobody else. A desk that nobody sits at leaves it to the press office."""
    await to_people(session, reply, Role.CONTROL if reply.route is Route.CONTROL else _DESKS[reply.route])
    await alarm.escalated(session, reply)


async def to_look(session: AsyncSession, reply: Reply) -> None:
    """Besides whoever deals with it: the control room looks whether somebody is in danger."""
    await to_people(session, reply, Role.CONTROL)
    await outbox.touch(session, reply.id, SlotKind.REPLY, SlotKind.DESK)


async def to_people(session: AsyncSession, reply: Reply, role: Role) -> None:
    """A card about it to everybody with a role; to the press office if nobody has it."""
    people = await roster.with_role(session, role) or await roster.with_role(session, Role.PRESS)
    for account in await _accounts(session, people):
        await outbox.living(session, account, SlotKind.DESK, reply.id)


async def kept(session: AsyncSession, reply: Reply, post: Post) -> None:
    """On record and on the press office's list of the shift; on nobody's phone by itself."""
    await _left(session, reply)
    for account in await _accounts(session, await roster.with_role(session, Role.PRESS)):
        await outbox.living(session, account, SlotKind.KEPT, post.shift_id)
    await outbox.touch(session, post.shift_id, SlotKind.KEPT)


async def _taken(session: AsyncSession, reply: Reply, now: datetime) -> None:
    """Whoever was to answer it is spared its words; the press office, which lists what is kept, is not."""
    press = [person.id for person in await roster.with_role(session, Role.PRESS)]
    theirs = select(Slot).where(Slot.kind == SlotKind.REPLY, Slot.subject == reply.id, col(Slot.closed).is_(False))
    others = theirs.where(col(Slot.officer_id).not_in(press)).order_by(col(Slot.id)).with_for_update()
    for slot in (await session.exec(others)).all():
        slot.remove_at = now


async def stand_down(session: AsyncSession, one: alarm.Alarm, now: datetime) -> None:
    """It was a false alarm: what was written is judged once more, and goes where it would have gone without it."""
    for reply in await alarm.replies(session, one):
        reply.weigh_by, reply.alone = now + WAIT, False  # also what the rules rang for alone is judged anew


async def _parted(session: AsyncSession, reply: Reply, waits: bool, now: datetime) -> None:
    """Others were counted with a reply that is not what it was, and nobody had dealt with it: they show once more."""
    lead = reply if await similar.leave(session, reply) else None
    lead = lead or (await similar.part(session, reply) if waits else None)
    if lead is None or lead.route is Route.KEPT or lead.alarm_id is not None:
        return
    if lead.state is ReplyState.IGNORED:
        await REPLIES.move(session, lead, ReplyState.SHOWN)
    if lead.route is Route.OFFICER:
        await to_officer(session, lead, await session.get_one(Post, lead.post_id), now)
    else:
        await to_desk(session, lead)


async def _left(session: AsyncSession, reply: Reply) -> None:
    """Nobody is asked to answer this one."""
    if reply.state is ReplyState.NEW:
        await REPLIES.move(session, reply, ReplyState.SHOWN)
    if reply.state is ReplyState.SHOWN:
        await REPLIES.move(session, reply, ReplyState.IGNORED)


async def _accounts(session: AsyncSession, people: list[Officer]) -> list[Account]:
    return [account for person in people for account in await roster.accounts(session, person.id)]


async def _record(session: AsyncSession, now: datetime, event: str, reply: Reply) -> None:
    facts = {"about": reply.about, "route": reply.route.value, "severity": reply.severity.value}
    await audit.record(
        session, now, event, f"reply {reply.id}", None, network=reply.network, post=reply.post_id, **facts
    )
