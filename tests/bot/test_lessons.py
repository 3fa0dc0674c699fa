"""The tutorial: a photo, words that a sergeant would look at twice, a change of them, and no clock; then /on."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import col, select

from bot import commands, reception
from bot.chat_app import AccountId, Attachment, AttachmentKind, ChatApp, ChatId, Edit, Message
from bot.clock import Clock
from bot.covering import Coverer
from bot.delivery import Delivery
from bot.desk import Caller, Desk
from bot.fetching import Fetcher
from bot.lessons import LOOKS_AT_IT, Lessons
from bot.outbox import Slot, SlotKind
from bot.picture_work import PictureWork
from bot.preparing import Preparer
from moderation.media import Photos
from moderation.policy import PostKind, Reason, Verdict
from moderation.post import Post, PostPicture, PostState
from moderation.redaction import Context, Redacted
from moderation.signs import Signs
from moderation.text_room import TextRoom
from shifts import roster
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState
from tests.bot.one_post import a_desk
from tests.bot.test_covering import Covers
from tests.bot.test_fetching import JPEG
from tests.bot.test_retention import renderer

NOW = utc_now()
RUDE, FINE = "A drunk fool fell off his bike.", "Somebody fell off his bike. He is well."
TONE = Reason("tone", Verdict.FLAG, "M", "policy.reasons.tone", "policy.ticks.tone_ok")


class Room:
    """Stands in for the text detectors: the tone of one text is off."""

    async def redact(self, text: str, context: Context) -> Redacted:
        reasons = (TONE,) if text == RUDE else ()
        verdict = Verdict.FLAG if reasons else Verdict.PASS
        return Redacted(text, verdict, reasons, (), (), "en", PostKind.PATROL, None, False, ())


class Phone:
    """A chat app that hands out a photo."""

    async def fetch(self, attachment: Attachment) -> bytes:
        return JPEG


@dataclass
class School:
    """Somebody who practises, and all that looks at what they write."""

    database: Database
    desk: Desk
    folder: Path

    async def type(self, text: str) -> None:
        async with self.database.transaction() as session:
            await commands.run(session, self.desk, await self._caller(session), text, NOW)

    async def send(self, message: str, text: str, *files: Attachment) -> None:
        async with self.database.transaction() as session:
            heard = Message(message, AccountId("a3"), ChatId("c3"), message, NOW, text, files)
            await reception.message(session, self.desk, await self._caller(session), heard, NOW)

    async def edit(self, message: str, text: str) -> None:
        async with self.database.transaction() as session:
            heard = Edit(f"{message}-e", AccountId("a3"), ChatId("c3"), message, NOW, text)
            await reception.edit(session, self.desk, await self._caller(session), heard, NOW)

    async def looked_at(self) -> None:
        """The detectors have looked at the newest post, and the pretend sergeant has answered."""
        room = cast(TextRoom, Room())
        work = PictureWork(self.database, self.desk, self.folder, lambda: None)
        post = (await self.posts())[-1]
        await Fetcher(self.database, cast(Mapping[str, ChatApp], {"chat": Phone()}), self.desk).once(utc_now())
        await Preparer(self.database, self.desk, room, lambda: None).words(post.id or 0, post.revision)
        coverer = Coverer(work, cast(Photos, Covers()), room, Signs(frozenset()))
        await coverer.cover(post.id or 0, post.revision)
        await Clock(self.database, self.desk, UTC).tick(utc_now() + timedelta(hours=2))
        await Lessons(self.database, self.desk).tick(NOW + LOOKS_AT_IT)

    async def posts(self) -> list[Post]:
        async with self.database.reading() as session:
            return list((await session.exec(select(Post).order_by(col(Post.id)))).all())

    async def slots(self, kind: SlotKind) -> list[Slot]:
        async with self.database.reading() as session:
            return list((await session.exec(select(Slot).where(Slot.kind == kind).order_by(col(Slot.id)))).all())

    async def _caller(self, session: Any) -> Caller:
        return Caller(await session.get_one(Officer, "lima-3"), (await roster.accounts(session, "lima-3"))[0])


@pytest.fixture
async def school(sqlite_with_engine: Path, tmp_path: Path) -> AsyncIterator[School]:
    path = tmp_path / "patrol.db"
    path.write_bytes(sqlite_with_engine.read_bytes())
    database = Database(f"sqlite+aiosqlite:///{path}")
    until = NOW + timedelta(days=1)
    async with database.transaction() as session:
        named: dict[str, Any] = {"name": "P", "unit": "lima", "language": "en", "accredited_until": until}
        session.add(Officer(id="lima-3", call_sign="Lima 3", roles=["officer"], **named))
        session.add(Officer(id="sergeant-1", call_sign="Sierra 1", roles=["sergeant"], **named))
        session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=NOW, ends_at=until))
        await session.flush()
        for who, number in (("lima-3", "3"), ("sergeant-1", "1")):
            await roster.link(session, who, "chat", f"a{number}", f"c{number}", NOW)
    desk = a_desk(database, tmp_path)
    yield School(database, desk, tmp_path)
    await desk.engine.close()
    await database.close()


async def test_a_photo_and_a_change_are_practised_until_the_real_shift(school: School) -> None:
    await school.type("/tutorial")
    await school.send("m1", RUDE, Attachment(AttachmentKind.PHOTO, "ref", 9))
    await school.looked_at()
    (post,) = await school.posts()
    assert (post.state, post.outcome, post.lesson) == (PostState.SENT_BACK, "lesson", True)
    await school.edit("m1", FINE)
    await school.looked_at()
    (post,) = await school.posts()
    assert (post.state, post.text, post.networks) == (PostState.APPROVED, FINE, [])
    (slot,) = await school.slots(SlotKind.AUTHOR)
    card = await renderer(school.database, school.desk.vault, school.folder).card(slot, NOW)
    assert card is not None
    assert card.quote == FINE
    assert [picture.path.name for picture in card.pictures] == [f"{'a' * 64}.jpg"]
    assert {school.desk.words.say(f"tutorial.{said}", "en") for said in ("yes", "nowhere")} <= set(card.lines)
    told = [slot.notice["words"] for slot in await school.slots(SlotKind.NOTICE)]
    assert told == ["tutorial.begin"]  # two hours went by, and nobody was reminded of anything
    await school.type("/on")
    await school.send("m2", FINE)
    lesson, real = await school.posts()
    assert (lesson.lesson, lesson.number, real.lesson, real.number, real.shift_id) == (True, -1, False, 1, 1)
    assert await school.slots(SlotKind.DECIDER) == []
    async with school.database.reading() as session:
        assert list((await session.exec(select(Delivery))).all()) == []
        assert [one.post_id for one in (await session.exec(select(PostPicture))).all()] == [lesson.id]
