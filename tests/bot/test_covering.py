from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import col, select

from bot import judging
from bot.covering import Coverer
from bot.desk import Desk
from bot.picture_work import PictureWork
from moderation import picture_fix, queue
from moderation.audit import AuditEntry
from moderation.detector import DetectorFailed
from moderation.finding import Action, Box, BoxKind, Finding, Label
from moderation.media import CoveredPhoto, Photos, Tier
from moderation.media_job import Word
from moderation.policy import PostKind, Verdict
from moderation.post import PictureState, Post, PostPicture
from moderation.redaction import Context, Redacted
from moderation.signs import Signs
from moderation.text_room import TextRoom
from shifts.database import Database, utc_now
from tests.bot.one_post import a_desk, a_picture

BOXES = (Box(BoxKind.TEXT, 0, 0, 40, 16, 0.9, "text"), Box(BoxKind.TEXT, 0, 32, 40, 48, 0.9, "text"))
PHONE = Finding(7, 19, Label.PHONE, Action.MASK, "phone")


class Covers:
    """Stands in for the photo process: a sign and a telephone number are written in every picture."""

    def __init__(self) -> None:
        self.lifted: list[frozenset[int]] = []

    async def cover(
        self, original: bytes, tier: Tier, *, added: Sequence[Box] = (), lifted: frozenset[int] = frozenset()
    ) -> CoveredPhoto:
        self.lifted.append(lifted)
        words = (Word(0, "POLICE", 0.99, alone=True), Word(1, "07700 900123", 0.99)) if tier is Tier.DEFAULT else ()
        return CoveredPhoto(b"jpeg", "a" * 64, 64, 64, BOXES, lifted, (), tier, "JPEG", words)


class Rules:
    """Stands in for the text detectors."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.dead = False

    async def redact(self, text: str, context: Context) -> Redacted:
        if self.dead:
            raise DetectorFailed("dead")
        self.texts.append(text)
        return Redacted("", Verdict.REDACT, (), (), (), "en", PostKind.PATROL, None, False, (PHONE,))


class Room:
    def __init__(self, database: Database, desk: Desk, media: Path) -> None:
        self.database, self.vault = database, desk.vault
        self.covers, self.rules = Covers(), Rules()
        signs = Signs(frozenset({"police"}))
        work = PictureWork(database, desk, media, lambda: None)
        self.coverer = Coverer(work, cast(Photos, self.covers), cast(TextRoom, self.rules), signs)

    async def cover(self) -> tuple[Post, PostPicture]:
        async with self.database.reading() as session:
            revision = (await session.exec(select(Post.revision))).one()
        await self.coverer.cover(1, revision)
        async with self.database.reading() as session:
            return (await session.exec(select(Post))).one(), (await session.exec(select(PostPicture))).one()

    async def events(self) -> list[str]:
        async with self.database.reading() as session:
            return list((await session.exec(select(AuditEntry.event).order_by(col(AuditEntry.seq)))).all())


@pytest.fixture
async def room(database: Database, tmp_path: Path) -> Room:
    desk = a_desk(database, tmp_path)
    await a_picture(database, desk, "photo", b"a photo")
    return Room(database, desk, tmp_path)


async def test_what_is_read_is_told_by_its_kinds_and_kept_nowhere(room: Room) -> None:
    post, picture = await room.cover()
    assert (picture.state, picture.read) == (PictureState.FINISHED, {"PHONE": 1})
    assert room.rules.texts == ["POLICE\n07700 900123"]
    assert "07700" not in f"{post.model_dump()} {picture.model_dump()}"
    assert post.prepared == post.revision


async def test_a_harmless_sign_stays_open_until_a_person_covers_it(room: Room) -> None:
    _, picture = await room.cover()
    assert (picture.lifted, picture.counts) == ([0], {"text": 1})
    assert "signs left open" in await room.events()
    async with room.database.transaction() as session:
        post, there = await queue.locked(session, 1), await session.get_one(PostPicture, 1)
        await picture_fix.shut(session, post, there, 0, "sierra-1", utc_now())
        post.drafted = post.revision
    _, picture = await room.cover()
    assert (picture.lifted, room.covers.lifted[-1]) == ([], frozenset())


async def test_writing_that_no_rule_could_look_at_holds_the_post(room: Room) -> None:
    room.rules.dead = True
    for _ in range(2):
        assert (await room.cover())[1].state is PictureState.COVERED
    post, picture = await room.cover()
    assert (picture.state, post.verdict) == (PictureState.REFUSED, "HOLD")
    # Other words do not settle it: the hold is found again in the row of the picture.
    async with room.database.reading() as session:
        again = await judging.left_out(session, (await session.exec(select(Post))).one())
    assert [reason["code"] for reason in again] == ["picture not examined"]


async def test_a_photo_that_died_on_its_clock_is_refused_and_the_post_waits_for_it_no_more(room: Room) -> None:
    async with room.database.transaction() as session:
        assert await room.vault.purge(session, utc_now() + timedelta(days=2))
    post, picture = await room.cover()
    assert (picture.state, picture.refused, room.covers.lifted) == (PictureState.REFUSED, "clock.picture_gone", [])
    assert post.prepared == post.revision
