"""What becomes of replies: people hide them by a house rule and take it back; authors change and delete them."""

from datetime import timedelta
from typing import cast

import pytest
from sqlmodel import col, select

from bot import hiding, shift_cards
from bot.delivery import Delivery
from bot.following import Follower
from bot.hiding import Hider
from bot.network import Network, Refused, TryLater
from bot.outbox import Slot, SlotKind
from bot.reply import REPLIES, Reply, ReplyState
from bot.reply_cards import fate_lines
from bot.routing import WAIT
from bot.triage_labels import Route, Severity
from bot.triage_second import LATE
from bot.view import ReplyView, Setting
from moderation.audit import AuditEntry
from moderation.decision import NotAllowed
from moderation.post import Post
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.words import Words
from tests.bot.replies_stage import CONFIG, Replies, replies, shares

LATER = timedelta(seconds=61)
WORDS = Words.load(CONFIG / "languages")
ABUSE = "you fat ugly pig, hope you choke on your doughnut"
DOUBT = "in that film he has a knife in the kitchen lol"


@pytest.fixture
async def night(database: Database) -> Replies:
    return await replies(database)


async def ask(night: Replies, reply_id: int, officer_id: str, rule: str | None) -> None:
    async with night.database.transaction() as session:
        officer = await session.get_one(Officer, officer_id)
        await hiding.ask(session, reply_id, officer, rule, utc_now())


async def hide(night: Replies, after: timedelta = timedelta()) -> bool:
    networks = {"far": cast(Network, night.crowd)}
    return await Hider(night.database, networks, lambda: None).sweep(utc_now() + after, "far")


async def follow(night: Replies) -> None:
    networks = {"far": cast(Network, night.crowd)}
    await Follower(night.database, networks, night.routing, lambda: None).tick(utc_now() + LATER, "far")


async def recorded(night: Replies) -> list[tuple[str, str | None]]:
    async with night.database.reading() as session:
        entries = await session.exec(select(AuditEntry).order_by(col(AuditEntry.seq)))
        return [(entry.event, entry.actor) for entry in entries.all()]


async def test_a_person_hides_a_reply_by_a_rule_and_shows_it_again(night: Replies) -> None:
    heard = await night.say("cheap followers on my page")
    await ask(night, heard, "press-1", "spam")
    assert await hide(night)
    assert night.crowd.hidden == ["r0"]
    kept = await night.reply(heard)
    assert (kept.hide_rule, kept.hide_by, kept.hide_due) == ("spam", "press-1", None)
    await ask(night, heard, "inspector-1", None)
    assert await hide(night)
    assert night.crowd.hidden == []
    told = [entry for entry in await recorded(night) if "hid" in entry[0] or "show" in entry[0]]
    assert told == [
        ("reply hide asked", "press-1"),
        ("reply hidden", None),
        ("reply show asked", "inspector-1"),
        ("reply shown again", None),
    ]


@pytest.mark.parametrize(("officer", "rule"), [("lima-3", "spam"), ("press-1", "criticism"), ("press-1", "abuse")])
async def test_nothing_is_hidden_by_others_or_for_another_reason(night: Replies, officer: str, rule: str) -> None:
    heard = await night.say("you lot are useless")
    with pytest.raises(NotAllowed):
        await ask(night, heard, officer, rule)
    assert not await hide(night)


@pytest.mark.parametrize(("asked", "waited"), [(5.0, 6), (86_400.0, 901)])
async def test_a_network_that_is_away_is_asked_again_and_one_that_refuses_is_said(
    night: Replies, asked: float, waited: int
) -> None:
    heard = await night.say("cheap followers on my page")
    await ask(night, heard, "press-1", "spam")
    night.crowd.fails = [Refused("too many hidden"), TryLater(asked)]
    assert await hide(night)
    assert not await hide(night)
    assert await hide(night, timedelta(seconds=waited))
    kept = await night.reply(heard)
    assert (kept.hide_rule, kept.hide_refused, kept.hide_due) == (None, "too many hidden", None)


