"""What is heard is kept, whatever strangers write; what cannot be kept keeps nothing else from being heard."""

from dataclasses import dataclass, replace
from typing import cast

import pytest
from sqlmodel import col, select

from bot import alarm, routing
from bot.alarm import Alarm
from bot.delivery import Delivery
from bot.hearing import TRIES, Ears
from bot.network import SOON, HeardPage, Network, TryLater
from bot.outbox import SlotKind
from bot.reply import Reply, ReplyCursor, ReplyState
from bot.routing import WAIT
from bot.triage import Triage, Triaged
from bot.triage_model import Shares
from shifts.database import Database, utc_now
from shifts.officer import Officer
from tests.bot.replies_stage import TRIAGE, Crowd, Replies, replies, shares

EMERGENCY = "please help my husband has collapsed and is not breathing"
TIP = "he sells drugs from the blue kiosk every friday, I can tell you his name"


@pytest.fixture
async def night(database: Database) -> Replies:
    return await replies(database)


@dataclass
class Stumbles:
    """The rules, which fail over one word in a way that nobody foresaw."""

    word: str

    def triage(self, text: str, language: str | None) -> Triaged:
        if self.word in text:
            raise ZeroDivisionError(text)
        return TRIAGE.triage(text, language)


async def kept(night: Replies) -> list[Reply]:
    async with night.database.reading() as session:
        return list((await session.exec(select(Reply).order_by(col(Reply.id)))).all())


async def test_words_that_a_database_cannot_hold_are_kept_without_what_it_cannot(night: Replies) -> None:
    night.says("Is the \x00bridge \ud83d open?", url="https://far.example/" + 600 * "a")
    await night.ears().listen("far")
    (reply,) = await kept(night)
    assert (reply.text, reply.url) == ("Is the bridge  open?", None)


async def test_a_reply_that_cannot_be_kept_keeps_no_cry_for_help_from_being_heard(
    night: Replies, caplog: pytest.LogCaptureFixture
) -> None:
    routing = replace(night.routing, triage=cast(Triage, Stumbles("zebra")))
    ears = Ears(night.database, {"far": cast(Network, night.crowd)}, routing, lambda: None)
    night.says("A zebra ran by.")
    night.says(EMERGENCY)
    for time in range(1, TRIES + 1):
        await ears.listen("far")
        async with night.database.reading() as session:
            assert len((await session.exec(select(Alarm))).all()) == 1
            assert (await session.get(ReplyCursor, "far") is not None) is (time == TRIES)
    async with night.database.reading() as session:
        assert (await session.get_one(ReplyCursor, "far")).cursor == "2"
    assert [reply.text for reply in await kept(night)] == [EMERGENCY]
    assert "zebra" not in caplog.text
    assert [getattr(record, "given_up", None) for record in caplog.records] == [False] * (TRIES - 1) + [True]


async def test_no_network_makes_us_deaf_for_hours_whatever_it_asks_for(night: Replies) -> None:
    class Busy(Crowd):
        async def replies(self, cursor: str | None) -> HeardPage:
            raise TryLater(86_400.0)

    ears = Ears(night.database, {"far": cast(Network, Busy())}, night.routing, lambda: None)
    assert await ears.listen("far") == SOON


class Pages(Crowd):
    """One reply a page."""

    async def replies(self, cursor: str | None) -> HeardPage:
        here = int(cursor or 0)
        return HeardPage(tuple(self.heard[here : here + 1]), str(here + 1), more=here + 1 < len(self.heard))


async def test_a_network_that_has_more_to_tell_is_asked_again_at_once_and_only_then(night: Replies) -> None:
    night.crowd = Pages()
    for number in range(4):
        night.says(f"Is bridge {number} open?", f"p{number}")
    ears = night.ears()
    assert [await ears.listen("far") for _ in range(4)] == [0.0, 0.0, 0.0, None]
    assert len(await kept(night)) == 4


async def test_people_who_answer_each_other_under_our_post_are_heard_like_any_other(night: Replies) -> None:
    night.says("Is it open?", "p1")
    night.says("I want to know as well.", "p2", "r0")
    night.says("So do I.", "p3", "elsewhere", thread="far-1")
    await night.ears().listen("far")
    assert [(reply.post_id, reply.aside) for reply in await kept(night)] == [(1, False)] * 3


@pytest.mark.parametrize(("answers", "thread", "aside"), [(None, None, True), ("unknown", "head", False)])
async def test_what_is_said_in_threads_of_others_is_on_no_phone_of_an_officer(
    night: Replies, answers: str | None, thread: str | None, aside: bool
) -> None:
    night.says("You lot are the laughing stock of the whole coast.", "p1", answers, thread=thread, aside=aside)
    await night.ears().listen("far")
    await night.weigh(shares())
    (reply,) = await kept(night)
    assert (reply.aside, reply.mention, reply.state) == (True, False, ReplyState.IGNORED)
    assert await night.phones(reply.id or 0) == set()


