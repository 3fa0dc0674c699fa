"""Cards are shown chat by chat: no chat, and no card, holds up another, and a call for help comes first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from bot import outbox
from bot.chat_app import Card, CardId, ChatId
from bot.outbox import Slot, SlotKind
from bot.sender import FAILED_SECONDS, IN_A_ROW, Sender
from shifts.database import Database, utc_now
from shifts.officer import Account
from tests.bot.still_phones import StillPhones

NOW = utc_now()
APP = "chat"


class Chats(StillPhones):
    """A chat app that notes what it shows. `hinder` may raise, or wait, before a card is shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.hinder: Callable[[str, str], Awaitable[None]] | None = None

    async def show(self, card: Card, chat: ChatId, key: str) -> CardId:
        if self.hinder is not None:
            await self.hinder(chat, card.title)
        self.shown.append((chat, card.title))
        return CardId(key)

    async def replace(self, card_id: CardId, chat: ChatId, card: Card) -> None:
        self.shown.append((chat, card.title))

    async def remove(self, card_id: CardId, chat: ChatId) -> None:
        raise AssertionError("nothing is to be removed")


class Titles:
    """Renders a slot as its kind and what it is about."""

    async def card(self, slot: Slot, now: datetime) -> Card | None:
        return Card(f"{slot.kind.value} {slot.subject}")


@pytest.fixture
def chats() -> Chats:
    return Chats()


@pytest.fixture
def sender(sqlite_database: Database, chats: Chats) -> Sender:
    return Sender(sqlite_database, {APP: chats}, Titles())


async def wanted(database: Database, chat: str, kind: SlotKind, *subjects: int) -> None:
    account = Account(officer_id="lima-1", app=APP, account=chat, chat=chat, linked_at=NOW)
    async with database.transaction() as session:
        for subject in subjects:
            await outbox.open_slot(session, account, kind, subject)


async def test_a_call_for_help_is_shown_before_all_that_waited_longer(
    sqlite_database: Database, sender: Sender, chats: Chats
) -> None:
    await wanted(sqlite_database, "a", SlotKind.DECIDER, *range(1, 31))
    await wanted(sqlite_database, "a", SlotKind.ALARM, 99)
    await sender.once(NOW)
    assert chats.shown[0] == ("a", "alarm 99")
    assert [title for _, title in chats.shown[1:]] == [f"decider {number}" for number in range(1, IN_A_ROW)]
    while await sender.once(NOW):
        pass
    assert len(chats.shown) == 31


async def test_a_card_that_cannot_be_shown_holds_up_no_other_and_comes_later(
    sqlite_database: Database, sender: Sender, chats: Chats, caplog: pytest.LogCaptureFixture
) -> None:
    async def hinder(chat: str, title: str) -> None:
        if title == "decider 1" and ("a", "decider 3") not in chats.shown:
            raise ZeroDivisionError("Maria Lopez")

    chats.hinder = hinder
    await wanted(sqlite_database, "a", SlotKind.DECIDER, 1, 2, 3)
    await wanted(sqlite_database, "b", SlotKind.DECIDER, 4)
    await sender.once(NOW)
    assert sorted(chats.shown) == [("a", "decider 2"), ("a", "decider 3"), ("b", "decider 4")]
    assert await sender.once(NOW) is False
    await sender.once(NOW + timedelta(seconds=FAILED_SECONDS))
    assert ("a", "decider 1") in chats.shown
    assert "Maria" not in caplog.text
    assert any(getattr(record, "error", None) == "ZeroDivisionError" for record in caplog.records)


async def test_a_chat_that_hangs_delays_no_other(sqlite_database: Database, sender: Sender, chats: Chats) -> None:
    hangs, shown_elsewhere = asyncio.Event(), asyncio.Event()

    async def hinder(chat: str, title: str) -> None:
        if chat == "slow":
            hangs.set()
            await asyncio.Event().wait()
        if title == "alarm 2":
            shown_elsewhere.set()

    chats.hinder = hinder
    await wanted(sqlite_database, "slow", SlotKind.DECIDER, 1)
    running = asyncio.create_task(sender.run())
    try:
        async with asyncio.timeout(30):
            await hangs.wait()
            await wanted(sqlite_database, "b", SlotKind.ALARM, 2)
            await shown_elsewhere.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
    async with sqlite_database.reading() as session:
        slow = (await session.exec(select(Slot).where(Slot.chat == "slow"))).one()
    assert (slow.shown, slow.card_id) == (0, None)


async def test_a_chat_whose_task_never_began_is_not_silent_for_ever(
    sqlite_database: Database, sender: Sender, chats: Chats
) -> None:
    """Another app fails in the very turn in which a chat begins: its task is cancelled before its first step."""
    sender._busy.add((APP, "a"))
    await wanted(sqlite_database, "a", SlotKind.DECIDER, 1)
    done = asyncio.Event()

    async def hinder(chat: str, title: str) -> None:
        done.set()

    chats.hinder = hinder
    running = asyncio.create_task(sender.run())
    try:
        async with asyncio.timeout(30):
            await done.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert done.is_set()
