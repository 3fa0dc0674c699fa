"""What X answers when it does not do what it was asked, and what that means for whoever asked."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from bot import retry_after
from bot.bounded import body
from bot.network import OUT_OF_CREDIT, Refused, SignedOut, TryLater, Unclear

UNREACHABLE_SECONDS: Final = 10.0
BUSY_SECONDS: Final = 60.0
"""After a 429 that does not say until when."""
OUT_OF_CREDIT_SECONDS: Final = 900.0
ENOUGH_TODAY_SECONDS: Final = 3600.0
"""Each try uploads its pictures anew and pays for their alt texts."""

_WINDOWS: Final = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
_OUT_OF_CREDIT: Final = ("problems/credits", "usage-capped", "creditsdepleted", "spendcapreached", "spending limit")
_SIGNED_OUT: Final = (
    "your account is suspended",
    "account is temporarily locked",
    "app permissions",
    "client-not-enrolled",
    "suspended application",
    "application is suspended",
    "app has been suspended",
)
_ENOUGH_TODAY: Final = ("over daily status update limit",)
_DUPLICATE: Final = ("duplicate content",)
_REPLY: Final = ("reply to this conversation is not allowed", "not allowed to reply", "deleted or not visible to you")
_NOT_FOUND: Final = ("resource-not-found", "not found error", "could not find", "no status found")
_REFUSALS: Final = {
    "too long": ("text is too long",),
    "picture": ("media file size", "file size exceeds", "media type", "invalid media"),
}
_NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, OSError)
_ANOTHER_SHAPE: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading an answer raises that is no answer of X's."""
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
        said = await body(response)
    except (aiohttp.ClientError, TimeoutError):
        said = b""
    return Answered(response.status, _problem(said), asked_wait(response.headers))


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds until the last spent window opens again, by X's own clock; None where it does not say."""
    resets = [
        headers[f"{window}-reset"]
        for window in _WINDOWS
        if f"{window}-reset" in headers and headers.get(f"{window}-remaining", "0") == "0"
    ]
    told = [retry_after.number(at) for at in resets]
    waits = [at - retry_after.server_now(headers) + 1 for at in told if at is not None]
    after = retry_after.seconds(headers)
    if after is not None:
        waits.append(after)
    return max(1.0, *waits) if waits else None


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
    except (*_NO_ANSWER, *_ANOTHER_SHAPE):
        raise _in_doubt(posting) from None


@contextmanager
def looking() -> Iterator[None]:
    """As `translated`, for questions: whoever refuses to answer one is out of order."""
    try:
        with translated():
            yield
    except (Refused, Gone, Duplicate, ReplyNotAllowed):
        raise TryLater(BUSY_SECONDS) from None


@contextmanager
def preparing() -> Iterator[None]:
    """As `translated`, for what is done before a post: only Refused says something about the post."""
    try:
        with translated():
            yield
    except (Gone, Duplicate, ReplyNotAllowed):
        raise TryLater(BUSY_SECONDS) from None


def meaning(answer: Answered, posting: bool) -> Exception:
    """The one place that reads X's status codes and problem texts."""
    said = answer.problem
    if answer.status == 401 or _says(said, _SIGNED_OUT):
        return SignedOut()
    if answer.status == 402 or _says(said, _OUT_OF_CREDIT):
        return TryLater(OUT_OF_CREDIT_SECONDS, OUT_OF_CREDIT)
    if answer.status == 429 or _says(said, _ENOUGH_TODAY):
        return TryLater(answer.wait or (BUSY_SECONDS if answer.status == 429 else ENOUGH_TODAY_SECONDS))
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
    if status == 404:
        # Somebody on the way may know no such address; only X knows that there is no such post.
        return Gone() if _says(said, _NOT_FOUND) else TryLater(BUSY_SECONDS)
    return Refused("policy")


def _in_doubt(posting: bool) -> Exception:
    return Unclear() if posting else TryLater(UNREACHABLE_SECONDS)


def _says(said: str, parts: tuple[str, ...]) -> bool:
    return any(part in said for part in parts)


def _problem(said: bytes) -> str:
    """Type, title, detail and messages of a problem; empty for what is not a JSON object."""
    try:
        told: Any = json.loads(said)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    errors = [error for error in told.get("errors", []) if isinstance(error, dict)]
    parts = [part.get(name) for part in (told, *errors) for name in ("type", "title", "reason", "detail", "message")]
    return "\n".join(part for part in parts if isinstance(part, str)).lower()
