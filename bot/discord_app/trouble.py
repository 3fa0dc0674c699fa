"""What a refusal by Discord means for whoever called: the one place that reads its errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from discord.errors import (
    DiscordException,
    DiscordServerError,
    HTTPException,
    LoginFailure,
    PrivilegedIntentsRequired,
    RateLimited,
)

from bot.chat_app import CardGone, ChatAppDown, ChatGone

CALL_SECONDS: Final = 20.0
UPLOAD_SECONDS: Final = 60.0
SIGNED_OUT_WAIT: Final = 60.0
"""Seconds; a token that is refused needs a person."""

UNKNOWN_WAIT: Final = 30.0
"""Seconds, after a refusal that we do not know."""

FIRST_WAIT: Final = 1.0

UNREACHABLE: Final = (DiscordException, aiohttp.ClientError, TimeoutError, OSError, RuntimeError)
"""What a call may raise: the library's own errors, the network's, and RuntimeError for a session just closed."""

_CARD_GONE: Final = frozenset({10008, 30046, 50005, 50021, 50027})
"""No such message; edited too often in its old age; not ours; a system message."""

_CHAT_GONE: Final = frozenset({10003, 10013, 50001, 50007, 50278})
"""No such channel or user; no access; they take no messages from us."""


@asynccontextmanager
async def translated(seconds: float = CALL_SECONDS) -> AsyncIterator[None]:
    """Raise the port's errors instead of Discord's, and give up after `seconds`.

    The library tries five times after some faults, half a minute in all: a card that waits would hold up the others.
    The chain is cut on purpose: the platform's errors may quote what was sent."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except UNREACHABLE as error:
        raise meaning(error) from None


def meaning(error: Exception) -> Exception:
    """The error of the port for one of the library or the network."""
    match error:
        case RateLimited():
            return ChatAppDown(error.retry_after)
        case LoginFailure():
            return ChatAppDown(SIGNED_OUT_WAIT)
        case DiscordServerError():
            return ChatAppDown(FIRST_WAIT, unclear=True)
        case HTTPException():
            return _refusal(error)
        case _:
            return ChatAppDown(FIRST_WAIT, unclear=True)


def reason(error: BaseException) -> str:
    """A short word for the log and the health page; never the error's own text."""
    match error:
        case LoginFailure() | PrivilegedIntentsRequired():
            return "signed out"
        case RateLimited():
            return "busy"
        case HTTPException(status=status) if status < 500:
            return "refused"
        case _ if isinstance(error, UNREACHABLE):
            return "unreachable"
        case _:
            return f"not understood: {type(error).__name__}"


def _refusal(error: HTTPException) -> Exception:
    if error.code in _CARD_GONE:
        return CardGone()
    if error.code in _CHAT_GONE or error.status == 403:
        return ChatGone()
    if error.status == 404:
        return CardGone()
    return ChatAppDown(SIGNED_OUT_WAIT if error.status == 401 else UNKNOWN_WAIT)
