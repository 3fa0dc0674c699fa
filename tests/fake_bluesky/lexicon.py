"""What a server checks of a post before it keeps it."""

import re
from typing import Any

import regex

from tests.fake_bluesky.refused import Refused

TID = re.compile(r"[234567a-j][2-7a-z]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
MOST_BLOB = 1_000_000
FIELDS = {"$type", "text", "createdAt", "langs", "facets", "embed", "reply"}


def check_post(record: dict[str, Any]) -> None:
    """Raises Refused for what a server would refuse, and for what clients would show wrongly."""
    _must(record.get("$type") == "app.bsky.feed.post", "$type")
    _must(set(record) <= FIELDS, "unknown field")
    _must(isinstance(record.get("text"), str), "text")
    text = str(record["text"])
    _must(len(text.encode()) <= 3000, "text must not be longer than 3000 bytes")
    _must(len(regex.findall(r"\X", text)) <= 300, "text must not be longer than 300 graphemes")
    _must(bool(INSTANT.fullmatch(record.get("createdAt", ""))), "createdAt")
    langs = record.get("langs", [])
    _must(len(langs) <= 3 and all(LANGUAGE.fullmatch(lang) for lang in langs), "langs")
    for facet in record.get("facets", []):
        _check_facet(facet, text)
    if "embed" in record:
        _check_images(record["embed"])


def _check_facet(facet: dict[str, Any], text: str) -> None:
    start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
    encoded = text.encode()
    _must(0 <= start < end <= len(encoded), "facet outside of the text")
    try:
        words = encoded[start:end].decode()
    except UnicodeDecodeError:
        raise Refused(400, "InvalidRequest", "facet cuts a character") from None
    (feature,) = facet["features"]
    match feature["$type"]:
        case "app.bsky.richtext.facet#link":
            _must(words == feature["uri"], "facet marks other words than its link")
            _must(re.fullmatch(r"\w+:(?://)?[^\s/]\S*", words) is not None, "facet's link is no uri")
        case "app.bsky.richtext.facet#tag":
            _must(words == f"#{feature['tag']}" and len(feature["tag"]) <= 64, "facet marks other words than its tag")
        case _:
            raise Refused(400, "InvalidRequest", "facet of another kind")


def _check_images(embed: dict[str, Any]) -> None:
    _must(embed.get("$type") == "app.bsky.embed.images", "embed")
    _must(1 <= len(embed["images"]) <= 4, "images")
    for image in embed["images"]:
        _must(set(image) == {"image", "alt", "aspectRatio"} and isinstance(image["alt"], str), "image")
        ratio = image["aspectRatio"]
        _must(set(ratio) == {"width", "height"} and all(isinstance(n, int) and n > 0 for n in ratio.values()), "ratio")
        _must(image["image"]["size"] <= MOST_BLOB, "blob too large")


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise Refused(400, "InvalidRequest", f"Invalid record: {what}")
