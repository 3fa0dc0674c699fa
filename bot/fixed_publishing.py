"""Publishing fixed answers: intent, call, outcome; after any doubt, look before anything else."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot import fixed_answer, outbox
from bot.delivery import UNENDED, DeliveryState, hopeless, patience
from bot.fixed_answer import FIXED_ANSWERS, FixedAnswer
from bot.network import Network, Published, Refused, SignedOut, TryLater, Unclear
from bot.outbox import SlotKind
from bot.reply import Reply
from moderation import audit
from moderation.decision import NotAllowed
from moderation.release import Release
from moderation.scan import Scan
from moderation.template import Templates
from shifts.database import Database, utc_now

CALL_SECONDS: Final = 20.0
LEASE: Final = timedelta(seconds=40)
SIGNED_OUT_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


class FixedPublisher:
    """Says fixed answers on their networks, each once."""

    def __init__(
        self,
        database: Database,
        networks: Mapping[str, Network],
        templates: Templates,
        scan: Scan,
        changed: Callable[[], None],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._networks = networks
        self._templates = templates
        self._scan = scan
        self._changed = changed
        self._clock = clock

    async def sweep(self, now: datetime, network: str) -> int:
        """Take everything that is due on a network one step further; gives how many there were."""
        async with self._database.reading() as session:
            due = await fixed_answer.to_do(session, now, network)
        await asyncio.gather(*(self.step(answer_id) for answer_id in due))
        return len(due)

    async def step(self, answer_id: int) -> None:
        """Take one fixed answer as far as it goes now."""
        begun = await self._intend(answer_id)
        if begun is None:
            return
        answer, release = begun
        network = self._networks[answer.network]
        if answer.state is DeliveryState.SENDING:
            await self._send(network, answer, release)
        else:
            await self._look(network, answer, release)

    async def _intend(self, answer_id: int) -> tuple[FixedAnswer, Release] | None:
        """Commit what is about to be done, under a lease; None if somebody else is on it."""
        now = self._clock()
        async with self._database.transaction() as session:
            answer = await session.get_one(FixedAnswer, answer_id, with_for_update=True, populate_existing=True)
            if answer.network not in self._networks or (answer.lease_until and answer.lease_until > now):
                return None
            match answer.state:
                case DeliveryState.DUE:
                    if not await fixed_answer.may_leave(session, answer, self._templates):
                        return None
                    first = answer.first_sent_at or now
                    await FIXED_ANSWERS.move(
                        session, answer, DeliveryState.SENDING, tries=answer.tries + 1, first_sent_at=first
                    )
                case DeliveryState.SENDING:
                    await FIXED_ANSWERS.move(session, answer, DeliveryState.UNCLEAR)
                case DeliveryState.UNCLEAR:
                    pass
                case _:
                    return None
            call = timedelta(seconds=CALL_SECONDS)
            answer.lease_until = now + max(LEASE, call + _settle(self._networks[answer.network]))
            thread = await fixed_answer.thread_of(session, answer)
            release = self._templates.release(answer.template, thread, answer.language)
            return answer, replace(release, leaves_at=answer.first_sent_at)

    async def _send(self, network: Network, answer: FixedAnswer, release: Release) -> None:
        try:
            await self._scan.check(release)
            async with asyncio.timeout(CALL_SECONDS):
                published = await network.publish(release, answer.key, answer.answers)
        except TryLater as later:
            await self._again(answer, later.soon, until_mended=later.reason is not None)
        except SignedOut:
            await self._again(answer, SIGNED_OUT_SECONDS, until_mended=True)
        except (Refused, NotAllowed):
            await self._outcome(answer, DeliveryState.REFUSED)
        except Unclear:
            await self._outcome(answer, DeliveryState.UNCLEAR, not_before=self._clock() + _settle(network))
        except TimeoutError:
            await self._outcome(
                answer, DeliveryState.UNCLEAR, not_before=self._clock() + max(UNENDED, _settle(network))
            )
        else:
            await self._sent(answer, published)

    async def _look(self, network: Network, answer: FixedAnswer, release: Release) -> None:
        since = (answer.first_sent_at or self._clock()) - timedelta(minutes=2)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                there = await network.find(release, answer.key, since)
        except (TryLater, SignedOut, Unclear, TimeoutError):
            async with self._database.transaction() as session:
                kept = await session.get_one(FixedAnswer, answer.id, with_for_update=True, populate_existing=True)
                kept.lease_until, kept.not_before = None, self._clock() + _settle(network)
            return
        if there is None:
            await self._outcome(answer, DeliveryState.DUE)
        else:
            await self._sent(answer, there)

    async def _sent(self, answer: FixedAnswer, published: Published) -> None:
        await self._outcome(answer, DeliveryState.SENT, published_id=published.id, url=published.url)

    async def _again(self, answer: FixedAnswer, wait: float, *, until_mended: bool = False) -> None:
        """Nothing was said. As for a delivery: only after many tries in hours it is given up, and never while somebody
        has to mend our account."""
        now = self._clock()
        if not until_mended and hopeless(answer.tries, answer.first_sent_at, now):
            await self._outcome(answer, DeliveryState.STUCK)
        else:
            await self._outcome(answer, DeliveryState.DUE, not_before=now + patience(answer.tries, wait))

    async def _outcome(self, answer: FixedAnswer, state: DeliveryState, **values: object) -> None:
        now = self._clock()
        async with self._database.transaction() as session:
            there = await session.get_one(FixedAnswer, answer.id, with_for_update=True, populate_existing=True)
            if there.state is not answer.state:
                return  # a slow answer: somebody took it over after the lease and found out already
            await FIXED_ANSWERS.move(session, there, state, lease_until=None, **values)
            reply = await session.get_one(Reply, there.reply_id)
            about = {"template": there.template, "network": there.network}
            await audit.record(session, now, f"fixed text {state.value}", f"reply {reply.id}", None, **about)
            await outbox.touch(session, reply.alarm_id, SlotKind.ALARM)
        if state in (DeliveryState.REFUSED, DeliveryState.STUCK):
            _log.error("a fixed text did not get through", extra={"fixed_answer": answer.id, "state": state.value})
        self._changed()


def _settle(network: Network) -> timedelta:
    return timedelta(seconds=network.limits.settle)
