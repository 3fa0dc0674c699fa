"""Pictures on their way to Discord, within its limits."""

import asyncio
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

PICTURE_BYTES: Final = 2_000_000
"""The platform takes 10 MiB a file and 25 MiB together; ten pictures of this size stay under both."""
CARD_SIDE: Final = 2560


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture's name, made of its content, and its bytes."""

    name: str
    content: bytes


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
