"""*Original*: the words as sent, for whoever is on the post, for a minute, on record."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot import outbox, taps
from bot.chat_app import Card, CardId, ChatId
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from bot.sender import Sender
from moderation import queue
from moderation.audit import AuditEntry
from moderation.decision import NotAllowed
from shifts import roster
from shifts.database import Database
from shifts.officer import Officer
from shifts.shift import Shift, join
from tests.bot.one_post import a_desk
from tests.bot.still_phones import StillPhones
from tests.bot.test_retention import renderer
from tests.moderation.test_queue import NOW, a_waiting_post

SENT = "Stopped a van at 9 Orchard Close."


class Phones(StillPhones):
    """A chat app that keeps what stands in each chat."""

    def __init__(self) -> None:
        self.stands: dict[str, dict[str, Card]] = defaultdict(dict)

    async def show(self, card: Card, chat: ChatId, key: str) -> CardId:
        self.stands[chat][key] = card
        return CardId(key)

    async def replace(self, card_id: CardId, chat: ChatId, card: Card) -> None:
        self.stands[chat][card_id] = card

    async def remove(self, card_id: CardId, chat: ChatId) -> None:
        del self.stands[chat][card_id]


@dataclass
class Night:
    """A post that waits, and two sergeants who have its card."""

    database: Database
    desk: Desk
    phones: Phones
    sender: Sender

    async def press(self, who: str, button: str, at: datetime) -> None:
        async with self.database.transaction() as session:
            person = await session.get_one(Officer, who)
            caller = Caller(person, (await roster.accounts(session, who))[0])
            slot = await outbox.living(session, caller.account, SlotKind.DECIDER, 1)
            await taps.press(session, self.desk, caller, f"{slot.id}.{button}.1", at)

    async def read(self, at: datetime) -> dict[str, int]:
        """In which chats the words as sent can be read at a time, and how often."""
        while await self.sender.once(at):
            pass
        found = {chat: [c.quote for c in cards.values()].count(SENT) for chat, cards in self.phones.stands.items()}
        return {chat: count for chat, count in found.items() if count}


@pytest.fixture
async def night(sqlite_database: Database, tmp_path: Path) -> Night:
    desk, phones = a_desk(sqlite_database, tmp_path), Phones()
    await a_waiting_post(sqlite_database)
    async with sqlite_database.transaction() as session:
        post = await queue.locked(session, 1)
        post.source_id = post.original_id = await desk.seal(session, SENT, NOW)
        for who in ("sergeant-1", "sergeant-2"):
            await roster.link(session, who, "chat", who, who, NOW)
            await join(session, await session.get_one(Officer, who), await session.get_one(Shift, 1), NOW)
        await desk.changed(session, post, NOW)
    sender = Sender(sqlite_database, {"chat": phones}, renderer(sqlite_database, desk.vault, tmp_path))
    return Night(sqlite_database, desk, phones, sender)


async def test_whoever_is_on_it_reads_the_words_as_sent_alone_for_a_minute_and_on_record(night: Night) -> None:
    assert await night.read(NOW) == {}
    await night.press("sergeant-1", "original.", NOW)
    assert await night.read(NOW) == {"sergeant-1": 1}
    with pytest.raises(NotAllowed, match=r"queue\.claimed"):
        await night.press("sergeant-2", "original.", NOW + timedelta(seconds=1))
    assert await night.read(NOW + timedelta(seconds=59)) == {"sergeant-1": 1}
    assert await night.read(NOW + timedelta(seconds=60)) == {}
    async with night.database.reading() as session:
        statement = select(AuditEntry).where(AuditEntry.event == "original shown").order_by(col(AuditEntry.seq))
        on_record = [(entry.subject, entry.actor, entry.at) for entry in (await session.exec(statement)).all()]
    assert on_record == [("post 1", "sergeant-1", NOW)]


async def test_pressed_again_it_is_the_same_card_for_a_minute_more(night: Night) -> None:
    await night.press("sergeant-1", "original.", NOW)
    assert await night.read(NOW) == {"sergeant-1": 1}
    await night.press("sergeant-1", "original.", NOW + timedelta(seconds=30))
    assert await night.read(NOW + timedelta(seconds=89)) == {"sergeant-1": 1}
    assert await night.read(NOW + timedelta(seconds=90)) == {}


async def test_it_goes_when_whoever_asked_for_it_has_decided(night: Night) -> None:
    await night.press("sergeant-1", "original.", NOW)
    assert await night.read(NOW) == {"sergeant-1": 1}
    await night.press("sergeant-1", "sendback.tone", NOW + timedelta(seconds=5))
    assert await night.read(NOW + timedelta(seconds=5)) == {}
