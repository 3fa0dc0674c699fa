import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import select

from bot.desk import Desk
from bot.filming import Filmer
from bot.media_folder import is_itself
from bot.outbox import Slot, SlotKind
from bot.picture_work import PictureWork
from moderation import picture_fix, queue
from moderation.detector import DetectorFailed
from moderation.finding import Box, BoxKind
from moderation.media_video import CoveredVideo, Leak, Thing, Videos
from moderation.media_word import Word
from moderation.policy import Reason, Verdict
from moderation.post import PictureState, Post, PostPicture, PostState
from moderation.text_room import TextRoom
from shifts.database import Database, utc_now
from shifts.officer import Account
from tests.bot.one_post import a_desk, a_picture
from tests.bot.test_covering import Rules

BOX = Box(BoxKind.ADDED, 8, 8, 64, 64, 1.0, "person")
COVERED = CoveredVideo(
    mp4=b"covered",
    sha256="c" * 64,
    width=320,
    height=180,
    seconds=3.2,
    poster=b"poster",
    frames=(),
    things=(Thing(BoxKind.FACE, 0.0, 3.0), Thing(BoxKind.PLATE, 1.0, 2.0)),
    leaks=(),
    flashing=False,
    source_format="mov",
)


class Covers:
    """Stands in for the process that covers videos: gives what it was told to, after what it was told to do."""

    def __init__(self, result: CoveredVideo | Exception = COVERED) -> None:
        self.result = result
        self.meanwhile: Callable[[Callable[[float], None]], Awaitable[None]] | None = None
        self.asked = 0
        self.heard_with: list[tuple[bytes, bytes | None]] = []

    async def heard(self, mp4: bytes, original: bytes | None) -> bytes:
        self.heard_with.append((mp4, original))
        return mp4 + (original or b"")

    async def cover(
        self, original: bytes, *, added: Sequence[Box] = (), progress: Callable[[float], None]
    ) -> CoveredVideo:
        self.asked += 1
        if self.meanwhile is not None:
            await self.meanwhile(progress)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Room:
    """A post with a video that was fetched, and who covers it."""

    def __init__(self, database: Database, desk: Desk, media: Path) -> None:
        self.database = database
        self.desk = desk
        self.covers = Covers()
        self.rules = Rules()
        work = PictureWork(database, desk, media, lambda: None)
        self.filmer = Filmer(work, cast(Videos, self.covers), cast(TextRoom, self.rules), 0.01)

    async def film(self) -> tuple[Post, PostPicture]:
        await self.filmer.film(1, 1)
        return await self.rows()

    async def rows(self) -> tuple[Post, PostPicture]:
        async with self.database.reading() as session:
            return (await session.exec(select(Post))).one(), (await session.exec(select(PostPicture))).one()

    async def hear(self, sound: bool) -> None:
        """A sergeant wants the sound, or wants it no more."""
        async with self.database.transaction() as session:
            post = await queue.locked(session, 1)
            picture = await session.get_one(PostPicture, 1)
            await picture_fix.hear(session, post, picture, sound, "sierra-1", utc_now())
            post.drafted = post.revision

    async def change(self, **values: Any) -> None:
        async with self.database.transaction() as session:
            post = await queue.locked(session, 1)
            for name, value in values.items():
                setattr(post, name, value)


@pytest.fixture
async def room(database: Database, tmp_path: Path) -> Room:
    desk = a_desk(database, tmp_path)
    await a_picture(database, desk, "video", b"a film")
    return Room(database, desk, tmp_path)


async def test_a_covered_video_makes_the_post_ready_with_a_poster_and_an_alt_text(room: Room, tmp_path: Path) -> None:
    before = utc_now()
    post, picture = await room.film()
    assert (picture.state, picture.video, picture.seconds) == (PictureState.FINISHED, "c" * 64, 3)
    assert picture.alt == "Video of 3 seconds. 1 face covered; 1 plate covered."
    assert (tmp_path / f"{picture.video}.mp4").read_bytes() == b"covered"
    assert (tmp_path / f"{picture.sha256}.jpg").read_bytes() == b"poster"
    assert (post.prepared, post.content is not None) == (post.revision, True)
    assert "faces" in {reason["code"] for reason in post.reasons}
    assert post.clock_from is not None
    assert post.clock_from > before


async def test_what_leaks_holds_the_post_and_what_flashes_is_to_be_ticked(room: Room) -> None:
    leaks = tuple(Leak(number, at, BOX) for number, at in enumerate((0.51, 0.53, 2.04)))
    room.covers.result = replace(COVERED, leaks=leaks, flashing=True)
    post, picture = await room.film()
    assert (picture.leaks, post.verdict) == ([0.5, 2.0], "HOLD")
    told = {reason["code"]: reason for reason in post.reasons}
    assert told["video leaked"]["role"] == "inspector"
    assert told["video flashes"]["tick"] == "card.policy.tick_flashing"


@pytest.mark.parametrize("forbidden", [False, True])
async def test_what_is_read_in_a_video_is_told_by_its_kinds_and_kept_nowhere(room: Room, forbidden: bool) -> None:
    blocked = Reason("identity number", Verdict.BLOCK, "P", "policy.reasons.identity_number")
    room.rules.reasons = (blocked,) if forbidden else ()
    room.covers.result = replace(COVERED, words=(Word(0, "Ring: 07700 900123", 0.9), Word(1, "dust", 0.2)))
    post, picture = await room.film()
    assert room.rules.texts == ["Ring: 07700 900123"]
    assert (picture.read, picture.forbidden) == ({"PHONE": 1}, forbidden)
    assert ({"picture text", "picture words"} & {reason["code"] for reason in post.reasons}) == (
        {"picture text", "picture words"} if forbidden else {"picture text"}
    )
    assert post.verdict == ("HOLD" if forbidden else "FLAG")
    assert "07700" not in f"{post.model_dump()} {picture.model_dump()}"


