"""Smaller: what a release that a network refused can be cut down to, always a part of exactly what was approved."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from bot.lengths import length
from bot.media_folder import MediaFolder
from bot.network import Limits, Refused
from bot.rendition import master, rendition
from moderation.release import PublicPicture, Release

LENGTH: Final = frozenset({"too long"})
PICTURES: Final = frozenset({"too many pictures", "picture", "picture too large", "status 413", "status 422"})
LEAST_CHARACTERS: Final = 30
LEAST_BYTES: Final = 30_000
_ENDS: Final = (".", "!", "?", "…")


def offer(reason: str, release: Release, limits: Limits, media: Path) -> dict[str, int]:
    """What would be sent instead: `characters` of the text (code points), `pictures`, `picture_bytes` of each.

    Empty where nothing smaller would help."""
    if reason in LENGTH:
        return _fewer_words(release.text, limits)
    if reason not in PICTURES or not release.pictures:
        return {}
    if len(release.pictures) > limits.pictures:
        return {"pictures": limits.pictures}
    largest = max(_size(media, picture) for picture in release.pictures)
    if any(picture.video for picture in release.pictures) or largest < 2 * LEAST_BYTES:
        return {"pictures": 0} if release.text.strip() else {}
    return {"picture_bytes": max(LEAST_BYTES, min(largest, limits.picture_bytes) // 4)}


def digest(offered: Mapping[str, int]) -> str:
    """Which offer a card shows, for its button."""
    told = ",".join(f"{name}={offered[name]}" for name in sorted(offered))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def words(text: str, offered: Mapping[str, int]) -> str:
    """The text that an offer leaves: a beginning of it."""
    if "characters" not in offered or offered["characters"] >= len(text):
        return text
    kept = text[: offered["characters"]].rstrip()
    return kept if kept.endswith(_ENDS) else f"{kept}…"


async def cut(release: Release, offered: Mapping[str, int], media: Path) -> Release:
    """The release as it was offered. A picture that cannot be made smaller stays as it is."""
    kept = release.pictures[: offered.get("pictures", len(release.pictures))]
    most = offered.get("picture_bytes")
    if most is not None:
        kept = tuple([await asyncio.to_thread(_made, picture, most, media) for picture in kept])
    return replace(release, text=words(release.text, offered), pictures=kept)


def _fewer_words(text: str, limits: Limits) -> dict[str, int]:
    """To the end of the last sentence that fits, if that is not far back, else of the last word."""
    taken = length(text, limits)
    most = limits.characters if taken > limits.characters else int(taken * 0.7)
    fitting = [i for i in range(1, len(text)) if text[i].isspace() and length(f"{text[:i]}…", limits) <= most]
    sentences = [i for i in fitting if text[:i].endswith(_ENDS) and i >= 0.6 * fitting[-1]]
    end = (sentences or fitting or [0])[-1]
    return {"characters": end} if end >= LEAST_CHARACTERS else {}


def _size(media: Path, picture: PublicPicture) -> int:
    path = media / f"{picture.sha256}.jpg"
    return path.stat().st_size if path.exists() else 0


def _made(picture: PublicPicture, most: int, media: Path) -> PublicPicture:
    """Written beside the approved one under the hash of its own bytes."""
    try:
        made = rendition(master(media, picture), most)
    except Refused:
        return picture
    name = hashlib.sha256(made.jpeg).hexdigest()
    MediaFolder(media).keep(f"{name}.jpg", made.jpeg)
    return replace(picture, sha256=name, width=made.width, height=made.height)
