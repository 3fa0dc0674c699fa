"""What stands in a chat when the answer of a chat app to a new card was lost, with the process or without it."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import select

from bot import outbox
from bot.chat_app import Card
from bot.chat_apps import telegram
from bot.outbox import Slot, SlotKind
from bot.sender import Sender
from moderation.vault import Vault
from shifts import roster
from shifts.database import Database
from shifts.officer import Account
from shifts.roster_file import Roster
from tests.bot.test_retention import CONFIG, NOW, renderer
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram

LATER = NOW + timedelta(minutes=5)


async def one_to_tell(database: Database, *accounts: int) -> None:
    """A sentence to each of these people."""
    async with database.transaction() as session:
        await roster.import_roster(session, Roster.load(CONFIG / "roster.toml"), NOW)
        for number, account in enumerate(accounts, 1):
            await roster.link(session, f"lima-{number}", "telegram", str(account), str(account), NOW)
        told = (await session.exec(select(Account).order_by(Account.account))).all()
        await outbox.tell(session, told, "reception.empty")


async def shown_by_a_new_process(database: Database, fake: FakeTelegram, folder: Path) -> None:
    words = renderer(database, Vault(b"k" * 32, folder / "vault"), folder)
    async with telegram.connect(token=fake.token, base_url=fake.base_url) as app:
        await Sender(database, {"telegram": app}, words).once(LATER)


async def slots(database: Database) -> list[Slot]:
    async with database.reading() as session:
        return list((await session.exec(select(Slot))).all())


async def test_a_card_whose_answer_was_lost_stands_once_when_another_process_shows_it(
    sqlite_database: Database, tmp_path: Path
) -> None:
    await one_to_tell(sqlite_database, 1001)
    async with FakeTelegram().serving() as fake:
        phone = fake.phone(1001)
        await phone.send_text("Stopped a van.")
        fake.fail("lost", "sendMessage")
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        (lost,) = phone.cards()
        (before,) = await slots(sqlite_database)
        await phone.send_text("And let it go.")
        async with sqlite_database.transaction() as session:
            await outbox.later(session, before.id or 0, NOW, 0)
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        (stands,) = phone.cards()
        assert len([shown for shown in phone.screen() if not shown.from_bot]) == 2
    (after,) = await slots(sqlite_database)
    assert lost.id != stands.id
    assert before.tried_at is not None
    assert (after.card_id, after.tried_at, after.closed) == (str(stands.id), None, True)


async def test_nobody_asks_for_a_double_where_none_can_be(sqlite_database: Database, tmp_path: Path) -> None:
    await one_to_tell(sqlite_database, 1001, 1002)
    async with FakeTelegram().serving() as fake:
        phones: list[Phone] = [fake.phone(1001), fake.phone(1002)]
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        assert [len(phone.cards()) for phone in phones] == [1, 1]
        assert fake.called("editMessageReplyMarkup") == 0


async def test_cards_of_one_round_are_known_whatever_their_order(sqlite_database: Database) -> None:
    long_ago, now = NOW - timedelta(hours=1), NOW + timedelta(seconds=9)
    stand = (
        ("10", "a", long_ago), ("12", "b", long_ago), ("11", "b", long_ago), ("21", "a", NOW), ("20", "a", NOW),
        ("22", "b", NOW), ("30", "a", now), ("31", "b", now),
    )  # fmt: skip
    async with sqlite_database.transaction() as session:
        for card, chat, shown_at in stand:
            session.add(Slot(officer_id="o", app="t", chat=chat, kind=SlotKind.AUTHOR, card_id=card, shown_at=shown_at))
        lost = Slot(officer_id="o", app="t", chat="a", kind=SlotKind.AUTHOR)
        quiet = Slot(officer_id="o", app="t", chat="c", kind=SlotKind.AUTHOR)
        session.add_all([lost, quiet])
        await session.flush()
        assert await outbox.around(session, lost, now) == ("20", frozenset({"10", "20", "21", "22", "30", "31"}))
        assert await outbox.around(session, quiet, now) == ("11", frozenset(card for card, _, _ in stand))


async def test_what_a_busy_chat_app_refused_is_no_double_and_nobody_looks_for_one(
    sqlite_database: Database, tmp_path: Path
) -> None:
    await one_to_tell(sqlite_database, 1001)
    async with FakeTelegram().serving() as fake:
        phone = fake.phone(1001)
        fake.fail("busy", "sendMessage")
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        (refused,) = await slots(sqlite_database)
        assert (refused.tried_at, refused.card_id, phone.cards()) == (None, None, [])
        async with sqlite_database.transaction() as session:
            await outbox.later(session, refused.id or 0, NOW, 0)
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        assert fake.called("editMessageReplyMarkup") == 0
        assert len(phone.cards()) == 1


async def test_a_double_that_cannot_be_looked_for_makes_no_third(sqlite_database: Database, tmp_path: Path) -> None:
    await one_to_tell(sqlite_database, 1001)
    async with FakeTelegram().serving() as fake:
        phone = fake.phone(1001)
        fake.fail("lost", "sendMessage")
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        (before,) = await slots(sqlite_database)
        async with sqlite_database.transaction() as session:
            await outbox.later(session, before.id or 0, NOW, 0)
        fake.fail("busy", "editMessageReplyMarkup")
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        await shown_by_a_new_process(sqlite_database, fake, tmp_path)
        (after,) = await slots(sqlite_database)
        assert (after.tried_at, after.closed) == (None, True)
        assert str(phone.cards()[-1].id) == after.card_id
        assert len(phone.cards()) <= 2


class Original:
    """Renders the words as they were sent."""

    async def card(self, slot: Slot, now: datetime) -> Card:
        return Card("214 · original", quote="Ines Prat, Mill Lane 4")


async def test_an_original_whose_answer_was_lost_does_not_stay_in_the_chat(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        account = Account(officer_id="lima-1", app="telegram", account="1001", chat="1001", linked_at=NOW)
        slot = await outbox.open_slot(session, account, SlotKind.ORIGINAL, 1)
        slot.remove_at = NOW + timedelta(seconds=60)
    async with FakeTelegram().serving() as fake:
        phone = fake.phone(1001)
        await phone.send_text("Stopped a van.")
        async with telegram.connect(token=fake.token, base_url=fake.base_url) as app:
            sender = Sender(sqlite_database, {"telegram": app}, Original())
            fake.fail("lost", "sendMessage")
            await sender.once(NOW)
            assert len(phone.cards()) == 1
            fake.fail("busy", "sendMessage")
            await sender.once(NOW + timedelta(seconds=61))  # too busy to look for it: it is not forgotten
            (waits,) = await slots(sqlite_database)
            assert not waits.closed
            await sender.once(LATER)
        assert phone.cards() == []
        assert len([shown for shown in phone.screen() if not shown.from_bot]) == 1
    (gone,) = await slots(sqlite_database)
    assert gone.closed
