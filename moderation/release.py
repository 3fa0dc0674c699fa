"""A release: exactly what the public may see, as it was approved. A network accepts nothing else."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NewType

ContentHash = NewType("ContentHash", str)
"""SHA-256 (hex) over the canonical form of what the public would see."""


@dataclass(frozen=True, slots=True)
class PublicPicture:
    """A finished picture: `sha256` names its bytes (JPEG) in the media folder; sides in pixels.

    Of a video it is the poster, `video` names the bytes of the video itself (MP4), which lasts `seconds`."""

    sha256: str
    width: int
    height: int
    alt: str
    video: str | None = None
    seconds: int = 0

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files in a media folder."""
        return (f"{self.sha256}.jpg", f"{self.video}.mp4") if self.video else (f"{self.sha256}.jpg",)


@dataclass(frozen=True, slots=True)
class Beside:
    """What the public reads beside the words, and when it may: an approval is of that too.

    `area` is an area id, `wait` what its release waits for, `embargo` the time before which it does not leave;
    `corrects` the post that is corrected, and `correction` the line that says what was wrong."""

    byline: str | None
    kind: str
    language: str
    area: str | None
    shift: int
    wait: str
    embargo: datetime | None
    corrects: int | None = None
    correction: str | None = None


def content_hash(
    texts: Mapping[str, str],
    pictures: Sequence[PublicPicture],
    networks: Sequence[str],
    answers: int | None,
    beside: Beside,
) -> ContentHash:
    """What an approval binds to: each network's text, alt texts, picture bytes, the networks, the reply answered, and
    what stands beside them."""
    canonical = {
        "texts": dict(sorted(texts.items())),
        "pictures": [[p.sha256, p.width, p.height, p.alt, p.video] for p in pictures],
        "networks": sorted(networks),
        "answers": answers,
        "beside": asdict(beside) | {"embargo": beside.embargo and beside.embargo.isoformat()},
    }
    encoded = json.dumps(canonical, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
    return ContentHash(hashlib.sha256(encoded).hexdigest())


@dataclass(frozen=True, slots=True)
class Release:
    """One approved post on its way to one network. Made by `moderation.queue.release` alone.

    `text` is the variant for this network. `area` is an area id, `byline` the public name or call-sign of the author
    where the author opted in. `number` is the post's running number. `content` is the hash that was approved.
    `reply` is our id of the public reply that this answers. Of a correction, `correction` is the line that says what
    was wrong; `in_place`: its words take the place of those that are there. `thread`: told paragraph by paragraph.
    `leaves_at`: when it was first about to leave, committed before that and never changed."""

    post: int
    number: int
    network: str
    shift: int
    kind: str
    language: str
    text: str
    pictures: tuple[PublicPicture, ...]
    area: str | None
    byline: str | None
    approved_at: datetime
    content: ContentHash
    reply: int | None = None
    correction: str | None = None
    in_place: bool = False
    thread: bool = False
    leaves_at: datetime | None = None

    @property
    def public_at(self) -> datetime:
        """The time that the public reads on it where we say the time; the same at each try."""
        return self.leaves_at or self.approved_at
