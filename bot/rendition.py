"""Renditions: the bytes of an approved picture as one network takes them, made by a recipe that can be told again."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from bot.network import Refused
from moderation.media_cover import is_bare
from moderation.release import PublicPicture

RECIPES: Final = ((2560, 90), (2048, 85), (2048, 75), (1600, 75), (1280, 70), (1024, 60), (800, 50), (512, 40))
"""Longest side in pixels and JPEG quality, tried in this order."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A JPEG and how it came out of the master: `recipe` is "as approved" or the side and quality, as "1600 q75"."""

    jpeg: bytes
    width: int
    height: int
    recipe: str


def master(media: Path, picture: PublicPicture) -> bytes:
    """The bytes that were approved, of a video its poster. Raises Refused if they are not there or are others: then
    nothing leaves."""
    return _approved(media / f"{picture.sha256}.jpg", picture.sha256)


def film(media: Path, pictures: Sequence[PublicPicture], most: int) -> bytes | None:
    """The approved video, where a network takes one of `most` bytes and it stands alone; else its poster goes.

    Raises Refused as `master` does."""
    if len(pictures) != 1 or pictures[0].video is None:
        return None
    path = media / f"{pictures[0].video}.mp4"
    if path.is_file() and path.stat().st_size > most:
        return None
    return _approved(path, pictures[0].video)


def _approved(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Refused("picture missing") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Refused("picture changed")
    return content


def rendition(jpeg: bytes, most: int) -> Rendition:
    """The first recipe that gives at most `most` bytes; the same bytes from the same master. Raises Refused, also if it
    would hold anything but a picture.

    Takes up to a second of processor time: call it off the loop."""
    with Image.open(io.BytesIO(jpeg)) as opened:
        opened.load()
        if len(jpeg) <= most:
            return Rendition(jpeg, opened.width, opened.height, "as approved")
        for side, quality in RECIPES:
            made = _made(opened, side, quality)
            if len(made.jpeg) <= most:
                return made
    raise Refused("picture too large")


def _made(picture: Image.Image, side: int, quality: int) -> Rendition:
    smaller = picture.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    smaller.save(stream, "JPEG", quality=quality)
    if not is_bare(stream.getvalue()):
        raise Refused("picture changed")
    return Rendition(stream.getvalue(), smaller.width, smaller.height, f"{side} q{quality}")


def alt_text(alt: str, most: int) -> str:
    """The approved description, ended with an ellipsis where a network takes less."""
    return alt if len(alt) <= most else alt[: most - 1] + "…"
