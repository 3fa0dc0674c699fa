"""The line to the Bot API: python-telegram-bot's Bot, raw updates, and libraries that keep the token to themselves."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.telegram.updates import WANTED

ANSWER_SECONDS = 15.0
UPLOAD_SECONDS = 60.0
LOUD = ("httpx", "httpcore", "telegram")
"""Libraries that log addresses with the token in them, or what people wrote."""


class Line(Bot):
    """A Bot that also gives updates as Telegram wrote them."""

    async def raw_updates(self, offset: int | None, wait: int) -> list[dict[str, Any]]:
        """Updates from `offset` on, confirming all before it; waits up to `wait` seconds. Raises TelegramError."""
        asked: dict[str, object] = {"timeout": wait, "allowed_updates": list(WANTED), "offset": offset}
        answer: object = await self._post("getUpdates", asked, read_timeout=wait + ANSWER_SECONDS)
        if not isinstance(answer, list):
            raise TelegramError("no list of updates in the answer")
        numbered = [raw for raw in answer if isinstance(raw, dict) and isinstance(raw.get("update_id"), int)]
        if answer and not numbered:
            raise TelegramError("updates without a number can not be confirmed")
        return numbered


class Request(HTTPXRequest):
    """The library's own way logs the whole answer when it is no JSON: it may hold what people wrote."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(payload)
        except ValueError:
            raise TelegramError("the answer is not JSON") from None
        if not isinstance(answer, dict) or not answer.keys() & {"result", "description"}:
            raise TelegramError("the answer is not one of Telegram's")
        return answer


@asynccontextmanager
async def line(token: str, base_url: str) -> AsyncIterator[Line]:
    """An open line. Nothing is asked yet, so an outage at the start is met by whoever asks first.

    Raises telegram.error.InvalidToken for an empty token."""
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    base = base_url.rstrip("/")
    calls = Request(
        connection_pool_size=32, read_timeout=ANSWER_SECONDS, media_write_timeout=UPLOAD_SECONDS, pool_timeout=5
    )
    polls = Request(connection_pool_size=1, read_timeout=ANSWER_SECONDS)
    opened = Line(
        token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot", request=calls, get_updates_request=polls
    )
    try:
        yield opened
    finally:
        await calls.shutdown()
        await polls.shutdown()
