"""Records of posts: text, what in it is a link or a hashtag by bytes, pictures, and what is answered."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from moderation.release import Release

COLLECTION: Final = "app.bsky.feed.post"
_LINK: Final = re.compile(r"https?://[^\W_][^\s<>\"。、，！？；：（）「」『』【】]*")
_TAG: Final = re.compile(r"(?<!\S)#(?=[^\W\d_])[\w·-]{1,64}|(?<!\S)#\d+[^\W\d_][\w·-]{0,60}")
_FACET: Final = "app.bsky.richtext.facet"
_AFTER: Final = ".,;:!?'\"”’»…"


@dataclass(frozen=True, slots=True)
class Ref:
    """A record in one exact version."""

    uri: str
    cid: str


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a post stands: under `parent`, in the thread that `root` opened."""

    root: Ref
    parent: Ref


@dataclass(frozen=True, slots=True)
class Image:
    """An uploaded picture: `blob` is the server's own reference to it."""

    blob: Any
    alt: str
    width: int
    height: int


def record(release: Release, images: Sequence[Image], thread: Thread | None) -> dict[str, Any]:
    """The record of a release: the same release gives the same record, to the byte."""
    made: dict[str, Any] = {
        "$type": COLLECTION,
        "text": release.text,
        "createdAt": instant(release.public_at),
        "langs": [release.language],
    }
    if found := list(facets(release.text)):
        made["facets"] = found
    if images:
        made["embed"] = {"$type": "app.bsky.embed.images", "images": [_image(image) for image in images]}
    if thread is not None:
        made["reply"] = {"root": _ref(thread.root), "parent": _ref(thread.parent)}
    return made


def thread_under(parent: Mapping[str, Any], value: Mapping[str, Any]) -> Thread:
    """Where an answer to a post stands: `parent` names the post's uri and cid, `value` is its record."""
    here = Ref(str(parent["uri"]), str(parent["cid"]))
    root = (value.get("reply") or {}).get("root")
    return Thread(Ref(str(root["uri"]), str(root["cid"])) if root else here, here)


def facets(text: str) -> Iterator[dict[str, Any]]:
    """Links and hashtags, placed by their UTF-8 bytes."""
    for found in _LINK.finditer(text):
        link = _link(found.group())
        yield _facet(text, found.start(), link, {"$type": f"{_FACET}#link", "uri": link})
    for found in _TAG.finditer(text):
        tag = found.group().rstrip("-·_")
        yield _facet(text, found.start(), tag, {"$type": f"{_FACET}#tag", "tag": tag[1:]})


def _facet(text: str, start: int, words: str, feature: dict[str, str]) -> dict[str, Any]:
    first = len(text[:start].encode())
    return {"index": {"byteStart": first, "byteEnd": first + len(words.encode())}, "features": [feature]}


def _link(found: str) -> str:
    """A link without the punctuation of the sentence that it stands in."""
    link = found.rstrip(_AFTER)
    return link[:-1] if link.endswith(")") and "(" not in link else link


def instant(at: datetime) -> str:
    """A time as records hold it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _image(image: Image) -> dict[str, Any]:
    ratio = {"width": image.width, "height": image.height}
    return {"image": image.blob, "alt": image.alt, "aspectRatio": ratio}


def _ref(ref: Ref) -> dict[str, str]:
    return {"uri": ref.uri, "cid": ref.cid}
