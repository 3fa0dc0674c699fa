"""What an instance's refusal means for whoever called: the one place that reads its errors."""

from typing import Final

import mastodon
import requests
import urllib3

from bot.network import Refused, SignedOut, TryLater, Unclear

UNREACHED_WAIT: Final = 5.0
BUSY_WAIT: Final = 60.0
PROCESSING_WAIT: Final = 3.0
NOBODY_SAID: Final = "Endpoint not found."
"""What the library takes for the words of a page that is not the instance's."""
NOT_REACHED: Final = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


class Gone(Exception):
    """What the call was about is not there, or not any more."""


def meaning(error: mastodon.MastodonError, asked: float | None) -> Exception:
    """The error of the port for one of the library. `asked`: the seconds that a busy instance asks for."""
    match error:
        case mastodon.MastodonRatelimitError():
            return TryLater(BUSY_WAIT if asked is None else max(1.0, asked))
        case mastodon.MastodonUnauthorizedError():
            return SignedOut()
        case mastodon.MastodonNotFoundError():
            return Gone() if _said(error) else Unclear()
        case mastodon.MastodonNetworkError():
            return TryLater(UNREACHED_WAIT) if _never_arrived(error) else Unclear()
        case mastodon.MastodonServerError():
            return Unclear()
        case mastodon.MastodonAPIError():
            return _refusal(error)
        case _:
            return Refused("not understood")


def _refusal(error: mastodon.MastodonAPIError) -> Exception:
    """By its status; an answer that is no JSON has none, and nobody knows what it stands for."""
    status = error.args[1] if len(error.args) > 1 else None
    match status:
        case 402:
            return TryLater(BUSY_WAIT)  # whoever keeps the server has not paid for it: it says nothing about the post
        case 403:
            return SignedOut()
        case 410:
            return Gone() if _said(error) else Unclear()
        case 408 | 409 | 425:
            return Unclear()
        case 422 if "processing" in str(error.args[3:]).lower():
            return TryLater(PROCESSING_WAIT)
        case int() if 400 <= status < 500:
            return Refused(f"status {status}")
        case _:
            return Unclear()


def _said(error: mastodon.MastodonAPIError) -> bool:
    """Whether the instance itself said so: a page of something on the way tells nothing about what is there."""
    return len(error.args) > 3 and error.args[3] not in (None, NOBODY_SAID)


def _never_arrived(error: BaseException) -> bool:
    """Whether no connection was made at all."""
    cause = error.__context__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(cause, requests.exceptions.ConnectionError) and isinstance(reason, NOT_REACHED)