async def test_a_network_that_does_not_show_it_again_leaves_it_hidden_on_the_card(night: Replies) -> None:
    heard = await night.say("cheap followers on my page")
    await ask(night, heard, "press-1", "spam")
    await hide(night)
    await ask(night, heard, "press-1", None)
    night.crowd.fails = [Refused("not now")]
    assert await hide(night)
    kept = await night.reply(heard)
    assert (kept.hide_rule, kept.hide_refused, kept.hide_due) == ("spam", "not now", None)
    async with night.database.reading() as session:
        told = fate_lines(WORDS, await session.get_one(Officer, "press-1"), kept)
    assert told == [WORDS.say("triage.fate.hidden", "en"), WORDS.say("triage.fate.not_shown", "en")]
    await ask(night, heard, "press-1", None)
    assert await hide(night)
    assert (await night.reply(heard)).hide_rule is None


async def test_what_was_never_hidden_is_not_said_to_be_when_showing_it_is_refused(night: Replies) -> None:
    heard = await night.say("cheap followers on my page")
    await ask(night, heard, "press-1", "spam")
    await ask(night, heard, "press-1", None)
    night.crowd.fails = [Refused("not now")]
    assert await hide(night)
    assert (await night.reply(heard)).hide_rule is None


@pytest.mark.parametrize(("officer", "sees"), [("lima-3", False), ("press-1", True)])
async def test_no_card_shows_an_officer_what_is_kept_from_them(night: Replies, officer: str, sees: bool) -> None:
    heard = await night.say(ABUSE)
    await night.weigh(shares())
    reply = await night.reply(heard)
    async with night.database.reading() as session:
        viewer, post = await session.get_one(Officer, officer), await session.get_one(Post, reply.post_id)
    slot = Slot(id=1, officer_id=officer, app="chat", chat=officer, kind=SlotKind.REPLY, subject=heard)
    card = shift_cards.reply(WORDS, ReplyView(cast(Setting, None), slot, viewer, reply, post))
    assert (card is not None) is sees


async def test_a_deleted_reply_is_said_to_be_deleted_and_its_words_stay_on_record(night: Replies) -> None:
    heard = await night.say("is the road open")
    await night.weigh(shares())
    night.crowd.now = {"r0": None}
    await follow(night)
    kept = await night.reply(heard)
    assert kept.gone_at is not None
    assert kept.text == "is the road open"
    assert ("reply gone", None) in await recorded(night)


async def test_an_edited_reply_shows_its_new_words(night: Replies) -> None:
    heard = await night.say("is the road open")
    await night.weigh(shares())
    night.crowd.now = {"r0": "is the road open yet?"}
    await follow(night)
    kept = await night.reply(heard)
    assert (kept.text, kept.edited_at is not None) == ("is the road open yet?", True)


@pytest.mark.parametrize("wait", [WAIT, None])
async def test_a_reply_that_is_edited_into_abuse_leaves_the_phone_of_the_officer(
    database: Database, wait: timedelta | None
) -> None:
    night = await replies(database, wait)
    heard = await night.say("is the road open")
    await night.weigh(shares())
    assert await night.phones(heard) == {"lima-3"}
    night.crowd.now = {"r0": ABUSE}
    await follow(night)
    reply = await night.reply(heard)
    assert (reply.route, reply.severity, reply.state) == (Route.KEPT, Severity.ABUSIVE, ReplyState.IGNORED)
    assert await night.phones(heard) == set()
    assert await night.phones(1, SlotKind.KEPT) == {"press-1"}


@pytest.mark.parametrize("into", [ABUSE, "help me, he has a knife and is in my kitchen", "nice van, well done"])
async def test_what_was_counted_with_a_reply_that_says_something_else_now_shows_on_a_card_of_its_own(
    night: Replies, into: str
) -> None:
    heard = [await night.say("is the road open", author) for author in ("p1", "p2", "p3")]
    await night.weigh(shares())
    assert [await night.phones(one) for one in heard] == [{"lima-3"}, set(), set()]
    night.crowd.now = {"r0": into}
    await follow(night)
    assert [await night.phones(one, SlotKind.REPLY) for one in heard[1:]] == [{"lima-3"}, set()]
    again = [await night.reply(one) for one in heard]
    assert [(one.similar, one.similar_to) for one in again] == [(0, None), (1, None), (0, heard[1])]
    assert again[1].state is ReplyState.SHOWN


async def test_what_was_counted_with_a_reply_that_is_dealt_with_stays_so_whatever_becomes_of_that(
    night: Replies,
) -> None:
    heard = [await night.say("is the road open", author) for author in ("p1", "p2")]
    await night.weigh(shares())
    async with night.database.transaction() as session:
        first = await session.get_one(Reply, heard[0])
        if first.state is ReplyState.NEW:
            await REPLIES.move(session, first, ReplyState.SHOWN)
        await REPLIES.move(session, first, ReplyState.ANSWERED)
    night.crowd.now = {"r0": ABUSE}
    await follow(night)
    assert await night.phones(heard[1]) == set()


