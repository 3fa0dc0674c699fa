"""A photo without words that cannot be taken: nobody is asked to decide about nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import select

from bot.chat_app import Attachment, AttachmentRefused, ChatApp
from bot.desk import Desk
from bot.fetching import Fetcher
from bot.outbox import Slot, SlotKind
from bot.picture_work import PICTURE_TRIES, PictureWork
from bot.preparing import Preparer
from moderation import queue
from moderation.audit import AuditEntry
from moderation.policy import PostKind, Verdict
from moderation.post import PICTURES, PictureState, Post, PostPicture, PostState
from moderation.redaction import Context, Redacted
from moderation.text_room import TextRoom
from shifts.database import Database, utc_now
from shifts.officer import Account
from tests.bot.one_post import a_desk, a_post


class Gone:
    """A chat app that hands out nothing."""

    async def fetch(self, attachment: Attachment) -> bytes:
        raise AttachmentRefused


class Plain:
    """Stands in for the text detectors: nothing is found."""

    async def redact(self, text: str, context: Context) -> Redacted:
        return Redacted(text, Verdict.PASS, (), (), (), "en", PostKind.PATROL, None, False, ())


class Night:
    """A post with one photo that was not fetched yet."""

    def __init__(self, database: Database, desk: Desk, folder: Path) -> None:
        self.database, self.desk = database, desk
        self.fetcher = Fetcher(database, cast(Mapping[str, ChatApp], {"a": Gone()}), desk)
        self.preparer = Preparer(database, desk, cast(TextRoom, Plain()), lambda: None)
        self.work = PictureWork(database, desk, folder, lambda: None)

    async def send(self, words: str) -> None:
        post_id, now = await a_post(self.database, self.desk), utc_now()
        async with self.database.transaction() as session:
            session.add(Account(officer_id="lima-3", app="a", account="1001", chat="c", linked_at=now))
            post = await queue.locked(session, post_id)
            post.source_id = await self.desk.seal(session, words, now)
            ref = self.desk.vault.seal(b"photo", f"ref:{post_id}:m-0")
            session.add(PostPicture(post_id=post_id, part="m-0", kind="photo", ref=ref, fetch_at=now))

    async def held(self) -> None:
        """The photo was fetched."""
        async with self.database.transaction() as session:
            picture = await session.get_one(PostPicture, 1)
            await PICTURES.move(session, picture, PictureState.HELD)

    async def read(self) -> tuple[PostState, list[str]]:
        """What became of the post, and what its author was told."""
        async with self.database.reading() as session:
            post = (await session.exec(select(Post))).one()
            told = (await session.exec(select(Slot).where(Slot.kind == SlotKind.NOTICE))).all()
        return post.state, [slot.notice["words"] for slot in told]


@pytest.fixture
async def night(sqlite_database: Database, tmp_path: Path) -> Night:
    return Night(sqlite_database, a_desk(sqlite_database, tmp_path), tmp_path)


@pytest.mark.parametrize("fetched_first", [True, False])
async def test_a_photo_alone_that_cannot_be_fetched_ends_its_post(night: Night, fetched_first: bool) -> None:
    await night.send("  ")
    if fetched_first:  # the words are looked at when an album is complete
        await night.fetcher.once(utc_now())
        assert (await night.read())[0] is PostState.RECEIVED
        await night.preparer.words(1, 1)
    else:
        await night.preparer.words(1, 1)
        assert (await night.read())[0] is PostState.WAITING
        await night.fetcher.once(utc_now())
    assert await night.read() == (PostState.WITHDRAWN, ["reception.cannot_fetch"])
    async with night.database.reading() as session:
        said = (await session.exec(select(Slot).where(Slot.kind == SlotKind.NOTICE))).one()
        events = [entry.event for entry in (await session.exec(select(AuditEntry))).all()]
    assert said.notice["fields"] == {"number": "1"}
    assert events.count("withdrawn") == 1


async def test_words_wait_on_without_the_photo(night: Night) -> None:
    await night.send("All quiet.")
    await night.preparer.words(1, 1)
    await night.fetcher.once(utc_now())
    assert await night.read() == (PostState.WAITING, ["reception.cannot_fetch"])


@pytest.mark.parametrize("broken", [True, False])
async def test_a_photo_alone_that_cannot_be_covered_ends_its_post(night: Night, broken: bool) -> None:
    await night.send("")
    await night.preparer.words(1, 1)
    await night.held()
    if broken:
        for _ in range(PICTURE_TRIES):
            assert (await night.read())[0] is PostState.WAITING
            await night.work.failed(1)
        assert await night.read() == (PostState.WITHDRAWN, ["card.policy.unexamined"])
    else:
        await night.work.refuse(1, "media.damaged")
        assert await night.read() == (PostState.WITHDRAWN, ["media.damaged"])
