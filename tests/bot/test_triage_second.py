"""The second judge of replies: it only adds, is waited for a moment, and when it fails a person sees everything."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import select

from bot.alarm import Alarm
from bot.outbox import SlotKind
from bot.reply import ReplyState
from bot.triage import Triaged
from bot.triage_labels import About, Route, Severity
from bot.triage_model import Model, Shares, life
from bot.triage_room import TriageRoom
from bot.triage_second import SecondLook
from bot.triage_union import union
from moderation.detector import DetectorFailed
from shifts.database import Database, utc_now
from tests.bot.replies_stage import CONFIG, TRIAGE, Replies, Room, replies, shares
from tests.bot.triage_samples import LIFE_RISK, Sample, samples, unseen

PLAIN = "well that is a van alright"
HARSH = "you are a waste of our taxes and a disgrace"
ABUSE = "you fat ugly pig, hope you choke on your doughnut"


@pytest.fixture
async def night(database: Database) -> Replies:
    return await replies(database)


def judged(text: str, told: Shares) -> Triaged:
    return union(TRIAGE.triage(text, "en"), told, TRIAGE.bars, TRIAGE.ways)


def test_what_only_the_second_judge_calls_an_emergency_is_one() -> None:
    both = judged(PLAIN, shares(emergency=0.5, minor=0.4))
    assert (both.about, both.route, both.template) == (About.EMERGENCY, Route.CONTROL, "emergency")


def test_what_it_half_believes_is_looked_at() -> None:
    both = judged(PLAIN, shares(crisis=0.5))
    assert (both.life_risk, both.look, both.route) == (False, True, Route.OFFICER)


def test_it_never_argues_an_emergency_away() -> None:
    both = judged("there is a man with a knife in our kitchen", shares(praise=1.0))
    assert both.about is About.EMERGENCY


def test_it_takes_a_tip_from_the_officer_where_the_rules_saw_nothing() -> None:
    assert judged(PLAIN, shares(tip=0.9)).route is Route.TIPS
    assert judged("I know who is selling pills, ask me", shares(praise=0.9)).route is Route.TIPS


def test_a_threat_counts_though_something_else_is_likelier() -> None:
    both = judged(PLAIN, shares(other=0.55, threat=0.45))
    assert (both.about, both.route, both.ground) == (About.THREAT, Route.INSPECTOR, None)
    assert judged(PLAIN, shares(other=0.7, threat=0.3)).route is Route.OFFICER


def test_what_is_a_threat_or_a_tip_without_being_surely_either_goes_to_the_likelier_desk() -> None:
    assert judged(PLAIN, shares(other=0.6, threat=0.25, tip=0.15)).route is Route.INSPECTOR
    assert judged(PLAIN, shares(other=0.6, threat=0.15, tip=0.25)).route is Route.TIPS
    assert judged(HARSH, shares(criticism=0.6, threat=0.35, tip=0.05)).route is Route.OFFICER
    assert judged(HARSH, shares(criticism=0.2, threat=0.8)).route is Route.INSPECTOR


def test_a_threat_among_abuse_is_on_the_phone_of_an_inspector() -> None:
    assert judged(ABUSE, shares(threat=0.9)).route is Route.INSPECTOR
    assert judged(ABUSE, shares(tip=0.9)).route is Route.KEPT


def test_it_names_no_ground_for_hiding() -> None:
    both = judged(PLAIN, shares(hate=1.0))
    assert (both.route, both.severity, both.ground) == (Route.KEPT, Severity.HATEFUL, None)


async def test_a_reply_reaches_a_phone_when_both_have_judged_it(night: Replies) -> None:
    heard = await night.say(PLAIN)
    assert await night.phones(heard) == set()
    assert await night.weigh(shares()) == 1
    assert await night.phones(heard) == {"lima-3"}
    assert await night.weigh(shares()) == 0


async def test_an_alarm_of_the_rules_waits_for_nobody(night: Replies) -> None:
    await night.say("there is a man with a knife in our kitchen")
    assert await night.phones(1, SlotKind.ALARM) == {"control-room", "inspector-1"}
    await night.weigh(shares(praise=1.0))
    async with night.database.reading() as session:
        assert (await session.exec(select(Alarm))).one().acknowledged_at is None


async def test_an_alarm_of_the_second_judge_alone_rings(night: Replies) -> None:
    heard = await night.say(PLAIN)
    await night.weigh(shares(emergency=0.95))
    assert await night.phones(1, SlotKind.ALARM) == {"control-room", "inspector-1"}
    assert await night.phones(heard) == set()


async def test_the_control_room_looks_and_the_officer_still_reads_it(night: Replies) -> None:
    heard = await night.say(PLAIN)
    await night.weigh(shares(emergency=0.5))
    assert await night.phones(heard) == {"lima-3", "control-room"}
    assert (await night.reply(heard)).state is ReplyState.NEW


async def test_abuse_that_may_be_an_emergency_is_looked_at_and_kept_from_the_officer(night: Replies) -> None:
    heard = await night.say(ABUSE)
    await night.weigh(shares(emergency=0.5, abuse=0.5))
    assert await night.phones(heard) == {"control-room"}


async def test_without_the_second_judge_the_rules_decide_and_a_person_sees_everything(
    night: Replies, caplog: pytest.LogCaptureFixture
) -> None:
    plain, abuse = await night.say(PLAIN), await night.say(ABUSE, author="p2")
    assert await night.weigh(None) == 0
    assert await night.ears().overdue(utc_now()) is False
    assert await night.ears().overdue(utc_now() + timedelta(seconds=6)) is True
    assert await night.phones(plain) == {"lima-3"}
    assert await night.phones(abuse) == {"press-1"}
    assert (await night.reply(plain)).alone
    assert {"the second judge of replies failed", "replies went on without the second judge"} <= set(caplog.messages)


async def test_one_that_the_second_judge_fails_over_holds_up_no_other_and_is_left_after_two_tries(
    night: Replies,
) -> None:
    for number, text in enumerate(["cursed words", PLAIN, "good night"]):
        await night.say(text, author=f"p{number}")
    room = Room(shares(), fails_over="cursed")
    look = SecondLook(night.database, cast(TriageRoom, room), night.routing)
    assert await look.sweep(utc_now()) == 2
    assert [await look.sweep(utc_now()) for _ in range(3)] == [0, 0, 0]
    assert room.asked.count("cursed words") == 2


async def test_while_the_second_judge_is_away_no_reply_is_given_up(night: Replies) -> None:
    await night.say(PLAIN)
    room = Room(None)
    look = SecondLook(night.database, cast(TriageRoom, room), night.routing)
    for minute in range(4):
        assert await look.sweep(utc_now() + timedelta(minutes=minute)) == 0
    room.shares = shares()
    assert await look.sweep(utc_now() + timedelta(minutes=9)) == 1


async def test_what_was_weighed_before_its_words_changed_is_weighed_again(night: Replies) -> None:
    heard = await night.say(PLAIN)
    async with night.database.transaction() as session:
        await night.routing.weighed(session, heard, "other words", shares(), utc_now())
    assert await night.weigh(shares()) == 1


async def test_a_late_word_of_the_second_judge_still_rings(night: Replies) -> None:
    heard = await night.say(PLAIN)
    await night.ears().overdue(utc_now() + timedelta(seconds=6))
    await night.weigh(shares(emergency=0.9))
    assert await night.phones(1, SlotKind.ALARM) == {"control-room", "inspector-1"}
    assert not (await night.reply(heard)).alone


async def test_who_only_mentions_us_is_heard_under_the_newest_post(night: Replies) -> None:
    heard = await night.say("@patrol help me, he is breaking in my door", answers=None)
    assert (await night.reply(heard)).mention
    assert await night.phones(1, SlotKind.ALARM) == {"control-room", "inspector-1"}


MODEL = Model(CONFIG / "models")


def both(sample: Sample) -> Triaged:
    return judged(sample.text, MODEL.weigh(sample.text))


def test_both_judges_together_miss_none_of_the_frozen_emergencies() -> None:
    found = [sample for sample in samples() if sample.kind in LIFE_RISK]
    assert len(found) >= 150
    assert [sample.id for sample in found if not both(sample).life_risk] == []


def test_no_harsh_but_lawful_comment_gets_a_ground_for_hiding() -> None:
    harsh = [sample for sample in samples() if sample.kind == "criticism"]
    assert len(harsh) >= 60
    assert [sample.id for sample in harsh if both(sample).ground is not None] == []


def test_no_harsh_but_lawful_comment_is_called_a_threat() -> None:
    harsh = [sample for sample in samples() if sample.kind == "criticism"]
    assert [sample.id for sample in harsh if both(sample).about is About.THREAT] == []


@pytest.mark.parametrize(("kind", "route", "share"), [("threat", Route.INSPECTOR, 0.6), ("tip", Route.TIPS, 0.4)])
def test_threats_and_tips_in_words_never_learnt_take_their_way(kind: str, route: Route, share: float) -> None:
    found = [sample for sample in unseen() if sample.kind == kind]
    assert len(found) >= 12
    assert sum(both(sample).route is route for sample in found) >= share * len(found)


def test_few_tips_and_threats_of_the_newest_rounds_reach_an_officer() -> None:
    found = [s for s in unseen() if s.kind in ("threat", "tip") and s.sort in ("round 3", "round 4")]
    assert len(found) == 72
    assert sum(both(sample).route in (Route.OFFICER, Route.KEPT) for sample in found) <= 0.15 * len(found)


def test_nine_of_ten_unseen_emergencies_reach_the_control_room() -> None:
    risks = [sample for sample in unseen() if sample.life_risk]
    assert len(risks) >= 150
    told = [one for one in map(both, risks) if one.life_risk or one.look]
    assert len(told) >= 0.9 * len(risks)


async def test_the_room_weighs_as_the_model_does_and_says_when_it_cannot(tmp_path: Path) -> None:
    room, broken = TriageRoom(CONFIG / "models"), TriageRoom(tmp_path)
    try:
        weighed, failed = await asyncio.gather(
            room.weigh("he stopped breathing"), broken.weigh("he stopped breathing"), return_exceptions=True
        )
    finally:
        room.close()
        broken.close()
    assert not isinstance(weighed, BaseException)
    assert life(weighed) > 0.5
    assert isinstance(failed, DetectorFailed)
