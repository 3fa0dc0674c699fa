"""What a refusal by Telegram means for whoever called: the one place that reads its error texts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.chat_app import AttachmentRefused, CardGone, ChatAppDown, ChatGone

SIGNED_OUT_WAIT = 60.0
"""Seconds; a token that is refused needs a person, or Telegram is being restarted behind its proxy."""

UNKNOWN_WAIT = 30.0
"""Seconds, after a refusal that we do not know."""

FIRST_WAIT = 1.0

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

CARD_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "message identifier")
CHAT_GONE = ("chat not found", "chat_id is empty", "user is deactivated", "peer_id_invalid", "user not found")
WRONG_KIND = ("there is no text in the message", "there is no caption in the message", "there is no media in the")
DELETED = ("message to delete not found",)
TOO_OLD = ("message can't be deleted",)
FILE_GONE = ("file is too big", "file_id", "file identifier", "temporarily unavailable", "file_reference")


class Unchanged(Exception):
    """The message says that already."""


class Deleted(Exception):
    """The message is gone already."""


class TooOld(Exception):
    """A bot can take a message away for 48 hours only."""


class WrongKind(Exception):
    """A text message can not be edited as a photo, or a photo as a text message."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise the port's errors instead of Telegram's.

    The chain is cut on purpose: Telegram's own errors quote addresses, and these hold the token."""
    try:
        yield
    except TelegramError as error:
        raise meaning(error) from None


def meaning(error: TelegramError) -> Exception:
    """The error of the port for one of the library."""
    match error:
        case RetryAfter():
            return ChatAppDown(seconds(error.retry_after))
        case Forbidden() | ChatMigrated():
            return ChatGone()
        case InvalidToken() | Conflict():
            return ChatAppDown(SIGNED_OUT_WAIT)
        case BadRequest():
            return _refusal(error.message.lower())
        case _:
            return ChatAppDown(FIRST_WAIT, unclear=not isinstance(error.__cause__, NEVER_SENT))


def reason(error: TelegramError) -> str:
    """A short word for the log and the health page; never the error's own text, which may quote an address."""
    match error:
        case RetryAfter():
            return "busy"
        case InvalidToken():
            return "signed out"
        case Conflict():
            return "another poller"
        case BadRequest() | Forbidden():
            return "refused"
        case _:
            return "unreachable"


def seconds(wait: float | timedelta) -> float:
    """The library gives a number today and will give a timedelta."""
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _refusal(text: str) -> Exception:
    answers: tuple[tuple[tuple[str, ...], type[Exception]], ...] = (
        (("message is not modified",), Unchanged),
        (WRONG_KIND, WrongKind),
        (CARD_GONE, CardGone),
        (DELETED, Deleted),
        (TOO_OLD, TooOld),
        (CHAT_GONE, ChatGone),
        (FILE_GONE, AttachmentRefused),
    )
    for parts, answer in answers:
        if any(part in text for part in parts):
            return answer()
    return ChatAppDown(UNKNOWN_WAIT)
