"""What X answers when it does not do what it was asked, and what that means for whoever asked."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp

from bot.network import OUT_OF_CREDIT, Refused, SignedOut, TryLater, Unclear
from shifts.database import utc_now

UNREACHABLE_SECONDS: Final = 10.0
BUSY_SECONDS: Final = 60.0
"""After a 429 that does not say until when."""
OUT_OF_CREDIT_SECONDS: Final = 900.0
LONGEST_SECONDS: Final = 86_400.0

_WINDOWS: Final = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
_OUT_OF_CREDIT: Final = ("problems/credits", "usage-capped", "creditsdepleted", "spendcapreached", "spending limit")
_SIGNED_OUT: Final = (
    "your account is suspended",
    "account is temporarily locked",
    "app permissions",
    "client-not-enrolled",
)
_DUPLICATE: Final = ("duplicate content",)
_REPLY: Final = ("reply to this conversation is not allowed", "not allowed to reply", "deleted or not visible to you")
_REFUSALS: Final = {
    "too long": ("text is too long",),
    "picture": ("media file size", "file size exceeds", "media type", "invalid media"),
}
_NEVER_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


@dataclass(eq=False)
class Answered(Exception):
    """An answer that is no success. `problem` is X's own text in lower case, to tell refusals apart; never shown."""

    status: int
    problem: str
    wait: float | None

    def __str__(self) -> str:
        return f"X answered {self.status}"


class Duplicate(Exception):
    """X holds a post with these words already: ours, of a try that nobody confirmed, or another one."""


class ReplyNotAllowed(Exception):
    """X does not take this as an answer to that post."""


class Gone(Exception):
    """There is no post of this id."""


async def answered(response: aiohttp.ClientResponse) -> Answered:
    """The answer as an exception. Pages of proxies and empty bodies are answers like any other."""
    try:
        body = await response.read()
    except (aiohttp.ClientError, TimeoutError):
        body = b""
    return Answered(response.status, _problem(body), asked_wait(response.headers))


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds until the last spent window opens again, by X's own clock; None where it does not say."""
    resets = [
        headers[f"{window}-reset"]
        for window in _WINDOWS
        if f"{window}-reset" in headers and headers.get(f"{window}-remaining", "0") == "0"
    ]
    waits = [float(at) - _date(headers).timestamp() + 1 for at in resets if at.isdigit()]
    if (after := headers.get("retry-after", "")).isdigit():
        waits.append(float(after))
    return min(LONGEST_SECONDS, max(1.0, *waits)) if waits else None


@contextmanager
def translated(*, posting: bool = False) -> Iterator[None]:
    """Raise what the port knows (and Duplicate, ReplyNotAllowed, Gone) for whatever goes wrong on the line.

    `posting`: what is asked for becomes public, so that a lost answer leaves it Unclear. The chain is cut: errors of
    the library quote addresses and bodies."""
    try:
        yield
    except Answered as answer:
        raise meaning(answer, posting) from None
    except _NEVER_SENT:
        raise TryLater(UNREACHABLE_SECONDS) from None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError):
        raise _in_doubt(posting) from None


def meaning(answer: Answered, posting: bool) -> Exception:
    """The one place that reads X's status codes and problem texts."""
    said = answer.problem
    if answer.status == 401 or _says(said, _SIGNED_OUT):
        return SignedOut()
    if answer.status == 402 or _says(said, _OUT_OF_CREDIT):
        return TryLater(OUT_OF_CREDIT_SECONDS, OUT_OF_CREDIT)
    if answer.status == 429:
        return TryLater(answer.wait or BUSY_SECONDS)
    if answer.status >= 500 or answer.status == 408:
        return _in_doubt(posting)
    return _refusal(answer.status, said)


def _refusal(status: int, said: str) -> Exception:
    if status == 413:
        return Refused("picture")
    if not said:
        return TryLater(BUSY_SECONDS)  # a page of some proxy's: X has not seen the post
    if _says(said, _DUPLICATE):
        return Duplicate()
    if _says(said, _REPLY):
        return ReplyNotAllowed()
    for reason, parts in _REFUSALS.items():
        if _says(said, parts):
            return Refused(reason)
    return Gone() if status == 404 else Refused("policy")


def _in_doubt(posting: bool) -> Exception:
    return Unclear() if posting else TryLater(UNREACHABLE_SECONDS)


def _says(said: str, parts: tuple[str, ...]) -> bool:
    return any(part in said for part in parts)


def _problem(body: bytes) -> str:
    """Type, title, detail and messages of a problem; empty for what is not a JSON object."""
    try:
        told: Any = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    errors = [error for error in told.get("errors", []) if isinstance(error, dict)]
    parts = [part.get(name) for part in (told, *errors) for name in ("type", "title", "reason", "detail", "message")]
    return "\n".join(part for part in parts if isinstance(part, str)).lower()


def _date(headers: Mapping[str, str]) -> datetime:
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return utc_now()
