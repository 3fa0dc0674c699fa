"""Fixed texts: whoever calls for help is answered, however long a network is away, and once for each incident."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

import pytest
from sqlmodel import col, select

from bot import fixed_answer
from bot.alarm import FOLLOWS, Alarm
from bot.delivery import GIVE_UP, UNENDED, Delivery, DeliveryState
from bot.fixed_answer import FIXED_ANSWERS, FixedAnswer
from bot.fixed_publishing import FixedPublisher
from bot.network import OUT_OF_CREDIT, Limits, Network, Published, SignedOut, TryLater, Unclear
from bot.outbox import SlotKind
from moderation.post import Post
from moderation.release import Release
from shifts.database import Database, utc_now
from tests.bot.fault_network import LIMITS
from tests.bot.replies_stage import Replies, a_scan, replies, shares

EMERGENCY: Final = "please help my husband has collapsed and is not breathing"
TIP: Final = "he sells drugs from the blue kiosk every friday, I can tell you his name"


@dataclass
class Away:
    """A network that says why it takes nothing, until it does."""

    trouble: Exception | None
    limits: Limits = LIMITS
    said: list[str | None] = field(default_factory=list)

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        if self.trouble is not None:
            raise self.trouble
        self.said.append(answers)
        return Published(f"said-{len(self.said)}", None, utc_now())


@dataclass
class Speaker:
    """The publisher of fixed texts, on a clock of its own."""

    night: Replies
    network: Away
    now: datetime = field(default_factory=utc_now)

    def publisher(self) -> FixedPublisher:
        return FixedPublisher(
            self.night.database,
            {"far": cast(Network, self.network)},
            self.night.routing.templates,
            a_scan(),
            lambda: None,
            lambda: self.now,
        )

    async def for_(self, seconds: float, step: float = 5.0) -> None:
        """Let it try as often as it likes for so long."""
        publisher = self.publisher()
        until = self.now + timedelta(seconds=seconds)
        while self.now <= until:
            await publisher.sweep(self.now, "far")
            self.now += timedelta(seconds=step)


@pytest.fixture
async def night(database: Database) -> Replies:
    return await replies(database)


async def texts(night: Replies) -> list[tuple[str, DeliveryState]]:
    async with night.database.reading() as session:
        found = (await session.exec(select(FixedAnswer).order_by(col(FixedAnswer.id)))).all()
        return [(one.template, one.state) for one in found]


@pytest.mark.parametrize("trouble", [TryLater(5.0), TryLater(5.0, OUT_OF_CREDIT), SignedOut()])
async def test_a_call_for_help_is_answered_when_its_network_is_back(night: Replies, trouble: Exception) -> None:
    await night.say(EMERGENCY)
    speaker = Speaker(night, Away(trouble))
    hours = 0.5 if getattr(trouble, "reason", OUT_OF_CREDIT) is None else 3
    await speaker.for_(hours * 3600, step=90.0)
    assert await texts(night) == [("emergency", DeliveryState.DUE)]
    speaker.network.trouble = None
    await speaker.for_(120)
    assert speaker.network.said == ["r0"]
    assert await texts(night) == [("emergency", DeliveryState.SENT)]


async def test_a_call_for_help_does_not_wait_for_a_day_because_its_network_asks_for_one(night: Replies) -> None:
    await night.say(EMERGENCY)
    speaker = Speaker(night, Away(TryLater(86_400.0)))
    await speaker.for_(60)
    speaker.network.trouble = None
    await speaker.for_(960)
    assert await texts(night) == [("emergency", DeliveryState.SENT)]


async def test_nobody_looks_for_a_text_of_a_killed_publisher_before_it_could_be_seen(night: Replies) -> None:
    await night.say(EMERGENCY)
    speaker = Speaker(night, Away(None, limits=replace(LIMITS, settle=45.0)))
    assert await speaker.publisher()._intend(1) is not None  # and here it was killed, amid its call
    speaker.now += timedelta(seconds=64)  # a call of 20 seconds, and 45 until it is surely seen
    assert await speaker.publisher()._intend(1) is None
    speaker.now += timedelta(seconds=2)
    begun = await speaker.publisher()._intend(1)
    assert begun is not None
    assert begun[0].state is DeliveryState.UNCLEAR


async def test_a_text_that_its_network_does_not_take_for_hours_is_given_up(night: Replies) -> None:
    await night.say(EMERGENCY)
    speaker = Speaker(night, Away(TryLater(5.0)))
    await speaker.for_((GIVE_UP + timedelta(minutes=5)).total_seconds(), step=60.0)
    assert await texts(night) == [("emergency", DeliveryState.STUCK)]


@pytest.mark.parametrize("failed", [DeliveryState.REFUSED, DeliveryState.STUCK])
async def test_who_got_no_text_gets_one_when_they_call_for_help_again(night: Replies, failed: DeliveryState) -> None:
    await night.say(EMERGENCY)
    async with night.database.transaction() as session:
        first = (await session.exec(select(FixedAnswer))).one()
        for state in (DeliveryState.SENDING, failed):
            await FIXED_ANSWERS.move(session, first, state)
    await night.say(TIP)
    await night.say("please help me, he is not breathing")
    assert await texts(night) == [("emergency", failed), ("emergency", DeliveryState.DUE)]
    async with night.database.reading() as session:
        alarm = (await session.exec(select(Alarm))).one()
        shown = await fixed_answer.of_alarm(session, alarm.id or 0)
    assert getattr(shown, "state", None) is DeliveryState.DUE


async def test_one_call_for_help_gets_one_text_wherever_its_author_writes(night: Replies) -> None:
    await night.say(EMERGENCY, answers=None)
    async with night.database.transaction() as session:
        first = await session.get_one(Post, 1)
        session.add(Post.model_validate({**first.model_dump(), "id": 2, "number": 2, "message": "2"}))
        await session.flush()
        told: dict[str, Any] = {
            "post_id": 2,
            "network": "far",
            "key": "k2",
            "published_id": "far-2",
            "due_at": utc_now(),
        }
        session.add(Delivery(state=DeliveryState.SENT, **told))
    await night.say("please help me, he is not breathing", answers=None)
    await night.say(TIP, answers="far-2")
    assert await texts(night) == [("emergency", DeliveryState.DUE)]
    async with night.database.transaction() as session:
        for row in [*(await session.exec(select(FixedAnswer))).all()]:
            row.made_at -= FOLLOWS
    await night.say(EMERGENCY, answers=None)
    assert [name for name, _ in await texts(night)] == ["emergency", "emergency"]


async def test_who_told_something_and_then_calls_for_help_in_the_same_words_gets_the_text_for_that(
    night: Replies,
) -> None:
    """The author changes the words of a reply that got another text: the alarm must not fail over it."""
    told = await night.say(TIP)
    await night.weigh(shares(tip=0.9))
    async with night.database.transaction() as session:
        now = utc_now()
        reply = await night.routing.held(session, told, now)
        reply.text, reply.edited_at = EMERGENCY, now
        await night.routing.edited(session, reply, now)
    assert [name for name, _ in await texts(night)] == ["tip", "emergency"]
    assert await night.phones(1, SlotKind.ALARM) == {"control-room", "inspector-1"}


@pytest.mark.parametrize(
    ("trouble", "seconds"), [(TimeoutError(), UNENDED.total_seconds()), (Unclear(), LIMITS.settle)]
)
async def test_nobody_looks_for_a_text_while_the_call_that_was_given_up_may_still_go_on(
    night: Replies, trouble: Exception, seconds: float
) -> None:
    await night.say(EMERGENCY)
    speaker = Speaker(night, Away(trouble))
    before = speaker.now
    await speaker.for_(0)
    async with night.database.reading() as session:
        text = (await session.exec(select(FixedAnswer))).one()
    assert (text.state, text.not_before) == (DeliveryState.UNCLEAR, before + timedelta(seconds=seconds))
