"""Publishing: the jobs of the publish process. Intent, call, outcome; after any doubt, look before anything else."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, delivery, outbox, smaller, thread, trouble
from bot.carrying import carry, take_back
from bot.correcting import Aim
from bot.delivery import BUSY, DELIVERIES, PAUSED, SIGNED_OUT, STUCK_AFTER, UNENDED, Delivery, DeliveryState, patience
from bot.desk import DELIVER
from bot.engine import Engine, Lane
from bot.network import SOON, Network, Published, Refused, SignedOut, TryLater, Unclear
from bot.outbox import SlotKind
from bot.trouble import LOOKS
from moderation import agreement, approval, audit, queue
from moderation.decision import NotAllowed
from moderation.post import POSTS, Post, PostState, pictures
from moderation.release import Release
from moderation.scan import Scan
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift

SIGNED_OUT_SECONDS: Final = 60.0
PATIENCE: Final = timedelta(seconds=30)
"""After so long (and LOOKS) somebody is asked whether it is there."""
TOO_LONG: Final = 600.0
"""Seconds: somebody is told at once of a network that asks for so much patience; with a recall it will not do it."""
SAY: Final = "paused"
IN_A_ROW: Final = 20
"""How many deliveries one job takes on before others have their turn."""
CALLS_AT_ONCE: Final = 2
"""To one network from one process. Fewer than the engine's jobs, so that one that hangs leaves room for the others."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """`call`: the longest a call may take. `settle`: so long nobody looks for what a network may have accepted, instead
    of as long as it says itself (`Limits.settle`); `unended`: that time after a call that was given up. `again`: when a
    job that was lost is made anew. `luck` gives from 0 to 1, to spread what would all be tried again at once."""

    call: timedelta = timedelta(seconds=30)
    settle: timedelta | None = None
    unended: timedelta = UNENDED
    again: timedelta = timedelta(seconds=5)
    luck: Callable[[], float] = lambda: 0.0


class Publisher:
    """Delivers releases. Holds no vault key and loads no models."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        networks: Mapping[str, Network],
        scan: Scan,
        lease: timedelta,
        changed: Callable[[], None],
        *,
        clock: Callable[[], datetime] = utc_now,
        pace: Pace = Pace(),
    ) -> None:
        if lease <= pace.call:
            raise ValueError("the lease must be longer than a call may take")
        self._database = database
        self._engine = engine
        self._networks = networks
        self._scan = scan
        self._lease = lease
        self._changed = changed
        self._clock = clock
        self._pace = pace
        self._calling: Counter[str] = Counter()

    async def sweep(self, now: datetime) -> int:
        """Enqueue a job for every delivery that is due; gives how many."""
        async with self._database.reading() as session:
            if not await delivery.to_do(session, now, self._pace.again, limit=1):
                return 0
        async with self._database.transaction() as session:
            due = await delivery.to_do(session, now, self._pace.again)
            for row in due:
                row.asked_at, row.asks = now, row.asks + 1
                await session.flush()
                # With the time: after an undo another delivery may have the same id, and a job runs once for a key.
                key = f"deliver-{row.id}-{row.asks}-{int(now.timestamp() * 1000)}"
                await self._engine.enqueue(session, DELIVER, Lane.DELIVERIES, row.id or 0, key=key)
        return len(due)

    async def deliver(self, delivery_id: int) -> None:
        """Job: take one delivery as far as it goes now, and then what else is due on its network."""
        async with self._database.reading() as session:
            found = await session.get(Delivery, delivery_id)
        if found is None or found.network not in self._networks or self._calling[found.network] >= CALLS_AT_ONCE:
            return
        self._calling[found.network] += 1
        try:
            await self._line(delivery_id)
        finally:
            self._calling[found.network] -= 1

    async def _line(self, first: int) -> None:
        waiting: list[int] = [first]
        for _ in range(IN_A_ROW):
            step = await self._first(waiting)
            if step is None:
                return
            row, release = step
            await self._call(row, release)
            now = self._clock()
            async with self._database.reading() as session:
                heads = await delivery.to_do(session, now, timedelta(), CALLS_AT_ONCE + 1, row.network)
            waiting = [head.id or 0 for head in heads]

    async def _first(self, waiting: Sequence[int]) -> tuple[Delivery, Release | None] | None:
        """The first of these that nobody else is on."""
        for delivery_id in waiting:
            step = await self._intend(delivery_id)
            if step is not None:
                return step
        return None

    async def _call(self, row: Delivery, release: Release | None) -> None:
        network = self._networks[row.network]
        if release is not None and row.smaller:
            release = await smaller.cut(release, row.offer, self._scan.media)
        match row.state:
            case DeliveryState.SENDING if release is not None:
                await self._send(network, row, release)
            case DeliveryState.UNCLEAR if release is not None:
                await self._look(network, row, release)
            case _:
                await self._withdraw(network, row, release)

    # The intent

    async def _intend(self, delivery_id: int) -> tuple[Delivery, Release | None] | None:
        """Commit what is about to be done, under a lease; None if there is nothing to do now."""
        now = self._clock()
        async with self._database.transaction() as session:
            found = await session.get(Delivery, delivery_id)
            if found is None:
                return None
            # Always the post first: everybody who moves both does it in this order.
            post = await queue.locked(session, found.post_id)
            row = await session.get(Delivery, delivery_id, with_for_update=True, populate_existing=True)
            if row is None:
                return None  # its approval was void just then
            if row.lease_until and row.lease_until > now:
                return None
            if row.state is DeliveryState.SENDING:
                # Whoever sent it did not live to say what came of it: it may be there.
                await DELIVERIES.move(session, row, DeliveryState.UNCLEAR, lease_until=None)
            if row.state is DeliveryState.DUE and not await self._start(session, row, post, now):
                return None
            if row.state not in (DeliveryState.SENDING, DeliveryState.UNCLEAR, DeliveryState.RECALLING):
                return None
            row.lease_until = now + self._lease
            if row.state is DeliveryState.SENDING:
                # Whoever dies amid the call leaves nothing else behind: nobody looks before it could surely be seen.
                row.lease_until = now + max(self._lease, self._pace.call + self._settle(self._networks[row.network]))
            if row.state is DeliveryState.RECALLING:
                return row, await self._left(session, row, post) if trouble.by_hand(row) else None
            looking = row.state is DeliveryState.UNCLEAR
            return row, await (self._left if looking else self._release)(session, row, post)

    async def _start(self, session: AsyncSession, row: Delivery, post: Post, now: datetime) -> bool:
        """Due: the last questions, then the intent."""
        shift = await session.get_one(Shift, post.shift_id, populate_existing=True)
        aim = await correcting.aim(session, row, post)
        if post.state in (PostState.WITHDRAWN, PostState.RECALLED) or aim is Aim.GONE:
            await self._stop(session, row, post, now)
            return False
        if aim is Aim.EARLY:
            row.asked_at, row.not_before = None, now + self._pace.again
            return False
        if not delivery.may_leave(post, shift, now) or await delivery.earlier_open(session, row, post):
            row.asked_at = None
            return False
        if row.answers is None and self._networks[row.network].limits.under_opener:
            row.answers = await delivery.opener(session, row, post)
        try:
            release = await self._release(session, row, post)
            await self._scan.check(release)
        except NotAllowed as refusal:
            _log.error("a release was refused", extra={"delivery": row.id, "reason": refusal.sentence})
            await DELIVERIES.move(session, row, DeliveryState.CANCELLED, reason=refusal.sentence)
            unsent = post.state is PostState.APPROVED
            if unsent:
                # Nothing of it has left, and nothing of it will: whoever decides can mend it, or send it back.
                await delivery.unplan(session, post, but=row)
                await queue.void(session, post, now, reason=refusal.sentence)
            await self._told(session, post, "refused", row)
            if unsent:
                await outbox.touch(session, post.shift_id, SlotKind.QUEUE)
            return False
        if post.state is PostState.APPROVED:
            await POSTS.move(session, post, PostState.RELEASED)
        first = row.first_sent_at or now
        await DELIVERIES.move(session, row, DeliveryState.SENDING, tries=row.tries + 1, first_sent_at=first)
        if thread.told(release, row, self._networks[row.network].limits):
            await DELIVERIES.move(session, row, DeliveryState.SENT, asked_at=None, reason=None)
            await self._told(session, post, DeliveryState.SENT.value, row)
            return False
        await audit.record(
            session, now, "sending", f"post {post.number}", None, network=row.network, content=release.content
        )
        return True

    async def _stop(self, session: AsyncSession, row: Delivery, post: Post, now: datetime) -> None:
        """It will not go out; somebody is told where wrong words stay public for it."""
        wanted = post.corrects is not None and post.state not in (PostState.WITHDRAWN, PostState.RECALLED)
        await DELIVERIES.move(session, row, DeliveryState.RECALLING if row.parts else DeliveryState.CANCELLED)
        if wanted and await delivery.unsaid(session, row, post):
            await audit.record(session, now, "cancelled", f"post {post.number}", None, network=row.network)
            await self._told(session, post, "refused", row)

    async def _release(self, session: AsyncSession, row: Delivery, post: Post) -> Release:
        decision = await queue.publish_decision(session, post)
        if decision is None:
            raise NotAllowed("queue.not_approved")
        author = await session.get_one(Officer, post.author_id, populate_existing=True)
        shown = await pictures(session, post)
        await agreement.check(session, post, shown)
        release = approval.release(post, decision, shown, row.network, author.byline)
        return replace(release, leaves_at=row.first_sent_at)

    async def _left(self, session: AsyncSession, row: Delivery, post: Post) -> Release:
        """What may have left, to look for it: also of a post that has been recalled since."""
        decision = await queue.publish_decision(session, post)
        if decision is None:
            raise NotAllowed("queue.not_approved")
        release = approval.what_left(post, decision, await pictures(session, post), row.network)
        return replace(release, leaves_at=row.first_sent_at)

    # The call

    async def _send(self, network: Network, row: Delivery, release: Release) -> None:
        handed = thread.piece(release, row, network.limits)
        try:
            await self._scan.check(handed)
            async with asyncio.timeout(self._pace.call.total_seconds()):
                published = await carry(network, handed, row)
        except NotAllowed as refusal:
            _log.error("a release was refused", extra={"delivery": row.id, "reason": refusal.sentence})
            await self._outcome(row, DeliveryState.REFUSED, reason=refusal.sentence, smaller=False)
        except TryLater as later:
            await self._again(row, later.wait, later.reason)
        except Refused as refused:
            whole = not release.thread
            offered = smaller.offer(refused.reason, release, network.limits, self._scan.media) if whole else {}
            values = {"reason": refused.reason, "offer": {**row.offer, **offered} if offered else {}, "smaller": False}
            await self._outcome(row, DeliveryState.REFUSED, **values)
        except SignedOut:
            await self._again(row, SIGNED_OUT_SECONDS, SIGNED_OUT)
        except Unclear:
            await self._outcome(row, DeliveryState.UNCLEAR, not_before=self._clock() + self._settle(network))
        except TimeoutError:
            ended = self._clock() + max(self._settle(network), self._pace.unended)
            await self._outcome(row, DeliveryState.UNCLEAR, not_before=ended)
        else:
            await self._sent(row, published, thread.goes_on(release, row, network.limits))

    def _settle(self, network: Network) -> timedelta:
        return self._pace.settle or timedelta(seconds=network.limits.settle)

    async def _look(self, network: Network, row: Delivery, release: Release) -> None:
        """It may have been published: ask before anything else."""
        since = (row.first_sent_at or self._clock()) - timedelta(minutes=2)
        try:
            async with asyncio.timeout(self._pace.call.total_seconds()):
                there = await network.find(thread.piece(release, row, network.limits), thread.key(row), since)
        except (TryLater, SignedOut, Unclear, TimeoutError) as error:
            wait = error.wait if isinstance(error, TryLater) else self._settle(network).total_seconds()
            await self._keep(row, self._clock() + timedelta(seconds=min(wait, SOON)))
            await self._ask_somebody(row, shut=isinstance(error, SignedOut) or wait >= TOO_LONG)
            return
        if there is None:
            # A picture or a video that never comes through in time must not keep the line for the whole night. However
            # often its network was away meanwhile, that does not speak against the post.
            vanished = row.vanished + 1
            state = DeliveryState.STUCK if vanished >= STUCK_AFTER else DeliveryState.DUE
            await self._outcome(row, state, reason=None, vanished=vanished)
        else:
            await self._sent(row, there, thread.goes_on(release, row, network.limits))

    async def _ask_somebody(self, row: Delivery, *, shut: bool) -> None:
        """Looking has failed again and again, or will for long (`shut`): a person may know, and the line behind it
        waits. Of a post that was recalled meanwhile, the words may be public."""
        early = row.tries < LOOKS or row.first_sent_at is None or row.first_sent_at > self._clock() - PATIENCE
        if early and not shut:
            return
        async with self._database.transaction() as session:
            post = await queue.locked(session, row.post_id)
            await trouble.bring(session, post, row, self._clock())
        self._changed()

    async def _withdraw(self, network: Network, row: Delivery, release: Release | None) -> None:
        since = (row.first_sent_at or self._clock()) - timedelta(minutes=2)
        try:
            async with asyncio.timeout(self._pace.call.total_seconds()):
                gone, asked, shut = await take_back(network, row, release, since), None, False
        except (TryLater, SignedOut, Unclear, TimeoutError) as error:
            gone, asked = False, error.wait if isinstance(error, TryLater) else None
            shut = isinstance(error, SignedOut) or (asked or 0) >= TOO_LONG
        if gone:
            await self._outcome(row, DeliveryState.RECALLED)
            return
        tries = max(row.tries, LOOKS) if shut else row.tries
        await self._keep(row, self._clock() + patience(row.tries, asked, self._pace.luck()), tries + 1)
        if tries >= LOOKS:
            await self._ask_for_a_hand(row, known=trouble.to_delete(row))

    async def _ask_for_a_hand(self, row: Delivery, *, known: bool) -> None:
        """We cannot find or reach it: only a person can take it away. `known`: they were asked, and their card stands
        as it did; who has come since is asked as well."""
        async with self._database.transaction() as session:
            post = await queue.locked(session, row.post_id)
            await (trouble.bring_to_others if known else trouble.bring)(session, post, row, self._clock())
        self._changed()

    # The outcome

    async def _sent(self, row: Delivery, published: Published, goes_on: bool) -> None:
        """It is there; of a thread that goes on, the next post is due at once."""
        first = {"published_id": published.id or None, "url": published.url, "published_at": published.at}
        if not row.parts and not goes_on:
            await self._outcome(row, DeliveryState.SENT, **first, reason=None)
            return
        values = {
            **({} if row.parts else first),
            "parts": [*row.parts, published.id],
            "tries": 0,
            "vanished": 0,
            "reason": None,
        }
        await self._outcome(row, DeliveryState.DUE if goes_on else DeliveryState.SENT, **values)

    async def _again(self, row: Delivery, wait: float, reason: str | None = None) -> None:
        """Nothing was published. After many tries in hours a person has to look; an account that has to be mended is
        waited for."""
        now, reason = self._clock(), reason or (BUSY if wait >= TOO_LONG else None)
        if delivery.hopeless(row.tries, row.first_sent_at, now) and reason is None:
            await self._outcome(row, DeliveryState.STUCK, reason=reason)
        else:
            later = now + patience(row.tries, wait, self._pace.luck())
            # "Later" alone does not say that our account works again: nobody is told of the same trouble twice.
            still = row.reason if row.reason in PAUSED else None
            # A pause is nothing that speaks against the post.
            tries = row.tries if reason is None else max(row.tries - 1, 1)
            await self._outcome(row, DeliveryState.DUE, not_before=later, reason=reason or still, tries=tries)

    async def _keep(self, row: Delivery, not_before: datetime, tries: int | None = None) -> None:
        async with self._database.transaction() as session:
            kept = await session.get_one(Delivery, row.id, with_for_update=True, populate_existing=True)
            kept.lease_until, kept.not_before, kept.asked_at = None, not_before, None
            kept.tries = kept.tries + 1 if tries is None else tries

    async def _outcome(self, row: Delivery, state: DeliveryState, **values: object) -> None:
        now = self._clock()
        async with self._database.transaction() as session:
            post = await queue.locked(session, row.post_id)
            there = await session.get_one(Delivery, row.id, with_for_update=True, populate_existing=True)
            if there.state is not row.state:
                return  # a slow answer: somebody took the row over after the lease and found out already
            await DELIVERIES.move(session, there, state, lease_until=None, asked_at=None, **values)
            await delivery.follow(session, post, there)
            await audit.record(session, now, state.value, f"post {post.number}", None, network=there.network)
            newly = delivery.paused(there) and there.reason != row.reason
            await self._told(session, post, SAY if newly else state.value, there)
        self._changed()

    async def _told(self, session: AsyncSession, post: Post, what: str, row: Delivery) -> None:
        """Every card of the post tells it; what needs a hand is also said to the shift's sergeants."""
        for subject in (post.id, post.corrects):
            if subject is not None:
                await outbox.touch(session, subject, SlotKind.AUTHOR, SlotKind.DECIDER)
        await outbox.touch(session, post.shift_id, SlotKind.SHIFT, SlotKind.HANDOVER)
        needs_a_hand = what in (DeliveryState.REFUSED.value, DeliveryState.STUCK.value, SAY)
        if needs_a_hand and post.state is not PostState.RECALLED:
            await trouble.bring(session, post, row, self._clock())
        else:
            await outbox.touch(session, row.id, SlotKind.TROUBLE)
