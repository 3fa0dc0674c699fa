import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot import inbox, reception
from bot.chat_app import AccountId, Attachment, AttachmentKind, ChatId, Edit, Message
from bot.desk import Caller, Desk
from bot.engine import Engine
from bot.inbox import TRIES, InboxItem, InboxState
from bot.intake import Intake
from bot.outbox import Slot, SlotKind
from bot.settings import Times
from moderation.post import PictureState, Post, PostPicture
from moderation.vault import Vault
from shifts import roster
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState, join
from shifts.words import Words

LANGUAGES = Path(__file__).parents[2] / "config" / "languages"
NOW = utc_now()


@pytest.fixture
async def desk(sqlite_database: Database, tmp_path: Path) -> Desk:
    until = NOW + timedelta(days=1)
    async with sqlite_database.transaction() as session:
        named: dict[str, Any] = {"call_sign": "Lima 3", "name": "P", "unit": "lima", "language": "en"}
        session.add(Officer(id="lima-3", roles=["officer"], accredited_until=until, **named))
        session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=NOW, ends_at=until))
        await session.flush()
        await roster.link(session, "lima-3", "chat", "a3", "c3", NOW)
    return Desk(Engine(sqlite_database), Vault(b"k" * 32, tmp_path), Words.load(LANGUAGES), Times(), {}, 500, ())


async def an_album(database: Database) -> None:
    """A post whose first message is m1, and whose second picture came with m2."""
    times = {"prepare_at": NOW, "sent_at": NOW, "received_at": NOW}
    where = {"app": "chat", "chat": "c3", "message": "m1", "album": "al", "source_id": "s", "original_id": "s"}
    async with database.transaction() as session:
        session.add(
            Post.model_validate({"id": 1, "number": 214, "author_id": "lima-3", "shift_id": 1, **times, **where})
        )
        await session.flush()
        session.add_all([PostPicture(post_id=1, part=f"{message}-0", kind="photo") for message in ("m1", "m2")])


async def change(database: Database, desk: Desk, message: str, text: str) -> None:
    async with database.transaction() as session:
        person = await session.get_one(Officer, "lima-3")
        caller = Caller(person, (await roster.accounts(session, "lima-3"))[0])
        heard = Edit("e1", AccountId("a3"), ChatId("c3"), message, NOW, text)
        await reception.edit(session, desk, caller, heard, NOW)


@pytest.mark.parametrize(
    ("message", "sentence"), [("m2", "reception.edit_of_a_part"), ("m", "reception.edit_of_nothing")]
)
async def test_a_change_of_what_is_no_post_is_never_dropped_without_a_word(
    sqlite_database: Database, desk: Desk, message: str, sentence: str
) -> None:
    await an_album(sqlite_database)
    with pytest.raises(reception.NotTaken, match=sentence):
        await change(sqlite_database, desk, message, "Other words.")
    await change(sqlite_database, desk, message, " ")


async def test_whoever_sent_what_nobody_can_handle_is_told_once_and_the_log_too(
    sqlite_database: Database, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    broken = {"app": "chat", "item": "i1", "chat": "c3", "payload": b"not sealed", "received_at": NOW}
    async with sqlite_database.transaction() as session:
        session.add(InboxItem.model_validate({**broken, "tries": TRIES - 1}))
    with caplog.at_level(logging.CRITICAL):
        await Intake(sqlite_database, {}, desk, lambda: None).once()
    async with sqlite_database.reading() as session:
        item = (await session.exec(select(InboxItem))).one()
        told = (await session.exec(select(Slot).where(Slot.kind == SlotKind.NOTICE))).one()
        assert await inbox.given_up(session) == 1
    assert (item.state, item.payload, told.chat) == (InboxState.FAILED, b"not sealed", "c3")
    assert told.notice["words"] == "reception.given_up"
    assert ["given up" in record.message for record in caplog.records] == [True]


async def test_a_chat_that_failed_and_wrote_on_does_not_keep_others_from_being_heard(
    sqlite_database: Database, desk: Desk
) -> None:
    times = {"received_at": NOW, "payload": b"sealed"}
    async with sqlite_database.transaction() as session:
        soon = NOW + timedelta(seconds=30)
        session.add(
            InboxItem.model_validate({"app": "chat", "item": "first", "chat": "c3", "not_before": soon, **times})
        )
        for number in range(120):
            session.add(InboxItem.model_validate({"app": "chat", "item": f"i{number}", "chat": "c3", **times}))
        session.add(InboxItem.model_validate({"app": "chat", "item": "other chat", "chat": "c4", **times}))
        session.add(InboxItem.model_validate({"app": "other", "item": "other app", "chat": "c3", **times}))
    async with sqlite_database.reading() as session:
        assert [item.item for item in await inbox.pending(session, NOW)] == ["other chat", "other app"]
        assert [item.item for item in await inbox.pending(session, soon)][:2] == ["first", "i0"]


MEGABYTE = 1_000_000
TWENTY = {"chat": 20 << 20}
PHOTO, FILE, VIDEO = AttachmentKind.PHOTO, AttachmentKind.FILE, AttachmentKind.VIDEO


async def send(database: Database, desk: Desk, text: str, *sent: tuple[AttachmentKind, int]) -> list[PostPicture]:
    """An officer on shift sends these files, of so many megabytes. Gives what became of them."""
    async with database.transaction() as session:
        person = await session.get_one(Officer, "lima-3")
        await join(session, person, await session.get_one(Shift, 1), NOW)
        caller = Caller(person, (await roster.accounts(session, "lima-3"))[0])
        files = tuple(Attachment(kind, f"ref{n}", size * MEGABYTE) for n, (kind, size) in enumerate(sent))
        heard = Message("i1", AccountId("a3"), ChatId("c3"), "m1", NOW, text, files, album="al")
        await reception.message(session, desk, caller, heard, NOW)
        return list((await session.exec(select(PostPicture).order_by(col(PostPicture.id)))).all())


async def test_a_file_that_is_too_large_is_left_out_and_the_words_and_the_others_stay(
    sqlite_database: Database, desk: Desk
) -> None:
    sent = [(VIDEO, 21), (PHOTO, 3), (FILE, 31), *(4 * [(PHOTO, 1)])]
    found = await send(sqlite_database, replace(desk, app_bytes=TWENTY), "All quiet.", *sent)
    assert [picture.refused for picture in found] == [
        "reception.over_platform", None, "reception.over_platform", None, None, None, "reception.too_many"
    ]  # fmt: skip
    assert [picture.state for picture in found].count(PictureState.WANTED) == 4
    async with sqlite_database.reading() as session:
        post = (await session.exec(select(Post))).one()
        assert await desk.vault.get(session, post.source_id) == b"All quiet."


async def test_a_file_alone_that_is_too_large_is_one_sentence_with_the_figure(
    sqlite_database: Database, desk: Desk
) -> None:
    with pytest.raises(reception.NotTaken) as refused:
        await send(sqlite_database, replace(desk, app_bytes=TWENTY), " ", (VIDEO, 21))
    assert (refused.value.sentence, refused.value.fields) == ("reception.over_platform", {"megabytes": 20})
    with pytest.raises(reception.NotTaken, match=r"reception\.too_big"):
        await send(sqlite_database, desk, "", (PHOTO, 31))
