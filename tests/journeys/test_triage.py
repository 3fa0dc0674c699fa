"""What the public writes finds its way: life risk first, tips and abuse past the officer, nothing hidden."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.alarm import Alarm
from bot.chat_app import Card
from bot.rehearsal.public import PublicPost, Trouble
from bot.reply import Reply, ReplyState
from bot.triage_labels import Route
from moderation.audit import AuditEntry
from shifts.database import utc_now
from tests.journeys.stage import Phone, Stage, eventually, play, stage_settings
from tests.journeys.test_replies import HARMLESS, published

CRY = "there's a man with a knife outside the chip shop he's swinging it at people"
TIP = "I know who's selling the pills outside the Anchor, it's a tall fella with a grey car"
SPAM = "earn 5000 a week from home, click bit.example/win"
ABUSE = "you fat ugly pig, hope you choke on your doughnut"


@pytest.fixture
async def quick_alarms(engine_database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The program with alarms that ring every second."""
    async with play(stage_settings(engine_database_url, tmp_path / "data", alarm_seconds=1)) as playing:
        yield playing


async def a_post(stage: Stage) -> PublicPost:
    """An officer's post is public, so that people can answer it."""
    sergeant = await stage.open_shift("lima-3")
    await stage.phone("lima-3").send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    return await published(stage, HARMLESS)


async def say(stage: Stage, post: str, text: str, name: str = "Neighbour") -> None:
    """Somebody of the public answers."""
    await stage.platform.public.reply(post, name, text, secrets.token_hex(8), utc_now())


async def stored(stage: Stage, text: str) -> Reply:
    """Wait until a reply has been taken in and routed."""

    async def look() -> Reply | None:
        async with stage.database.reading() as session:
            return (await session.exec(select(Reply).where(Reply.text == text))).first()

    return await eventually(look, lambda: "the reply was never heard")


async def events(stage: Stage) -> list[tuple[str, str | None]]:
    async with stage.database.reading() as session:
        entries = await session.exec(select(AuditEntry).order_by(col(AuditEntry.seq)))
        return [(entry.event, entry.actor) for entry in entries.all()]


def quoting(text: str) -> "Quoting":
    return Quoting(text)


