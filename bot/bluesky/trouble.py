"""What a server's answer means for whoever called: the one place that reads its errors."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from bot import retry_after
from bot.bounded import body
from bot.network import Refused, SignedOut, TryLater, Unclear

UNREACHED_WAIT: Final = 5.0
BUSY_WAIT: Final = 60.0
BLOCKED_WAIT: Final = 60.0
AFTER_DOUBT: Final = 3.0
MOVED: Final = frozenset({"RepoNotFound", "RepoDeactivated", "AccountDeactivated"})
"""Our account is not at this server any more: a new session says where it is, if it is anywhere."""
EXPIRED: Final = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"}) | MOVED
GONE: Final = frozenset({"RecordNotFound", "NotFound", "BlockedActor", "BlockedByActor"})
CLOSED: Final = frozenset({"AccountTakedown", "AccountSuspended", "RepoTakendown"})
_CODE: Final = re.compile(r"[A-Za-z]{1,60}")


class Expired(Exception):
    """The session has ended: renew it and call again."""


class Gone(Exception):
    """What the call was about is not there, or not any more."""


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Raise the port's errors instead of those of the line and of answers in another shape than the protocol's.

    The chain is cut, for these errors quote addresses and answers."""
    try:
        yield
    except aiohttp.ClientConnectorError:
        raise TryLater(UNREACHED_WAIT) from None
    except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Unclear from None


@asynccontextmanager
async def harmless_twice() -> AsyncIterator[None]:
    """For calls that may be repeated: doubt is no reason to look, only to try again."""
    try:
        yield
    except Unclear:
        raise TryLater(AFTER_DOUBT) from None


async def told(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """What the server says. Raises TryLater, Refused, SignedOut, Unclear, Expired, Gone."""
    said = json.loads(await body(answer)) if answer.content_type == "application/json" else None
    if answer.status < 300 and isinstance(said, dict):
        return said
    raise meaning(answer.status, answer.headers, said)


def meaning(status: int, headers: Mapping[str, str], said: Any) -> Exception:
    """The error of the port for an answer that is none; `said` is None where it was not JSON."""
    error = str(said.get("error", "")) if isinstance(said, dict) else ""
    if status == 429:
        return TryLater(_wait(headers))
    if status >= 500 or status < 400:
        return Unclear()
    if error in EXPIRED:
        return Expired()
    if error in CLOSED:
        return SignedOut()
    if error in GONE:
        return Gone()
    return _refusal(status, error)


def _refusal(status: int, error: str) -> Exception:
    """A 4xx without an error of the protocol comes from something on the way, and nothing was done; 402 says only that
    whoever keeps the server has not paid for it."""
    if error == "BlobNotFound" or not error or status == 402:
        return TryLater(BLOCKED_WAIT)
    if status in {401, 403}:
        return SignedOut()
    return Refused(error if _CODE.fullmatch(error) else f"status {status}")


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds until the server takes calls again, by either of its headers."""
    for wait in (retry_after.until(headers, "RateLimit-Reset"), retry_after.seconds(headers)):
        if wait is not None:
            return max(1.0, wait)
    return BUSY_WAIT
