"""Pictures and videos on their way to Telegram: within its limits, and uploaded once."""

import asyncio
import hashlib
import io
from collections import OrderedDict
from dataclasses import dataclass

from PIL import Image, ImageOps
from telegram import InputMediaPhoto, InputMediaVideo

from bot.chat_app import Picture, Tone

PHOTO_BYTES = 10_000_000
VIDEO_BYTES = 20_000_000
"""Bots may send more, but a card should not take long; of a larger video the poster is shown."""
VIDEO_NAME = "video.mp4"
RATIO = 20
"""The longer side to the shorter, at most."""
REMEMBERED = 500
CARD_SIDE = 2560
"""Telegram shows no more of a photo than this; more would only take longer to upload."""

BAR_COLOURS = {
    Tone.PLAIN: (58, 110, 165),
    Tone.GREEN: (46, 125, 50),
    Tone.AMBER: (239, 140, 0),
    Tone.RED: (183, 28, 28),
    Tone.GREY: (120, 120, 120),
}


@dataclass(frozen=True, slots=True)
class Shot:
    """What is sent of a picture or of a video: Telegram's name of it, or its bytes. `digest` is of its bytes."""

    digest: str
    content: str | bytes
    film: bool = False

    def as_media(self, caption: str | None = None, parse_mode: str | None = None) -> InputMediaPhoto | InputMediaVideo:
        """As part of an album, or in the place of another one."""
        if self.film:
            return InputMediaVideo(
                self.content, caption, parse_mode=parse_mode, supports_streaming=True, filename=VIDEO_NAME
            )
        return InputMediaPhoto(self.content, caption, parse_mode)


class Pictures:
    """Remembers which file of Telegram's holds which picture, so that a card that changes does not upload it again."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, str] = OrderedDict()

    async def to_send(self, picture: Picture) -> Shot:
        """The video where there is one that is not too large, else the picture. Raises OSError if it is not there."""
        video = picture.video
        film = video is not None and video.stat().st_size <= VIDEO_BYTES
        path = video if video is not None and film else picture.path
        content = await asyncio.to_thread(path.read_bytes)
        digest = hashlib.sha256(content).hexdigest()
        if digest in self._files:
            return Shot(digest, self._files[digest], film)
        return Shot(digest, content if film else await asyncio.to_thread(within_limits, content), film)

    def sent(self, digest: str, file_id: str) -> None:
        """Telegram has it now, under this name."""
        self._files[digest] = file_id
        if len(self._files) > REMEMBERED:
            self._files.popitem(last=False)

    def forget(self, digest: str) -> None:
        """Telegram no longer knows the name that we had."""
        self._files.pop(digest, None)


def within_limits(content: bytes) -> bytes:
    """The picture as it is if Telegram takes it, else made smaller, and padded if it is a mere strip."""
    with Image.open(io.BytesIO(content)) as picture:
        width, height = picture.size
        slim = max(width, height) > RATIO * min(width, height)
        if len(content) <= PHOTO_BYTES and max(width, height) <= CARD_SIDE and not slim:
            return content
        picture.draft("RGB", (CARD_SIDE, CARD_SIDE))
        smaller = picture.convert("RGB")
    smaller.thumbnail((CARD_SIDE, CARD_SIDE), Image.Resampling.BILINEAR)
    least = max(smaller.size) // RATIO + 1
    return _jpeg(ImageOps.pad(smaller, (max(smaller.width, least), max(smaller.height, least))) if slim else smaller)


def bar(tone: Tone) -> bytes:
    """A strip in a card's colour: what stands where a picture was, for Telegram can not take a picture away."""
    return _jpeg(Image.new("RGB", (640, 48), BAR_COLOURS[tone]))


def _jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=85)
    return written.getvalue()