@pytest.mark.parametrize(("answers", "thread", "aside"), [(None, None, True), ("unknown", "head", False)])
async def test_a_cry_for_help_in_a_thread_of_others_rings(
    night: Replies, answers: str | None, thread: str | None, aside: bool
) -> None:
    night.says(EMERGENCY, "p1", answers, thread=thread, aside=aside)
    await night.ears().listen("far")
    async with night.database.reading() as session:
        rung = (await session.exec(select(Alarm))).one()
    assert await night.phones(rung.id or 0, SlotKind.ALARM) == {"control-room", "inspector-1"}


async def stand_down(night: Replies, reply_id: int) -> None:
    """The control room finds that nobody is in danger."""
    async with night.database.transaction() as session:
        control = await session.get_one(Officer, "control-room")
        alarm_id = (await session.get_one(Reply, reply_id)).alarm_id
        one = await alarm.acknowledge(session, alarm_id or 0, control, utc_now(), false=True)
        await routing.stand_down(session, one, utc_now())


async def test_what_somebody_tells_in_a_thread_of_others_goes_to_its_desk_and_a_false_alarm_to_nobody(
    night: Replies,
) -> None:
    night.says(TIP, "p1", None, aside=True)
    night.says(EMERGENCY, "p2", None, aside=True)
    await night.ears().listen("far")
    await night.weigh(shares(tip=0.9))
    tip, cry = await kept(night)
    assert await night.phones(tip.id or 0) == {"tips-1"}
    await stand_down(night, cry.id or 0)
    await night.weigh(shares(question=0.9))
    assert await night.phones(cry.id or 0) == set()


PLAIN = "well that is a van alright"


@pytest.mark.parametrize(
    ("words", "second", "desk"),
    [
        (TIP, None, {"tips-1"}),
        ("watch ur back officer, we got ur address now", None, {"inspector-1"}),
        ("the officer lives at 12 harbour street and his number is 07700 900123", None, {"press-1"}),
        (PLAIN, shares(tip=0.9), {"tips-1"}),
        (PLAIN, shares(threat=0.9), {"inspector-1"}),
        (PLAIN, shares(emergency=0.9), {"lima-3"}),
        ("When does the bridge open again?", None, {"lima-3"}),
        ("you fat ugly pig, hope you choke on your doughnut", None, {"press-1"}),
    ],
)
async def test_after_a_false_alarm_each_reply_goes_where_it_would_have_gone_without_it(
    night: Replies, words: str, second: Shares | None, desk: set[str]
) -> None:
    cry = await night.say(EMERGENCY)
    other = await night.say(words)
    await night.weigh(second or shares())
    assert await night.phones(other) == set()
    await stand_down(night, cry)
    assert await night.phones(other) == set()
    if second is None:
        await night.ears().overdue(utc_now() + WAIT)
    else:
        await night.weigh(second)
    assert await night.phones(other) == desk
    assert "lima-3" in desk or await night.phones(cry) == ({"lima-3"} if second is None else desk)


async def test_a_false_alarm_that_rang_while_the_second_judge_was_away_goes_where_it_would_have_gone(
    night: Replies,
) -> None:
    cry = await night.say(EMERGENCY)
    await night.ears().overdue(utc_now() + WAIT)
    assert (await night.reply(cry)).alone
    await stand_down(night, cry)
    await night.weigh(shares(question=0.9))
    assert await night.phones(cry) == {"lima-3"}


async def test_nobody_answers_an_aside_in_place_of_a_question_of_the_same_words(night: Replies) -> None:
    night.says("When will the harbour bridge open again tonight please?", "p1", None, aside=True)
    night.says("When will the harbour bridge open again tonight please?", "p2")
    await night.ears().listen("far")
    await night.weigh(shares(question=0.9))
    aside, question = await kept(night)
    assert await night.phones(question.id or 0) == {"lima-3"}
    assert (aside.similar, question.similar_to) == (0, None)


async def test_before_anything_was_published_nothing_is_kept_of_what_others_say(night: Replies) -> None:
    async with night.database.transaction() as session:
        for row in (await session.exec(select(Delivery))).all():
            await session.delete(row)
    night.says(EMERGENCY, "p1", "unknown", thread="head")
    await night.ears().listen("far")
    assert await kept(night) == []
    async with night.database.reading() as session:
        assert (await session.get_one(ReplyCursor, "far")).cursor == "1"


async def test_what_answers_a_post_of_ours_that_nobody_knows_the_name_of_goes_to_the_officer_of_the_newest(
    night: Replies,
) -> None:
    """A person said that it is there; the network vouches that it is ours."""
    night.says("When does the bridge open again?", "p1", "far-unnamed")
    await night.ears().listen("far")
    await night.weigh(shares(question=0.9))
    (reply,) = await kept(night)
    assert (reply.post_id, reply.aside) == (1, False)
    assert await night.phones(reply.id or 0) == {"lima-3"}
