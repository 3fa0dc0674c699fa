"""When a server wants to be asked again, by its headers and its own clock."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shifts.database import utc_now


def seconds(headers: Mapping[str, str]) -> float | None:
    """What `Retry-After` asks for, which is a number of seconds or a date; None where it does not say."""
    told = headers.get("Retry-After", "")
    at = _date(told)
    if at is not None:
        return at - server_now(headers)
    return number(told)


def until(headers: Mapping[str, str], name: str) -> float | None:
    """The seconds until the moment that a header names, in seconds since 1970 or as a date of ISO 8601; None where it
    does not say."""
    told = headers.get(name, "")
    at = number(told) if number(told) is not None else _iso(told)
    return None if at is None else at - server_now(headers)


def number(told: str) -> float | None:
    """A number that a header gives; None for anything else."""
    try:
        given = float(told)
    except ValueError:
        return None
    return given if math.isfinite(given) else None


def server_now(headers: Mapping[str, str]) -> float:
    """Seconds since 1970 by the server's clock; by ours where it does not say."""
    at = _date(headers.get("Date", ""))
    return utc_now().timestamp() if at is None else at


def _date(told: str) -> float | None:
    try:
        return parsedate_to_datetime(told).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _iso(told: str) -> float | None:
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
