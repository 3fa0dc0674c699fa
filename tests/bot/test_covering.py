from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import col, select

from bot import judging
from bot.covering import Coverer
from bot.desk import Desk
from bot.picture_work import PictureWork, told
from moderation import approval, picture_fix, queue
from moderation.audit import AuditEntry
from moderation.decision import NotAllowed
from moderation.detector import DetectorFailed
from moderation.finding import Action, Box, BoxKind, Finding, Label
from moderation.media import CoveredPhoto, Photos, Tier
from moderation.media_word import Word
from moderation.policy import PostKind, Reason, Verdict
from moderation.post import PictureState, Post, PostPicture
from moderation.redaction import Context, Redacted
from moderation.signs import Signs
from moderation.text_room import TextRoom
from shifts.database import Database, utc_now
from tests.bot.one_post import a_desk, a_picture

BOXES = (
    Box(BoxKind.TEXT, 0, 0, 40, 16, 0.9, "text"),
    Box(BoxKind.TEXT, 0, 32, 40, 48, 0.9, "text"),
    Box(BoxKind.TEXT, 0, 48, 40, 64, 0.9, "text"),
    Box(BoxKind.CODE, 40, 0, 56, 16, 1.0, "codes"),
)
PHONE = Finding(7, 19, Label.PHONE, Action.MASK, "phone", hard=True)


class Covers:
    """Stands in for the photo process: a sign and a telephone number are written in every picture."""

    def __init__(self) -> None:
        self.lifted: list[frozenset[int]] = []

    async def cover(
        self, original: bytes, tier: Tier, *, added: Sequence[Box] = (), lifted: frozenset[int] = frozenset()
    ) -> CoveredPhoto:
        self.lifted.append(lifted)
        words = (Word(0, "POLICE", 0.99, alone=True), Word(1, "07700 900123", 0.99), Word(2, "OPEN LATE", 0.99))
        return CoveredPhoto(
            b"jpeg", "a" * 64, 64, 64, BOXES, lifted, (), tier, "GIF", words if tier is Tier.DEFAULT else (), moved=True
        )


class Rules:
    """Stands in for the text detectors."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.dead = False
        self.reasons: tuple[Reason, ...] = ()

    async def redact(self, text: str, context: Context) -> Redacted:
        if self.dead:
            raise DetectorFailed("dead")
        self.texts.append(text)
        return Redacted("", Verdict.REDACT, self.reasons, (), (), "en", PostKind.PATROL, None, False, (PHONE,))


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
    assert room.rules.texts == ["POLICE\n07700 900123\nOPEN LATE"]
    assert picture.first_frame
    assert "07700" not in f"{post.model_dump()} {picture.model_dump()}"
    assert post.prepared == post.revision


async def test_a_harmless_sign_stays_open_until_a_person_covers_it(room: Room) -> None:
    _, picture = await room.cover()
    assert (picture.lifted, picture.counts) == ([0], {"text": 2, "code": 1})
    assert "signs left open" in await room.events()
    async with room.database.transaction() as session:
        post, there = await queue.locked(session, 1), await session.get_one(PostPicture, 1)
        await picture_fix.shut(session, post, there, 0, "sierra-1", utc_now())
        post.drafted = post.revision
    _, picture = await room.cover()
    assert (picture.lifted, room.covers.lifted[-1]) == ([], frozenset())


async def test_nobody_leaves_open_what_a_hard_finding_was_read_in_and_no_code(room: Room) -> None:
    post, picture = await room.cover()
    assert [picture_fix.may_lift(post, picture, index) for index in range(4)] == [True, False, True, False]
    assert "picture text" in [reason["code"] for reason in post.reasons]
    async with room.database.transaction() as session:
        post, there = await queue.locked(session, 1), await session.get_one(PostPicture, 1)
        with pytest.raises(NotAllowed):
            await picture_fix.lift(session, post, there, 1, "sierra-1", utc_now())
        await picture_fix.lift(session, post, there, 2, "sierra-1", utc_now())
        # Whatever a row says, a box that turns out to be hard is shut again.
        there.lifted, post.drafted = [1, *there.lifted], post.revision
    post, picture = await room.cover()
    assert (picture.lifted, room.covers.lifted[-1]) == ([0, 2], frozenset({0, 2}))
    assert "picture opened" in [reason["code"] for reason in post.reasons]
    assert "card.policy.tick_opened" in approval.ticks(post)


async def test_words_that_nobody_could_publish_hold_the_post_and_stay_covered(room: Room) -> None:
    room.rules.reasons = (Reason("identity number", Verdict.BLOCK, "P", "policy.reasons.identity_number"),)
    post, picture = await room.cover()
    assert (post.verdict, picture.lifted, picture.hard) == ("HOLD", [0], [1, 2])
    assert approval.roles_asked(post) == {"inspector"}


@pytest.mark.parametrize(
    ("faces", "side", "codes"),
    [(1, 90, ["faces"]), (8, 90, ["faces", "crowd"]), (1, 40, ["faces", "small faces"]), (0, 0, [])],
)
def test_a_crowd_and_small_faces_are_flagged_by_a_tick_that_faces_ask_for_anyway(
    faces: int, side: int, codes: list[str]
) -> None:
    boxes = [told(Box(BoxKind.FACE, 0, 0, side, 90, 0.9, "test"))] * faces
    shown: dict[str, Any] = {"post_id": 1, "part": "1", "kind": "photo", "boxes": boxes}
    where: dict[str, Any] = {"app": "a", "chat": "c", "message": "m", "source_id": "s", "original_id": "s"}
    now = utc_now()
    post = Post(number=1, author_id="a", shift_id=1, prepare_at=now, sent_at=now, received_at=now, **where)
    judged = judging.verdict(post, [PostPicture(**shown)], Verdict.PASS)
    assert [reason["code"] for reason in post.reasons] == codes
    assert judged is (Verdict.FLAG if len(codes) > 1 else Verdict.REDACT if codes else Verdict.PASS)
    assert approval.ticks(post) == (("card.policy.tick_no_minor",) if codes else ())


async def test_a_detector_that_could_not_look_at_writing_is_no_clean_picture(room: Room) -> None:
    room.rules.reasons = (Reason("detector failed", Verdict.HOLD, "A", "policy.reasons.detector_failed"),)
    assert (await room.cover())[1].state is PictureState.COVERED


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
