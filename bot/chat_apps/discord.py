"""Discord: officers and sergeants write to our bot in a private chat; cards are messages with buttons."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import discord

from bot.chat_app import Attachment, AttachmentRefused, Card, CardGone, CardId, ChatGone, ChatId, Choice, Incoming
from bot.discord_app.cards import Cards
from bot.discord_app.history import History, ours
from bot.discord_app.inbox import Inbox
from bot.discord_app.line import Health, Line, listening
from bot.discord_app.marks import Marks
from bot.discord_app.reading import changed, written
from bot.discord_app.slash import registered
from bot.discord_app.taps import PATIENCE, Taps
from bot.discord_app.trouble import UPLOAD_SECONDS, translated
from shifts.words import Words

MOST_BYTES = 120_000_000
COMMANDS_PAUSE = 300.0
"""Seconds until commands that could not be registered are tried again."""
REF = re.compile(r"(\d+)/(\d+)/(\d+)", re.ASCII)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def connect(
    *, token: str, state: Path, words: Words, first_pause: float = 1.0, commands_pause: float = COMMANDS_PAUSE
) -> AsyncIterator["Discord"]:
    """A bot by its token. Nothing is waited for: an outage at the start is waited out like any other.

    In the folder `state` a small file says how far each chat was read. After a lost connection the pause is
    `first_pause` seconds, then twice as long each time, at most a minute. Raises ValueError for what is no token."""
    if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII) is None:
        raise ValueError("this is not a Discord token: three parts with dots between, from the Bot page of the portal")
    logging.getLogger("discord").setLevel(logging.ERROR)  # its warnings quote addresses that hold answer tokens
    marks = Marks(state / "discord.sqlite")
    try:
        app = Discord(token, marks, words, first_pause, commands_pause=commands_pause)
        async with listening(app.line):
            yield app
    finally:
        marks.close()


class Discord:
    """A `ChatApp`, for one process at a time. A press that nobody takes is acknowledged after `patience` seconds."""

    def __init__(
        self,
        token: str,
        marks: Marks,
        words: Words,
        first_pause: float = 1.0,
        patience: float = PATIENCE,
        *,
        commands_pause: float = COMMANDS_PAUSE,
    ) -> None:
        self.line = Line(token, self, _utc_now, first_pause)
        self.caught_up = asyncio.Event()
        """Set while everything is read that was written before this session."""
        self._marks = marks
        self._words = words
        self._commands_pause = commands_pause
        self._inbox = Inbox(marks)
        self._history = History(marks, self._inbox, first_pause)
        self._cards = Cards(self.line, marks, words, _utc_now)
        self._taps = Taps(self._inbox, marks, words, self._cards.prefill, self._cards.asked, patience)

    @property
    def health(self) -> Health:
        """When Discord last said anything, and why it does not now."""
        return self.line.health

    def incoming(self) -> AsyncIterator[Incoming]:
        """See `ChatApp`."""
        return self._inbox.items()

    async def fetch(self, attachment: Attachment) -> bytes:
        """See `ChatApp`. Links expire within a day, so the message is asked for a fresh one."""
        place = REF.fullmatch(attachment.ref)
        if place is None or (attachment.size or 0) > MOST_BYTES:
            raise AttachmentRefused
        chat, message, number = (int(part) for part in place.groups())
        channel = (await self.line.client()).get_partial_messageable(chat)
        try:
            async with translated(UPLOAD_SECONDS):
                told = await channel.get_partial_message(message).fetch()
                found = discord.utils.get(told.attachments, id=number)
                if found is not None and found.size <= MOST_BYTES:
                    return await found.read()
        except (CardGone, ChatGone):
            raise AttachmentRefused from None
        raise AttachmentRefused

    async def answer(self, choice: Choice, sentence: str | None) -> None:
        """See `ChatApp`."""
        await self._taps.answer(choice, sentence)

    async def show(self, card: Card, chat: ChatId, key: str) -> CardId:
        """See `ChatApp`."""
        return await self._cards.show(card, chat, key)

    async def replace(self, card_id: CardId, chat: ChatId, card: Card) -> None:
        """See `ChatApp`."""
        await self._cards.replace(card_id, chat, card)

    async def remove(self, card_id: CardId, chat: ChatId) -> None:
        """See `ChatApp`."""
        await self._cards.remove(card_id, chat)

    async def sweep(self, chat: ChatId, after: CardId | None, newest: CardId, known: Collection[CardId]) -> None:
        """See `Sweeps`."""
        await self._cards.sweep(chat, after, newest, known)

    async def connected(self, client: discord.Client) -> None:
        """A new session: read what was missed, and say which commands there are, again and again if need be."""
        marks = self._history.begin()
        self.caught_up.clear()
        reading = self._history.catch_up(client, marks)
        _, told = await asyncio.gather(reading, registered(client, self._marks, self._words))
        self.caught_up.set()
        while not told and not client.is_closed():
            await asyncio.sleep(self._commands_pause)
            told = client.is_closed() or await registered(client, self._marks, self._words)

    def message(self, client: discord.Client, message: discord.Message) -> None:
        """Somebody wrote."""
        arrival = written(message, ours(client))
        if arrival is not None:
            self._inbox.hear(arrival)

    def edit(self, client: discord.Client, message: discord.Message) -> None:
        """Somebody changed a message."""
        arrival = changed(message, ours(client))
        if arrival is not None:
            self._inbox.hear(arrival)

    async def interaction(self, interaction: discord.Interaction) -> None:
        """Somebody pressed a button, filled in a form or gave a command."""
        await self._taps.heard(interaction)