class Quoting:
    """Whether a card quotes a text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, card: Card) -> bool:
        return card.quote == self._text


async def sees_nothing_of(phone: Phone, text: str) -> None:
    """Nothing on this phone shows these words."""
    cards = [card for _, card in await phone.cards()]
    assert all(text not in (card.quote or "") and not any(text in line for line in card.lines) for card in cards)


async def test_a_cry_for_help_rings_in_the_control_room_until_somebody_acknowledges(quick_alarms: Stage) -> None:
    stage = quick_alarms
    post = await a_post(stage)
    control, inspector = stage.phone("control-room"), stage.phone("inspector-1")
    await say(stage, post.id, CRY)
    first, card = await control.card(quoting(CRY), "the cry for help", patience=10)
    assert stage.words.say("triage.alarm.ringing", "en") in card.title
    await inspector.card(quoting(CRY), "the cry for help")
    second, _ = await control.card(lambda c: c.quote == CRY and any("3 times" in line for line in c.lines), "a third")
    assert second != first
    await control.tap("triage.button.acknowledge")
    await inspector.card(lambda c: any("acknowledged it at" in line for line in c.lines), "that somebody has it")
    async with stage.database.reading() as session:
        alarm = (await session.exec(select(Alarm))).one()
    assert alarm.acknowledged_by == "control-room"
    assert ("alarm acknowledged", "control-room") in await events(stage)
    assert (await stored(stage, CRY)).state is ReplyState.ESCALATED
    await sees_nothing_of(stage.phone("lima-3"), CRY)


async def test_whoever_cries_for_help_is_told_once_whom_to_call(stage: Stage) -> None:
    post = await a_post(stage)
    await say(stage, post.id, CRY)
    text = stage_text("emergency")
    told = await published(stage, text)
    assert told.answers is not None
    await say(stage, post.id, "please hurry, he is still there")
    await stage.phone("control-room").card(
        lambda c: any("please hurry" in line for line in c.lines), "what they wrote next"
    )
    await say(stage, told.id, "i am hiding behind the counter")
    await stage.phone("control-room").card(
        lambda c: any("behind the counter" in line for line in c.lines), "what they wrote under our answer"
    )
    assert len([p for p in await stage.platform.public.posts() if p.text == text]) == 1


def stage_text(name: str) -> str:
    """A fixed text as the public reads it."""
    import tomllib

    path = Path(__file__).parents[2] / "config" / "templates.toml"
    return str(tomllib.loads(path.read_text("utf-8"))[name]["text"]["en"])


async def test_a_false_alarm_goes_to_the_officer_after_all(stage: Stage) -> None:
    post = await a_post(stage)
    await say(stage, post.id, CRY)
    await stage.phone("control-room").tap("triage.button.false")
    await stage.phone("lima-3").card(quoting(CRY), "the message")
    assert ("alarm false", "control-room") in await events(stage)


async def test_an_officer_raises_the_alarm_that_no_rule_raised(stage: Stage) -> None:
    post = await a_post(stage)
    words = "The blinds at number nine have not moved since Tuesday"
    await say(stage, post.id, words)
    await stage.phone("lima-3").card(quoting(words), "the message")
    await stage.phone("lima-3").tap("triage.button.raise")
    await stage.phone("control-room").card(quoting(words), "the alarm")
    assert ("alarm raised", "lima-3") in await events(stage)


async def test_a_tip_reaches_the_tips_desk_and_never_the_officer(stage: Stage) -> None:
    post = await a_post(stage)
    await say(stage, post.id, TIP)
    _, card = await stage.phone("tips-desk").card(quoting(TIP), "the tip")
    assert card.title.startswith(stage.words.say("triage.about.tip", "en"))
    await published(stage, stage_text("tip"))
    assert (await stored(stage, TIP)).officer_id is None
    for phone in ("lima-3", "sergeant-1", "control-room"):
        await sees_nothing_of(stage.phone(phone), TIP)


async def test_abuse_is_kept_from_the_officer_on_record_and_still_public(stage: Stage) -> None:
    post = await a_post(stage)
    await say(stage, post.id, ABUSE)
    reply = await stored(stage, ABUSE)
    assert (reply.route, reply.ground) == (Route.KEPT, None)
    listed = stage.words.say("triage.kept.public", "es")
    await stage.phone("press-1").card(lambda c: listed in c.lines, "what was kept")
    await sees_nothing_of(stage.phone("lima-3"), ABUSE)
    heard, _ = await stage.platform.public.replies(0)
    assert [one.text for one in heard] == [ABUSE]


async def test_a_threat_to_an_officer_reaches_the_inspector_and_not_their_own_phone(stage: Stage) -> None:
    post = await a_post(stage)
    threat = "I know where Lima 3 parks his car at home. He should be careful."
    await say(stage, post.id, threat)
    await stage.phone("inspector-1").card(quoting(threat), "the threat")
    await sees_nothing_of(stage.phone("lima-3"), threat)
    assert len(await stage.platform.public.posts()) == 1


async def test_what_many_say_is_shown_once_with_their_number(stage: Stage) -> None:
    post = await a_post(stage)
    for name in ("Ann", "Ben", "Cleo"):
        await say(stage, post.id, "Is Harbour Road open again yet?", name)
    similar = stage.words.count("triage.similar", 2, "en")
    await stage.phone("lima-3").card(lambda c: similar in c.lines, "one card for three")
    cards = [card for _, card in await stage.phone("lima-3").cards()]
    assert len([card for card in cards if card.quote == "Is Harbour Road open again yet?"]) == 1


async def test_a_cry_for_help_under_a_post_that_its_network_has_not_confirmed_is_not_lost(stage: Stage) -> None:
    await stage.platform.public.switch(Trouble.LOST_REPLY, on=True)
    post = await a_post(stage)
    await say(stage, post.id, CRY)
    await stage.public(lambda text: "bike marking" in text)
    await stage.platform.public.switch(Trouble.LOST_REPLY, on=False)
    await stage.phone("control-room").card(quoting(CRY), "the cry for help")


async def test_the_press_office_hides_spam_by_a_house_rule_and_shows_it_again(stage: Stage) -> None:
    post = await a_post(stage)
    press = stage.phone("press-1")
    await say(stage, post.id, SPAM)
    spam = await stored(stage, SPAM)
    card_id, card = await press.card(lambda c: any(b.label.startswith(SPAM[:20]) for row in c.rows for b in row), "it")
    await press.press(card_id, next(b.token for row in card.rows for b in row if b.label.startswith(SPAM[:20])))
    await press.tap("triage.button.hide")
    await press.tap("triage.rule.spam")

    async def folded() -> bool | None:
        return await stage.platform.public.hidden() == {spam.heard_id} or None

    await eventually(folded, lambda: "it was never hidden")
    await press.tap("triage.button.show")

    async def shown() -> bool | None:
        return await stage.platform.public.hidden() == set() or None

    await eventually(shown, lambda: "it was never shown again")

    async def recorded() -> bool | None:
        told = [event for event, _ in await events(stage) if event.startswith(("reply hid", "reply show"))]
        return told == ["reply hide asked", "reply hidden", "reply show asked", "reply shown again"] or None

    await eventually(recorded, lambda: "not all of it is on record")
