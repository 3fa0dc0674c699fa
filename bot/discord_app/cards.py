"""Cards in Discord: shown, changed in place and taken away; a card is one message through all its states."""

import hashlib
import io
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import discord
from discord.utils import snowflake_time

from bot.chat_app import Card, CardGone, CardId, ChatAppDown, ChatGone, ChatId
from bot.discord_app.line import Line
from bot.discord_app.marks import Marks
from bot.discord_app.page import PICTURES, Page, page
from bot.discord_app.pictures import Upload, all_to_send
from bot.discord_app.reading import microseconds
from bot.discord_app.trouble import CALL_SECONDS, UPLOAD_SECONDS, translated
from shifts.words import FIRST_LANGUAGE, Words

REMEMBERED: Final = 2000
NONCE: Final = 25
PAGE: Final = 100
_K = TypeVar("_K")
_V = TypeVar("_V")

OLD_ANSWER: Final = timedelta(seconds=1)
"""A message older than our call was not made by it: the same key was sent before, maybe with other words."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a card showed last, and its pictures as the platform keeps them, by name."""

    page: Page
    files: tuple[str, ...]
    kept: dict[str, discord.Attachment]


class Cards:
    """Every card of one bot. What it remembers only saves uploads and repeats; nothing is lost with it."""

    def __init__(self, line: Line, marks: Marks, words: Words, clock: Callable[[], datetime]) -> None:
        self._line = line
        self._marks = marks
        self._words = words
        self._clock = clock
        self._standing: OrderedDict[tuple[ChatId, CardId], _Standing] = OrderedDict()
        self._shown: OrderedDict[tuple[ChatId, str], CardId] = OrderedDict()
        self._prefills: OrderedDict[CardId, str] = OrderedDict()
        self._asked: OrderedDict[CardId, dict[str, str]] = OrderedDict()
        self._removals: Counter[tuple[ChatId, str]] = Counter()

    async def show(self, card: Card, chat: ChatId, key: str) -> CardId:
        """Show a card. The same key again gives the card that stands there, while the platform or we remember it."""
        if (chat, key) in self._shown:
            return self._shown[chat, key]
        asked_at = self._clock()
        shown, uploads = self._page(card, chat), await self._uploads(card)
        names = tuple(upload.name for upload in uploads)
        channel = (await self._line.client()).get_partial_messageable(int(chat))
        async with translated(UPLOAD_SECONDS if uploads else CALL_SECONDS):
            sent = await channel.send(
                view=shown.view(names),
                files=[_file(upload) for upload in uploads],
                nonce=self._nonce(chat, key),
            )
        card_id = CardId(str(sent.id))
        self._stands(chat, card_id, _Standing(shown, names, _kept(names, sent.attachments)))
        _remember(self._shown, (chat, key), card_id)
        self._marks.know(int(chat), sent.id, microseconds(sent.created_at))
        self._note_prefill(card_id, card)
        if snowflake_time(sent.id) < asked_at - OLD_ANSWER:
            self._standing.pop((chat, card_id))
            await self.replace(card_id, chat, card)
        return card_id

    async def replace(self, card_id: CardId, chat: ChatId, card: Card) -> None:
        """Change a card in place. Raises CardGone when it is not there, or can not be changed and is taken away.

        After a failure nothing is taken for granted: the next try sends everything."""
        shown, uploads = self._page(card, chat), await self._uploads(card)
        names = tuple(upload.name for upload in uploads)
        before = self._standing.get((chat, card_id))
        self._note_prefill(card_id, card)
        if before is not None and (before.page, before.files) == (shown, names):
            return
        kept = before.kept if before is not None else {}
        attachments = [kept[upload.name] if upload.name in kept else _file(upload) for upload in uploads]
        message = await self._message(card_id, chat)
        try:
            async with translated(UPLOAD_SECONDS if uploads else CALL_SECONDS):
                changed = await message.edit(view=shown.view(names), attachments=attachments)
        except CardGone:
            with suppress(ChatAppDown, ChatGone, CardGone):
                await self.remove(card_id, chat)
            raise
        except ChatAppDown:
            self._standing.pop((chat, card_id), None)
            raise
        self._stands(chat, card_id, _Standing(shown, names, _kept(names, changed.attachments)))

    async def remove(self, card_id: CardId, chat: ChatId) -> None:
        """Take a card away; fine if it is gone already."""
        self._forget(card_id, chat)
        message = await self._message(card_id, chat)
        with suppress(CardGone):
            async with translated():
                await message.delete()

    async def sweep(self, chat: ChatId, after: CardId | None, newest: CardId, known: Collection[CardId]) -> None:
        """Take away what we sent to a chat between two cards and nobody knows of, as its history tells."""
        client, end = await self._line.client(), int(newest)
        own = str(client.user.id if client.user else 0)
        async with translated():
            place = {"before": end, "after": None} if after is None else {"before": None, "after": int(after)}
            told: Any = await client.http.logs_from(int(chat), PAGE, **place)
        for raw in told:
            card = CardId(str(raw.get("id")))
            ours = str(raw.get("author", {}).get("id")) == own and card.isdecimal() and int(card) < end
            if ours and card not in known:
                await self.remove(card, chat)

    def prefill(self, card_id: CardId) -> str | None:
        """What the card's form is filled with, if this process showed the card."""
        return self._prefills.get(card_id)

    def asked(self, card_id: CardId, token: str) -> str | None:
        """What the form is filled with that a button opens at once, if this process showed the card."""
        return self._asked.get(card_id, {}).get(token)

    async def _message(self, card_id: CardId, chat: ChatId) -> discord.PartialMessage:
        return (await self._line.client()).get_partial_messageable(int(chat)).get_partial_message(int(card_id))

    def _page(self, card: Card, chat: ChatId) -> Page:
        language = self._marks.language(int(chat)) or FIRST_LANGUAGE
        return page(card, self._words.say("discord.write", language))

    async def _uploads(self, card: Card) -> list[Upload]:
        """Each picture once, even if a card shows it twice: names must differ."""
        uploads = await all_to_send(card.pictures[:PICTURES])
        return [Upload(f"{place}-{upload.name}", upload.content) for place, upload in enumerate(uploads)]

    def _nonce(self, chat: ChatId, key: str) -> str:
        """The same for the same key, so that a second try shows nothing twice; another after we took a card away."""
        named = f"{chat} {key} {self._removals[chat, key]}"
        return hashlib.sha256(named.encode()).hexdigest()[:NONCE]

    def _stands(self, chat: ChatId, card_id: CardId, standing: _Standing) -> None:
        _remember(self._standing, (chat, card_id), standing)

    def _note_prefill(self, card_id: CardId, card: Card) -> None:
        if card.ask is not None:
            _remember(self._prefills, card_id, card.ask.prefill)
        else:
            self._prefills.pop(card_id, None)
        asking = {button.token: button.asks.prefill for row in card.rows for button in row if button.asks is not None}
        _remember(self._asked, card_id, asking)

    def _forget(self, card_id: CardId, chat: ChatId) -> None:
        """A card that is gone is shown anew, even under its old key."""
        self._standing.pop((chat, card_id), None)
        self._prefills.pop(card_id, None)
        self._asked.pop(card_id, None)
        for place in [place for place, there in self._shown.items() if there == card_id and place[0] == chat]:
            del self._shown[place]
            self._removals[place] += 1


def _remember(memory: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)


def _file(upload: Upload) -> discord.File:
    return discord.File(io.BytesIO(upload.content), upload.name)


def _kept(names: Sequence[str], attachments: Sequence[discord.Attachment]) -> dict[str, discord.Attachment]:
    return {attachment.filename: attachment for attachment in attachments if attachment.filename in names}
