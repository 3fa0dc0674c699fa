"""The phones: what people send (kept until the program took it) and the cards that they see."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import aiosqlite

from bot.chat_app import AccountId, Attachment, Card, CardGone, CardId, ChatId, Choice, Edit, Incoming, Message
from bot.rehearsal.item import (
    Item,
    Sent,
    SentFile,
    card_from,
    content_bytes,
    incoming_bytes,
    incoming_from,
    sent_from,
)
from bot.rehearsal.store import Row, Store, one

_ITEM = """SELECT item.*, NOT EXISTS (SELECT 1 FROM arrival WHERE arrival.item = item.id AND NOT taken) AS taken
    FROM item WHERE NOT gone AND """
_SENT = _ITEM + "id = ? AND chat = ? AND kind = 'sent'"
_CARD = _ITEM + "id = ? AND chat = ? AND kind = 'card'"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that the program has not taken yet, and the item on the phone that it belongs to."""

    incoming: Incoming
    item: str


class Phones:
    """What is on the phones. Every method that writes has written when it returns."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def send(self, account: AccountId, sent: Sent, nonce: str, now: datetime) -> Item | None:
        """A person sends. The same nonce again is the same message (None: removed since).

        An album arrives as one Message a file."""
        chat = ChatId(account)
        async with self._store.writing() as db:
            there = await one(db, "SELECT id FROM item WHERE chat = ? AND kind = 'sent' AND key = ?", (chat, nonce))
            item = there["id"] if there else secrets.token_hex(10)
            if there is None:
                await self._insert_item(db, (item, chat, "sent", nonce), sent, now)
                for part, message in enumerate(_messages(account, item, sent, now)):
                    await self._insert_arrival(db, message, item, f"{nonce}.{part}")
        return await self.item(item)

    async def edit(self, account: AccountId, item: str, text: str, nonce: str, now: datetime) -> Item | None:
        """A person changes the text of what they sent. None if it is no longer there."""
        chat = ChatId(account)
        async with self._store.writing() as db:
            row = await one(db, _SENT, (item, chat))
            if row is None:
                return None
            edit = Edit(secrets.token_hex(10), account, chat, item, now, text)
            if await self._insert_arrival(db, edit, item, nonce):
                sent = replace(sent_from(self._open(row)), text=text, edited=True)
                await self._update_item(db, item, sent)
        return await self.item(item)

    async def tap(self, account: AccountId, card: CardId, token: str, nonce: str, now: datetime) -> None:
        """A person taps a button; a stale one too, so that the program can say so."""
        choice = Choice(secrets.token_hex(10), account, ChatId(account), card, token, now)
        async with self._store.writing() as db:
            await self._insert_arrival(db, choice, card, nonce)

    async def first_untaken(self) -> Arrival | None:
        """The oldest arrival that was not taken yet."""
        row = await self._store.row("SELECT * FROM arrival WHERE NOT taken ORDER BY place LIMIT 1")
        if row is None:
            return None
        return Arrival(incoming_from(self._store.seal.open(row["sealed"], f"arrival {row['id']}")), row["item"])

    async def take(self, arrival: Arrival) -> None:
        """The program has it: its sealed copy goes, its mark stays so that it cannot arrive again."""
        async with self._store.writing() as db:
            await db.execute("UPDATE arrival SET taken = 1, sealed = x'' WHERE id = ?", (arrival.incoming.id,))

    async def show(self, chat: ChatId, card: Card, key: str, now: datetime) -> Item:
        """A card appears. The same key again is the same card, unless that was taken away."""
        async with self._store.writing() as db:
            there = await one(db, "SELECT id FROM item WHERE chat = ? AND kind = 'card' AND key = ?", (chat, key))
            card_id = there["id"] if there else secrets.token_hex(10)
            if there is None:
                await self._insert_item(db, (card_id, chat, "card", key), card, now)
            row = await one(db, _ITEM + "id = ?", (card_id,))
        if row is None:
            raise LookupError("the card was not kept")
        return self._item(row)

    async def replace(self, chat: ChatId, card_id: CardId, card: Card) -> Item | None:
        """A card changes in place; None if it is the same already. Raises CardGone."""
        async with self._store.writing() as db:
            row = await one(db, _CARD, (card_id, chat))
            if row is None:
                raise CardGone
            if card_from(self._open(row)) == card:
                return None
            await self._update_item(db, card_id, card)
        return await self.item(card_id)

    async def remove_card(self, chat: ChatId, card_id: CardId) -> None:
        """Take a card away, with its words and its key."""
        async with self._store.writing() as db:
            await db.execute("DELETE FROM item WHERE id = ? AND chat = ? AND kind = 'card'", (card_id, chat))

    async def remove_sent(self, chat: ChatId, item: str) -> tuple[SentFile, ...]:
        """A person removes their message: its words go. Gives the files that it had.

        A mark stays, so that a page which sends it again does not bring it back."""
        async with self._store.writing() as db:
            row = await one(db, _SENT, (item, chat))
            if row is None:
                return ()
            await db.execute("UPDATE item SET gone = 1, sealed = x'' WHERE id = ?", (item,))
        return sent_from(self._open(row)).files

    async def item(self, item: str) -> Item | None:
        """One message or card; None if it is gone."""
        row = await self._store.row(_ITEM + "id = ?", (item,))
        return None if row is None else self._item(row)

    async def history(self, chat: ChatId) -> list[Item]:
        """Everything on a phone, oldest first."""
        return [self._item(row) for row in await self._store.rows(_ITEM + "chat = ? ORDER BY place", (chat,))]

    def _item(self, row: Row) -> Item:
        read: Callable[[bytes], Sent | Card] = card_from if row["kind"] == "card" else sent_from
        content = read(self._open(row))
        at = datetime.fromisoformat(row["at"])
        return Item(row["id"], ChatId(row["chat"]), row["place"], at, row["key"], bool(row["taken"]), content)

    def _open(self, row: Row) -> bytes:
        return self._store.seal.open(row["sealed"], f"item {row['id']}")

    async def _insert_item(
        self, db: aiosqlite.Connection, names: tuple[str, str, str, str], content: Sent | Card, now: datetime
    ) -> None:
        sealed = self._store.seal.close(content_bytes(content), f"item {names[0]}")
        sql = "INSERT INTO item (id, chat, kind, key, at, sealed) VALUES (?, ?, ?, ?, ?, ?)"
        await db.execute(sql, (*names, now.isoformat(), sealed))

    async def _update_item(self, db: aiosqlite.Connection, item: str, content: Sent | Card) -> None:
        sealed = self._store.seal.close(content_bytes(content), f"item {item}")
        await db.execute("UPDATE item SET sealed = ? WHERE id = ?", (sealed, item))

    async def _insert_arrival(self, db: aiosqlite.Connection, incoming: Incoming, item: str, nonce: str) -> bool:
        """Whether it is new; the same nonce of the same phone arrives once."""
        sealed = self._store.seal.close(incoming_bytes(incoming), f"arrival {incoming.id}")
        sql = "INSERT OR IGNORE INTO arrival (id, chat, item, nonce, sealed) VALUES (?, ?, ?, ?, ?)"
        cursor = await db.execute(sql, (incoming.id, incoming.chat, item, nonce, sealed))
        return cursor.rowcount == 1


def _messages(account: AccountId, item: str, sent: Sent, now: datetime) -> list[Message]:
    """A message with several files arrives as an album: one Message each, the words with the first."""
    parts: Sequence[SentFile | None] = sent.files or (None,)
    album = item if len(parts) > 1 else None
    return [
        Message(
            id=secrets.token_hex(10),
            account=account,
            chat=ChatId(account),
            message=item if part == 0 else f"{item}.{part}",
            sent_at=now,
            text=sent.text if part == 0 else "",
            attachments=() if file is None else (Attachment(file.kind, file.ref, file.size or None),),
            album=album,
            answers=sent.answers,
        )
        for part, file in enumerate(parts)
    ]
