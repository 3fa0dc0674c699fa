"""What holds words of people dies on its own clock, is counted, and survives a crash amid it."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import inbox, outbox, settings
from bot.alarm import Alarm
from bot.chat_app import AccountId, CardId, ChatId, Message
from bot.chat_apps import telegram
from bot.delivery import Delivery
from bot.fixed_answer import FixedAnswer
from bot.inbox import InboxItem, InboxState
from bot.media_folder import MediaFolder
from bot.outbox import Slot, SlotKind
from bot.render import Renderer
from bot.reply import Reply
from bot.retention import REACH, Folders, Retention
from bot.sender import Sender
from bot.settings import SettingsWrong, Times
from bot.view import Setting
from moderation import audit
from moderation.audit import AuditEntry
from moderation.post import Post, PostState
from moderation.vault import Gone, Vault
from shifts.areas import Areas
from shifts.database import Database, utc_now
from shifts.shift import Shift, ShiftState
from shifts.words import Words
from tests.fake_telegram.server import FakeTelegram

CONFIG = Path(__file__).parents[2] / "config"
NOW = utc_now()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TIMES = Times(originals_days=31, inbox_days=7, replies_days=90, chat_copies_hours=40)
WORDS = "They live at number 4, I have seen them."


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(b"k" * 32, tmp_path / "vault")


@pytest.fixture
def retention(sqlite_database: Database, vault: Vault, tmp_path: Path) -> Retention:
    return Retention(sqlite_database, vault, TIMES, ["telegram"], a_folders(tmp_path))


def a_folders(folder: Path) -> Folders:
    return Folders(covered=MediaFolder(folder / "media"), public=MediaFolder(folder / "public"))


def a_post(number: int = 1, **values: Any) -> Post:
    told = {"app": "telegram", "chat": "1001", "message": "7", "state": PostState.EXPIRED, **values}
    return Post(
        number=number, author_id="lima-3", shift_id=1, source_id="s", original_id="s", prepare_at=NOW, sent_at=NOW,
        received_at=NOW, **told,
    )  # fmt: skip


async def a_shift(session: AsyncSession) -> None:
    session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.ENDED, starts_at=NOW, ends_at=NOW))
    await session.flush()


async def a_reply(session: AsyncSession) -> Reply:
    await a_shift(session)
    session.add(a_post(app="elsewhere"))
    await session.flush()
    reply = Reply(
        network="far", heard_id="h1", post_id=1, answers="p1", author="acct:1", author_name="Ines", text=WORDS,
        url="https://far.example/1", at=NOW, received_at=NOW,
    )  # fmt: skip
    session.add(reply)
    await session.flush()
    return reply


async def counted(database: Database) -> dict[str, int]:
    async with database.reading() as session:
        entries = (await session.exec(select(AuditEntry).where(AuditEntry.event == "retention"))).all()
        await audit.verify(session)
    return {entry.subject: entry.facts["count"] for entry in entries}


async def test_an_original_dies_on_its_clock_and_is_counted_once(
    sqlite_database: Database, vault: Vault, retention: Retention, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with sqlite_database.transaction() as session:
        names = [await vault.put(session, WORDS.encode() * size, NOW, NOW + 31 * DAY) for size in (1, 5000)]
    assert await retention.tick(NOW + 30 * DAY) is False
    assert await retention.tick(NOW + 31 * DAY) is True
    assert await retention.tick(NOW + 32 * DAY) is False
    async with sqlite_database.reading() as session:
        for name in names:
            with pytest.raises(Gone):
                await vault.get(session, name)
    assert await counted(sqlite_database) == {"originals": 2}
    assert [(vars(record)["what"], vars(record)["count"]) for record in caplog.records] == [("originals", 2)]


def told(message: str, **values: Any) -> Message:
    """Something that somebody sent."""
    place: dict[str, Any] = {"account": AccountId("1001"), "chat": ChatId("1001"), "message": message}
    return Message(id=f"m{message}", sent_at=NOW, text=WORDS, **place, **values)


async def test_what_could_not_be_handled_loses_its_payload_and_keeps_its_reason(
    sqlite_database: Database, vault: Vault, retention: Retention
) -> None:
    async with sqlite_database.transaction() as session:
        for name in ("m1", "m2"):
            await inbox.keep(session, vault, "telegram", told(name), NOW)
        first = (await session.exec(select(InboxItem))).first()
        assert first is not None
        await inbox.INBOX.move(session, first, InboxState.FAILED, reason="KeyError", handled_at=NOW)
    assert await retention.tick(NOW + 6 * DAY) is False
    await retention.tick(NOW + 7 * DAY)
    async with sqlite_database.reading() as session:
        items = (await session.exec(select(InboxItem))).all()
    assert [(item.payload, item.state, item.reason) for item in items] == [
        (None, InboxState.FAILED, "KeyError"),
        (None, InboxState.FAILED, inbox.TOO_OLD),
    ]
    assert await counted(sqlite_database) == {"inbox payloads": 2}


async def test_the_words_of_the_public_go_and_that_somebody_answered_stays(
    sqlite_database: Database, retention: Retention
) -> None:
    async with sqlite_database.transaction() as session:
        reply = await a_reply(session)
        reply.about, reply.heard_id = "criticism", "at://did:plc:ines/h1"
        session.add(Reply(**{**reply.model_dump(exclude={"id"}), "heard_id": "at://did:plc:ines/h2"}))
        told: dict[str, Any] = {
            "reply_id": 1,
            "post_id": 1,
            "network": "far",
            "answers": reply.heard_id,
            "language": "en",
        }
        session.add(FixedAnswer(template="safety", author="acct:1", key="f1", made_at=NOW, **told))
        session.add(a_post(2, answers_reply=1))
        await session.flush()
        session.add(Delivery(post_id=2, network="far", key="k2", due_at=NOW, answers=reply.heard_id))
        session.add(Alarm(reply_id=1, post_id=1, network="far", author="acct:1", raised_at=NOW, rang_at=NOW))
    assert await retention.tick(NOW + 89 * DAY) is False
    await retention.tick(NOW + 90 * DAY)
    assert await retention.tick(NOW + 91 * DAY) is False
    async with sqlite_database.reading() as session:
        kept = await session.get_one(Reply, 1)
        alarm = (await session.exec(select(Alarm))).one()
        rows = (
            await session.get_one(FixedAnswer, 1),
            await session.get_one(Delivery, 1),
            await session.get_one(Reply, 2),
        )
    assert (kept.text, kept.author, kept.author_name, kept.url, alarm.author) == ("", "", "", None, "")
    assert (kept.about, kept.network) == ("criticism", "far")
    assert not [row for row in (kept, alarm, *rows) if "did:plc:ines" in str(row.model_dump())]
    assert await counted(sqlite_database) == {"replies": 2}


async def test_a_crash_amid_it_leaves_everything_and_the_next_time_all_of_it_goes(
    sqlite_database: Database, retention: Retention
) -> None:
    async with sqlite_database.transaction() as session:
        await a_reply(session)

    def killed(*_: object) -> None:
        raise ConnectionResetError

    event.listen(AuditEntry, "before_insert", killed)
    try:
        with pytest.raises(ExceptionGroup) as caught:
            await retention.tick(NOW + 90 * DAY)
    finally:
        event.remove(AuditEntry, "before_insert", killed)
    assert caught.group_contains(ConnectionResetError)
    async with sqlite_database.reading() as session:
        assert (await session.get_one(Reply, 1)).text == WORDS
    await retention.tick(NOW + 90 * DAY)
    async with sqlite_database.reading() as session:
        assert (await session.get_one(Reply, 1)).text == ""
    assert await counted(sqlite_database) == {"replies": 1}


async def test_cards_with_words_go_and_an_alarm_stays_until_somebody_has_taken_it(
    sqlite_database: Database, retention: Retention
) -> None:
    kinds = (SlotKind.AUTHOR, SlotKind.REPLY, SlotKind.SHIFT, SlotKind.ALARM)
    async with sqlite_database.transaction() as session:
        await a_reply(session)
        session.add(Alarm(reply_id=1, post_id=1, network="far", author="a", raised_at=NOW, rang_at=NOW))
        for kind in kinds:
            session.add(
                Slot(officer_id="o", app="r", chat="c", kind=kind, subject=1, shown=1, card_id=kind, shown_at=NOW)
            )
    assert await retention.tick(NOW + 39 * HOUR) is False
    await retention.tick(NOW + 40 * HOUR)
    assert await going(sqlite_database) == {"author", "reply"}
    async with sqlite_database.transaction() as session:
        (await session.exec(select(Alarm))).one().acknowledged_at = NOW
    await retention.tick(NOW + 41 * HOUR)
    assert await going(sqlite_database) == {"author", "reply", "alarm"}
    async with sqlite_database.reading() as session:
        lines = (await session.exec(select(AuditEntry).where(AuditEntry.subject == "cards"))).all()
    assert [line.facts for line in lines] == [{"count": 2}, {"count": 1}]


async def going(database: Database) -> set[str | None]:
    async with database.reading() as session:
        return {slot.card_id for slot in (await session.exec(select(Slot))).all() if slot.remove_at is not None}


async def test_what_an_officer_sent_goes_from_their_chat_where_the_app_lets_us(
    sqlite_database: Database, vault: Vault, retention: Retention, tmp_path: Path
) -> None:
    async with FakeTelegram().serving() as fake:
        phone = fake.phone(1001)
        for words in ("Stopped AB12 CDE.", "What I meant: stopped AB12 CDF."):
            await phone.send_text(words)
        before = len(fake.world.chats[1001].messages)
        async with sqlite_database.transaction() as session:
            for number, message in enumerate(fake.world.chats[1001].messages):
                sent = told(str(message), answers=CardId("5") if number else None)
                assert await inbox.keep(session, vault, "telegram", sent, NOW)
            assert await inbox.keep(session, vault, "elsewhere", told("7"), NOW)
        async with telegram.connect(token=fake.token, base_url=fake.base_url) as app:
            sender = Sender(sqlite_database, {"telegram": app}, renderer(sqlite_database, vault, tmp_path))
            assert await retention.tick(NOW + 39 * HOUR) is False
            await retention.tick(NOW + 40 * HOUR)
            assert await retention.tick(NOW + 40 * HOUR) is False
            await sender.once(NOW + 40 * HOUR)
            await sender.once(NOW + 40 * HOUR)
        assert (before, list(fake.world.chats[1001].messages)) == (2, [])
    assert await counted(sqlite_database) == {"messages": 2}


async def test_what_is_beyond_the_reach_of_a_bot_is_not_tried(
    sqlite_database: Database, vault: Vault, retention: Retention
) -> None:
    async with sqlite_database.transaction() as session:
        await inbox.keep(session, vault, "telegram", told("7"), NOW)
    assert await retention.tick(NOW + REACH) is False


async def test_an_answer_to_ones_own_message_is_no_answer_to_a_card(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        session.add(Slot(officer_id="o", app="telegram", chat="1001", kind=SlotKind.COPY, card_id="7", shown=1))
        await session.flush()
        assert await outbox.by_card(session, "telegram", "1001", CardId("7")) is None


@pytest.mark.parametrize("line", ["chat_copies_hours = 48", "inbox_days = 0", "replies_days = -1"])
def test_clocks_that_can_not_work_are_refused(tmp_path: Path, line: str) -> None:
    config = (CONFIG / "rehearsal" / "patrol.toml").read_text("utf-8")
    (tmp_path / "patrol.toml").write_text(config.replace("[times]", f"[times]\n{line}"), "utf-8")
    with pytest.raises(SettingsWrong, match=line.split()[0]):
        settings.load(tmp_path / "patrol.toml", tmp_path, {})


def renderer(database: Database, vault: Vault, folder: Path) -> Renderer:
    words, areas = Words.load(CONFIG / "languages"), Areas.load(CONFIG)
    return Renderer(database, vault, words, Setting(ZoneInfo("UTC"), {}, folder, areas, 2000, 8))
