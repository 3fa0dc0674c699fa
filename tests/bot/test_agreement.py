"""A face is left open only where somebody who may be meant agreed to be seen, and only as long as they do."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot import delivery
from bot.decider_card import DeciderCards
from bot.delivery import DeliveryState
from bot.discord_app.page import page as on_discord
from bot.judging import SHOWN
from bot.outbox import Slot, SlotKind
from bot.picture_work import told
from bot.telegram.page import page as on_telegram
from bot.trouble_card import TroubleCards
from moderation import agreement, approval, picture_fix, queue
from moderation.audit import AuditEntry
from moderation.decision import Decision, DecisionKind, NotAllowed
from moderation.finding import Box, BoxKind
from moderation.post import POSTS, PictureState, Post, PostPicture, PostState
from shifts import roster
from shifts.database import Database
from shifts.officer import Officer
from shifts.shift import Duty, Shift
from tests.bot.test_cards import LANGUAGES, WORDS, officer, picture_row, post_row, view
from tests.bot.test_publishing import a_desk
from tests.moderation.test_queue import NOW, UNDO, a_waiting_post, person
from tests.moderation.text import redactor

FACE = told(Box(BoxKind.FACE, 0, 0, 64, 64, 0.9, "test"))
MINORS = {"code": "minor", "verdict": "FLAG", "category": "D", "words": "policy.reasons.minor", "tick": None}
REST: dict[str, Any] = {"part": "1", "kind": "photo", "sha256": "0" * 64, "width": 90, "height": 90, "boxes": [FACE]}


@pytest.fixture
async def night(sqlite_database: Database) -> Database:
    """A post with a face; on its shift have been two who agreed, one of whom was cut off; another one is elsewhere."""
    await a_waiting_post(sqlite_database)
    async with sqlite_database.transaction() as session:
        session.add_all([person(name, "officer") for name in ("lima-4", "lima-5", "lima-6")])
        session.add(Shift(id=2, unit="b", name="Night C", starts_at=NOW, ends_at=NOW + UNDO))
        await session.flush()
        session.add(Duty(shift_id=1, officer_id="lima-3", on_at=NOW))
        session.add_all([Duty(shift_id=1, officer_id=one, on_at=NOW, off_at=NOW) for one in ("lima-4", "lima-5")])
        session.add(Duty(shift_id=2, officer_id="lima-6", on_at=NOW))
        session.add(PostPicture(post_id=1, state=PictureState.FINISHED, alt="A face.", **REST))
        await roster.revoke(session, "lima-5", NOW)
    return sqlite_database


async def agree(database: Database, *names: str, yes: bool = True) -> None:
    async with database.transaction() as session:
        for name in names:
            (await session.get_one(Officer, name)).face_ok = yes


async def lift(database: Database) -> PostPicture:
    """A decider lifts the face, and it is covered anew."""
    async with database.transaction() as session:
        post, picture = await queue.locked(session, 1), await session.get_one(PostPicture, 1)
        await picture_fix.lift(session, post, picture, 0, "sergeant-1", NOW)
        picture.state, post.prepared, post.drafted = PictureState.FINISHED, post.revision, post.revision
        post.content = "0" * 64
        return picture


async def publish(database: Database) -> bool:
    async with database.transaction() as session:
        post, sergeant = await queue.locked(session, 1), await session.get_one(Officer, "sergeant-1")
        author, picture = await session.get_one(Officer, "lima-3"), await session.get_one(PostPicture, 1)
        return await queue.publish(session, post, sergeant, approval.seen(post, [picture], author.byline), NOW, UNDO)


async def test_a_face_is_opened_only_where_somebody_who_may_be_meant_agreed(night: Database) -> None:
    await agree(night, "lima-5", "lima-6")
    with pytest.raises(NotAllowed, match="hard"):
        await lift(night)
    await agree(night, "lima-3", "lima-4")
    assert (await lift(night)).agreed == {"0": ["lima-3", "lima-4"]}
    async with night.reading() as session:
        line = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.seq).desc()))).first()
    assert line is not None
    assert (line.event, line.facts["agreed"]) == ("box lifted", ["lima-3", "lima-4"])
    assert await publish(night)


@pytest.mark.parametrize("what", ["opted out", "cut off", "minor"])
async def test_nobody_publishes_a_face_that_may_not_be_shown_any_more(night: Database, what: str) -> None:
    await agree(night, "lima-3", "lima-4")
    await lift(night)
    if what == "opted out":
        await agree(night, "lima-4", yes=False)
    async with night.transaction() as session:
        if what == "cut off":
            await roster.revoke(session, "lima-4", NOW)
        if what == "minor":
            (await queue.locked(session, 1)).reasons = [MINORS]
    with pytest.raises(NotAllowed, match="face_not_agreed"):
        await publish(night)
    async with night.transaction() as session:
        post, picture = await queue.locked(session, 1), await session.get_one(PostPicture, 1)
        await picture_fix.shut(session, post, picture, 0, "sergeant-1", NOW)
        assert picture.agreed == {}
        await agreement.check(session, post, [picture])


async def test_who_opted_out_since_the_approval_is_not_shown(sqlite_database: Database, tmp_path: Path) -> None:
    async with a_desk(sqlite_database, redactor(), tmp_path) as desk:
        await desk.approve(1, "All quiet.")
        async with sqlite_database.transaction() as session:
            post = (await session.exec(select(Post))).one()
            agreed: dict[str, Any] = {"lifted": [0], "agreed": {"0": ["lima-3"]}, "alt": "A face."}
            picture = PostPicture(post_id=1, state=PictureState.FINISHED, **REST, **agreed)
            session.add(picture)
            post.content = approval.content_of(post, [picture], None)
            (await session.exec(select(Decision))).one().content = post.content
        await desk.run(2)
        assert (desk.network.calls, await desk.states()) == (0, [DeliveryState.CANCELLED])
        (row,) = await desk.rows()
        assert row.reason == "queue.face_not_agreed"
        async with sqlite_database.reading() as session:
            slot = Slot(officer_id="s", app="a", chat="s", kind=SlotKind.TROUBLE, subject=row.id)
            card = await TroubleCards(WORDS).card(session, slot, officer("s", "en", "sergeant"))
        assert card is not None
        assert card.lines == (WORDS.say("queue.face_not_agreed", "en"),)
        async with sqlite_database.transaction() as session:
            post = await queue.locked(session, 1)
            assert (post.state, post.approved_by) == (PostState.WAITING, None)  # and whoever decides covers the face
            await session.delete(await session.get_one(PostPicture, 1))
            content = approval.content_of(post, [], None)
            now, by = desk.clock.now, "sergeant-1"
            values = {"undo_until": now, "approved_at": now, "approved_by": by, "content": content}
            await POSTS.move(session, post, PostState.APPROVED, **values)
            yes: dict[str, Any] = {
                "post_id": 1,
                "kind": DecisionKind.PUBLISH,
                "officer_id": by,
                "at": now,
                "revision": 1,
            }
            session.add(Decision(**yes, content=content))
            await delivery.plan(session, post, ["far"], now, {})
        await desk.run(2)
        assert (desk.network.texts(), await desk.states()) == (["All quiet."], [DeliveryState.SENT])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_says_whose_agreement_an_open_face_leans_on(language: str) -> None:
    post = post_row(PostState.WAITING, reasons=[])
    people = [officer("4", language, "officer"), officer("7", language, "officer")]
    locked = WORDS.say("card.faces_of_nobody", language)
    for agreeing in ([], people):
        shown = {"post": post, "agreeing": agreeing, "people": {each.id: each for each in people}}
        card = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, "fix-1", language, **shown))
        lifts = [b for row in card.rows for b in row if b.token.startswith("123456.page.lift-1-0")]
        assert (bool(lifts), locked in card.lines) == (bool(agreeing), not agreeing)
        assert ("🔒" in card.lines[1]) is (not agreeing)
        asked = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, "lift-1-0", language, **shown))
        said = asked.lines[0]
        assert ("Lima 4, Lima 7" in said) is bool(agreeing)
        assert said in on_telegram(asked).html.replace("&#x27;", "'")
        assert said in on_discord(asked, "Write…").body
        assert any(".lift." in b.token for row in asked.rows for b in row) is bool(agreeing)
        opened = picture_row()
        opened.lifted, opened.agreed = [0], {"0": ["4", "7"]}
        shown |= {"pictures": [opened]}
        card = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, "fix-1", language, **shown))
        key, fields = (
            ("card.left_open_by", {"officers": "Lima 4, Lima 7"}) if agreeing else ("card.left_open_by_nobody", {})
        )
        assert card.lines[1].endswith(WORDS.say(key, language, **fields))
    assert SHOWN.words in WORDS.keys(language)