async def test_a_reply_under_a_later_piece_of_a_thread_goes_to_whoever_wrote_it(night: Replies) -> None:
    async with night.database.transaction() as session:
        (await session.exec(select(Delivery))).one().parts = ["far-1", "at://far/2_%"]
    heard = await night.say("is the road open", answers="at://far/2_%")
    await night.weigh(shares())
    assert ((await night.reply(heard)).answers, await night.phones(heard)) == ("at://far/2_%", {"lima-3"})


async def test_a_reply_that_is_edited_into_a_tip_goes_to_the_tips_desk_instead(night: Replies) -> None:
    heard = await night.say("is the road open")
    await night.weigh(shares())
    night.crowd.now = {"r0": "I know who is selling pills, ask me"}
    await follow(night)
    assert await night.phones(heard) == {"tips-1"}


async def test_what_only_the_second_judge_finds_too_hard_in_new_words_leaves_the_phone_too(night: Replies) -> None:
    heard = await night.say("is the road open")
    await night.weigh(shares())
    night.crowd.now = {"r0": "well that is a van alright"}
    await follow(night)
    assert await night.phones(heard) == {"lima-3"}
    assert await night.weigh(shares(hate=1.0)) == 1
    assert await night.phones(heard) == set()
    assert not (await night.reply(heard)).alone


async def test_new_words_that_may_mean_danger_are_looked_at(night: Replies) -> None:
    heard = await night.say("nice van")
    await night.weigh(shares())
    night.crowd.now = {"r0": DOUBT}
    await follow(night)
    assert await night.phones(heard) == {"lima-3", "control-room"}


async def test_a_cry_for_help_that_was_edited_in_rings(night: Replies) -> None:
    await night.say("nice van")
    await night.weigh(shares())
    night.crowd.now = {"r0": "help me, he has a knife and is in my kitchen"}
    await follow(night)
    assert await night.phones(1, SlotKind.ALARM) >= {"control-room"}


async def test_edited_words_are_weighed_by_the_second_judge_too(night: Replies) -> None:
    await night.say("nice van")
    await night.weigh(shares())
    night.crowd.now = {"r0": "it is gone quiet next door"}
    await follow(night)
    assert await night.weigh(shares(emergency=0.9)) == 1
    assert await night.phones(1, SlotKind.ALARM) >= {"control-room"}


async def test_what_was_edited_hours_later_is_weighed_too(night: Replies) -> None:
    heard = await night.say("nice van")
    await night.weigh(shares())
    async with night.database.transaction() as session:
        (await session.get_one(Reply, heard)).received_at -= LATE + timedelta(hours=1)
    night.crowd.now = {"r0": "it is gone quiet next door"}
    await follow(night)
    assert await night.weigh(shares(emergency=0.9)) == 1
    assert await night.phones(1, SlotKind.ALARM) >= {"control-room"}


async def test_what_a_network_cannot_tell_about_stays_as_it_is(night: Replies) -> None:
    heard = await night.say("nice van")
    await follow(night)
    async with night.database.reading() as session:
        kept = (await session.exec(select(Reply).where(Reply.id == heard))).one()
    assert (kept.gone_at, kept.edited_at, kept.followed_at is not None) == (None, None, True)


async def test_a_counted_reply_that_asks_something_else_now_is_shown(night: Replies) -> None:
    heard = [await night.say("nice van, well done", author) for author in ("p1", "p2")]
    await night.weigh(shares())
    night.crowd.now = {"r1": "when does the road to the hospital open again"}
    await follow(night)
    await night.weigh(shares())
    assert await night.phones(heard[1]) == {"lima-3"}


async def test_those_counted_with_a_reply_are_shown_though_one_of_them_became_abuse(night: Replies) -> None:
    heard = [await night.say("is the road open", author) for author in ("p1", "p2", "p3")]
    await night.weigh(shares())
    night.crowd.now = {"r1": ABUSE}
    await follow(night)
    await night.weigh(shares())
    night.crowd.now = {"r0": "nice van, well done", "r1": ABUSE}
    networks = {"far": cast(Network, night.crowd)}
    await Follower(night.database, networks, night.routing, lambda: None).tick(utc_now() + LATER * 2, "far")
    assert await night.phones(heard[2]) == {"lima-3"}