async def test_a_video_whose_writing_no_rule_could_look_at_is_not_finished(room: Room) -> None:
    room.rules.dead = True
    room.covers.result = replace(COVERED, words=(Word(0, "OPEN LATE", 0.9),))
    assert (await room.film())[1].state is PictureState.HELD


async def test_how_far_it_is_stands_in_the_row_and_nobody_else_begins_it(room: Room) -> None:
    seen: list[tuple[int, bool]] = []

    async def meanwhile(progress: Callable[[float], None]) -> None:
        progress(0.43)
        while not seen:
            await asyncio.sleep(0.01)
            post, picture = await room.rows()
            if picture.progress:
                seen.append((picture.progress, post.prepare_at > utc_now()))
        await room.filmer.film(1, 1)

    room.covers.meanwhile = meanwhile
    await room.film()
    assert (seen, room.covers.asked) == ([(40, True)], 1)


async def test_the_work_ends_when_the_post_is_dropped(room: Room) -> None:
    async def meanwhile(progress: Callable[[float], None]) -> None:
        async with room.database.transaction() as session:
            await queue.withdraw(session, await queue.locked(session, 1), "lima-3", utc_now())
        await asyncio.Event().wait()

    room.covers.meanwhile = meanwhile
    async with asyncio.timeout(30):
        post, picture = await room.film()
    assert (post.state, picture.state) == (PostState.WITHDRAWN, PictureState.HELD)


async def test_other_words_meanwhile_do_not_begin_the_video_anew(room: Room) -> None:
    async def meanwhile(progress: Callable[[float], None]) -> None:
        await room.change(revision=2, drafted=2)

    room.covers.meanwhile = meanwhile
    post, picture = await room.film()
    assert (picture.state, post.prepared) == (PictureState.FINISHED, 2)


async def test_a_box_that_is_added_meanwhile_makes_it_begin_anew(room: Room) -> None:
    first, added = await room.film()
    assert added.state is PictureState.FINISHED
    now = utc_now()
    async with room.database.transaction() as session:
        post = await queue.locked(session, 1)
        picture = await session.get_one(PostPicture, 1)
        await picture_fix.add(session, post, picture, BOX, "lima-3", now)
        post.drafted = post.revision

    async def meanwhile(progress: Callable[[float], None]) -> None:
        async with room.database.transaction() as session:
            (await session.get_one(PostPicture, 1)).added = []

    room.covers.meanwhile = meanwhile
    post, picture = await room.film()
    assert (picture.state, picture.progress) == (PictureState.HELD, 0)
    assert post.prepare_at <= utc_now()
    assert first.revision == 1


async def test_a_video_that_no_detector_can_look_at_is_left_to_an_inspector(room: Room) -> None:
    room.covers.result = DetectorFailed("dead")
    for _ in range(2):
        assert (await room.film())[1].state is PictureState.HELD
    post, picture = await room.film()
    assert (picture.state, picture.refused, post.verdict) == (PictureState.REFUSED, "card.policy.unexamined", "HOLD")


async def test_a_video_that_died_on_its_clock_is_refused_and_the_post_waits_for_it_no_more(room: Room) -> None:
    async with room.database.transaction() as session:
        session.add(Account(officer_id="lima-3", app="a", account="1001", chat="c", linked_at=utc_now()))
        assert await room.desk.vault.purge(session, utc_now() + timedelta(days=2))
    post, picture = await room.film()
    assert (picture.state, picture.refused, room.covers.asked) == (PictureState.REFUSED, "clock.picture_gone", 0)
    assert (post.state, post.prepared) == (PostState.WAITING, post.revision)
    async with room.database.reading() as session:
        notices = (await session.exec(select(Slot).where(Slot.kind == SlotKind.NOTICE))).all()
    assert [slot.notice["words"] for slot in notices] == ["clock.picture_gone"]


async def test_a_file_that_was_changed_on_the_disk_is_not_given_its_sound_but_covered_anew(
    room: Room, tmp_path: Path
) -> None:
    mp4, original = b"covered", b"a film"
    room.covers.result = replace(COVERED, sha256=hashlib.sha256(mp4).hexdigest())
    _, silent = await room.film()
    assert silent.video is not None
    await room.hear(True)
    _, loud = await room.film()
    assert (loud.state, loud.video) == (PictureState.FINISHED, hashlib.sha256(mp4 + original).hexdigest())
    assert (room.covers.asked, room.covers.heard_with) == (1, [(mp4, original)])
    (tmp_path / f"{loud.video}.mp4").write_bytes(b"what somebody put there")
    await room.hear(False)
    _, again = await room.film()
    assert (again.video, room.covers.asked, len(room.covers.heard_with)) == (silent.video, 2, 1)
    (tmp_path / f"{silent.video}.mp4").write_bytes(b"what somebody put there")
    await room.hear(True)
    _, loud = await room.film()
    assert room.covers.heard_with[1:] == [(mp4, original)]
    for video in (silent.video, loud.video):
        assert is_itself(tmp_path / f"{video}.mp4")
