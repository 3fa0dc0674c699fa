"""Telegram: officers and sergeants write to our bot in a private chat; cards are messages with buttons."""

import logging
import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aiohttp import web
from telegram.error import InvalidToken, TelegramError

from bot.chat_app import Attachment, AttachmentRefused, Card, CardId, ChatId, Choice, Incoming
from bot.telegram import menu
from bot.telegram.cards import Cards
from bot.telegram.inbox import Health, Inbox, Webhook
from bot.telegram.line import UPLOAD_SECONDS, Line, line
from bot.telegram.page import short
from bot.telegram.trouble import reason, translated
from shifts.words import Words

MOST_BYTES = 20 << 20
ANSWER_UNITS = 200
LONGEST_POLL = 50

log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def connect(
    *,
    token: str,
    base_url: str = "https://api.telegram.org",
    webhook_url: str | None = None,
    webhook_secret: str | None = None,
    poll_seconds: int = 30,
    first_pause: float = 1.0,
    words: Words | None = None,
) -> AsyncIterator["Telegram"]:
    """A bot by its token. Asks Telegram nothing yet: an outage at the start is waited out like any other.

    Updates are polled (a poll waits up to `poll_seconds`, 1 to 50), or delivered to `webhook_url` (https) with a
    `webhook_secret` of 1 to 256 characters of A-Z a-z 0-9 _ -; then `Telegram.routes` must be served there.
    `base_url` may name a Bot API server of one's own. After a failed poll the pause is `first_pause` seconds, then
    twice as long each time, at most a minute. With `words` Telegram lists our commands in their languages. Raises
    ValueError for settings that can not work."""
    webhook = _webhook(webhook_url, webhook_secret)
    if re.fullmatch(r"\d+:[\w-]+", token, re.ASCII) is None:
        raise ValueError("this is not a Telegram token: a number, a colon and a secret, as BotFather gives it")
    if urlsplit(base_url).scheme not in {"http", "https"}:
        raise ValueError("base_url is the http or https address of a Bot API server")
    async with line(token, base_url) as opened:
        inbox = Inbox(opened, _utc_now, max(1, min(poll_seconds, LONGEST_POLL)), first_pause)
        yield Telegram(opened, inbox, webhook, words)


class Telegram:
    """A `ChatApp`. Cards may be shown from several processes; `incoming` is read by one only."""

    def __init__(self, line: Line, inbox: Inbox, webhook: Webhook | None, words: Words | None = None) -> None:
        self._words = words
        self._line = line
        self._inbox = inbox
        self._webhook = webhook
        self._cards = Cards(line)

    @property
    def health(self) -> Health:
        """When Telegram last answered our listening, and why it does not now."""
        return self._inbox.health

    def routes(self) -> Sequence[web.RouteDef]:
        """What the web server must serve for a webhook; nothing when we poll."""
        webhook = self._webhook
        if webhook is None:
            return ()

        async def hear(request: web.Request) -> web.Response:
            return await self._inbox.hear(request, webhook)

        return (web.post(urlsplit(webhook.url).path or "/", hear),)

    async def incoming(self) -> AsyncIterator[Incoming]:
        """See `ChatApp`."""
        if self._words is not None and await menu.told(self._line, self._words):
            self._words = None
        items = self._inbox.delivered(self._webhook) if self._webhook else self._inbox.polled()
        async for item in items:
            yield item

    async def fetch(self, attachment: Attachment) -> bytes:
        """See `ChatApp`. Telegram gives bots no file over 20 MB; a link that it no longer serves is refused as well."""
        if not attachment.ref or (attachment.size or 0) > MOST_BYTES:
            raise AttachmentRefused
        with translated():
            file = await self._line.get_file(attachment.ref)
        if (file.file_size or 0) > MOST_BYTES or not file.file_path:
            raise AttachmentRefused
        with translated():
            try:
                return bytes(await file.download_as_bytearray(read_timeout=UPLOAD_SECONDS))
            except InvalidToken:  # how the library reads a 404: the token itself has just worked
                raise AttachmentRefused from None

    async def answer(self, choice: Choice, sentence: str | None) -> None:
        """See `ChatApp`. An answer that does not arrive is let go: the card itself shows what came of the tap."""
        note = short(sentence, ANSWER_UNITS) if sentence else None
        try:
            await self._line.answer_callback_query(choice.id.removeprefix("tap."), note)
        except TelegramError as error:
            log.info("a tap was not answered: %s", reason(error))

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

    async def forget(self, message: str, chat: ChatId) -> None:
        """See `Forgets`. Telegram lets bots delete what came in a private chat, for 48 hours."""
        if message.isdecimal():
            await self._cards.remove(CardId(message), chat)


def _webhook(url: str | None, secret: str | None) -> Webhook | None:
    if url is None:
        return None
    if not secret:
        raise ValueError("a Telegram webhook needs a webhook_secret")
    if re.fullmatch(r"[\w-]{1,256}", secret, re.ASCII) is None:
        raise ValueError("a webhook_secret is 1 to 256 characters of A-Z a-z 0-9 _ -")
    return Webhook(url, secret)
