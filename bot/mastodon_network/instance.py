"""What an instance takes, as it says itself."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.network import Limits


def taken(told: object, table: Limits) -> Limits:
    """The configuration's limits, lowered where the instance takes less; what a link counts is the instance's."""
    configuration = _table(told if isinstance(told, Mapping) else {}, "configuration")
    statuses, media = _table(configuration, "statuses"), _table(configuration, "media_attachments")
    return replace(
        table,
        characters=min(table.characters, _number(statuses, "max_characters", table.characters)),
        pictures=min(table.pictures, _number(statuses, "max_media_attachments", table.pictures)),
        picture_bytes=min(table.picture_bytes, _number(media, "image_size_limit", table.picture_bytes)),
        video_bytes=min(table.video_bytes, _number(media, "video_size_limit", table.video_bytes)),
        alt_characters=min(table.alt_characters, _number(media, "description_limit", table.alt_characters)),
        per_link=_number(statuses, "characters_reserved_per_url", table.per_link or 0) or None,
    )


def _table(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = told.get(name)
    return inner if isinstance(inner, Mapping) else {}


def _number(told: Mapping[str, Any], name: str, default: int) -> int:
    number = told.get(name)
    return number if isinstance(number, int) and number > 0 else default
