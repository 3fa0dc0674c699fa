"""Pictures and videos on their way to Discord, within its limits."""

import asyncio
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from bot.chat_app import Picture

VIDEO_BYTES: Final = 7_000_000
"""Of a larger video, and of every video of a card after the first, the poster is shown."""
PICTURE_BYTES: Final = 1_600_000
"""The platform takes 10 MiB a file and 25 MiB together; ten pictures of this size and one video stay under both."""
CARD_SIDE: Final = 2560


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture's name, made of its content, and its bytes."""

    name: str
    content: bytes


async def all_to_send(pictures: Sequence[Picture]) -> list[Upload]:
    """Pictures, and the first video, within the limits. Raises OSError if one is not there."""
    films = [picture for picture in pictures if picture.video and picture.video.stat().st_size <= VIDEO_BYTES]
    return [await (_film(p.video) if films and p is films[0] and p.video else to_send(p.path)) for p in pictures]


async def _film(path: Path) -> Upload:
    content = await asyncio.to_thread(path.read_bytes)
    return Upload(f"{hashlib.sha256(content).hexdigest()[:16]}.mp4", content)


async def to_send(path: Path) -> Upload:
    """A picture within the limits. Raises OSError if it is not there."""
    content = await asyncio.to_thread(path.read_bytes)
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.jpg"
    return Upload(name, await asyncio.to_thread(within_limits, content))


def within_limits(content: bytes) -> bytes:
    """The picture as it is if it is small enough, else made smaller until it is."""
    side, quality = CARD_SIDE, 85
    smaller = content
    while len(smaller) > PICTURE_BYTES and side >= 320:
        smaller = _jpeg(content, side, quality)
        side, quality = side * 3 // 4, 80
    return smaller


def _jpeg(content: bytes, side: int, quality: int) -> bytes:
    written = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.draft("RGB", (side, side))
        smaller = picture.convert("RGB")
    smaller.thumbnail((side, side), Image.Resampling.BILINEAR)
    smaller.save(written, "JPEG", quality=quality)
    return written.getvalue()
