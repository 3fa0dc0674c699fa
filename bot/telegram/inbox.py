"""What arrives from Telegram, in its order, each confirmed only after whoever reads it asked for the next."""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiohttp import web
from telegram.error import Conflict, RetryAfter, TelegramError

from bot.chat_app import Incoming
from bot.telegram.line import Line
from bot.telegram.trouble import reason, seconds
from bot.telegram.updates import POISON, WANTED, read

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of a header
LONGEST_PAUSE = 60.0
COMMIT_SECONDS = 50.0
"""Telegram gives up on a webhook after a minute, and comes again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """`heard_at` is when Telegram last answered; `trouble` why it does not now. The rest counts since the start."""

    heard_at: datetime | None = None
    trouble: str | None = None
    ignored: int = 0
    poisoned: int = 0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram delivers to, and the secret by which we know that it is Telegram."""

    url: str
    secret: str


@dataclass(slots=True)
class _Delivered:
    raw: Mapping[str, Any]
    committed: asyncio.Future[None]


class Inbox:
    """The updates of one bot, by polling; by webhook if there is one. One reader at a time."""

    def __init__(self, line: Line, clock: Callable[[], datetime], poll_seconds: int, first_pause: float) -> None:
        self._line = line
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._first_pause = first_pause
        self._failures = 0
        self._delivered: asyncio.Queue[_Delivered] = asyncio.Queue()
        self.health = Health()

    async def polled(self) -> AsyncIterator[Incoming]:
        """By getUpdates, for ever. The offset moves when the reader comes back for more."""
        offset: int | None = None
        webhook_gone = False
        while True:
            try:
                if not webhook_gone:
                    await self._line.delete_webhook()
                    webhook_gone = True
                batch = await self._line.raw_updates(offset, self._poll_seconds)
            except TelegramError as error:
                webhook_gone = webhook_gone and not isinstance(error, Conflict)
                await self._wait_out(error)
                continue
            self._well()
            for raw in batch:
                item = self._read(raw)
                if item is not None:
                    yield item
                offset = int(raw["update_id"]) + 1

    async def delivered(self, webhook: Webhook) -> AsyncIterator[Incoming]:
        """By webhook, for ever: what `hear` took, answered when the reader comes back for more."""
        await self._register(webhook)
        while True:
            update = await self._delivered.get()
            try:
                item = self._read(update.raw)
                if item is not None:
                    yield item
            except GeneratorExit:
                update.committed.cancel()
                raise
            if not update.committed.done():
                update.committed.set_result(None)

    async def hear(self, request: web.Request, webhook: Webhook) -> web.Response:
        """One delivery: 200 when it is committed, 503 when Telegram has to bring it again."""
        secret = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(secret.encode(), webhook.secret.encode()):
            return web.Response(status=403)
        try:
            raw = await request.json()
        except ValueError:
            raw = None
        if not isinstance(raw, dict):
            return web.Response(status=400)
        update = _Delivered(raw, asyncio.get_running_loop().create_future())
        self._delivered.put_nowait(update)
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await asyncio.shield(update.committed)
        except (TimeoutError, asyncio.CancelledError):
            return web.Response(status=503)
        self._well()
        return web.Response()

    def _read(self, raw: Mapping[str, Any]) -> Incoming | None:
        try:
            item = read(raw, self._line, self._clock())
        except POISON as error:
            self.health = replace(self.health, poisoned=self.health.poisoned + 1)
            log.error("telegram update %s can not be read: %s", _id(raw), type(error).__name__)
            return None
        if item is None:
            self.health = replace(self.health, ignored=self.health.ignored + 1)
        return item

    async def _register(self, webhook: Webhook) -> None:
        """One connection only, or Telegram would deliver out of order."""
        while True:
            try:
                await self._line.set_webhook(
                    webhook.url, secret_token=webhook.secret, allowed_updates=WANTED, max_connections=1
                )
            except TelegramError as error:
                await self._wait_out(error)
            else:
                self._well()
                return

    def _well(self) -> None:
        self._failures = 0
        self.health = replace(self.health, heard_at=self._clock(), trouble=None)

    async def _wait_out(self, error: TelegramError) -> None:
        """Pauses double up to a minute; when Telegram says how long, that long."""
        trouble = reason(error)
        if trouble != self.health.trouble:
            log.warning("telegram does not deliver: %s", trouble)
        self.health = replace(self.health, trouble=trouble)
        pause = min(self._first_pause * 2**self._failures, LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 16)
        await asyncio.sleep(seconds(error.retry_after) if isinstance(error, RetryAfter) else pause)


def _id(raw: Mapping[str, Any]) -> int | None:
    found = raw.get("update_id")
    return found if isinstance(found, int) else None
