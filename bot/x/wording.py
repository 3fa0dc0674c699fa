"""What a post on X says, freed of what X does to it: escapes, shortened links, the link to its own pictures."""

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

_SPACE: Final = re.compile(r"\s+")
_PROTOCOL: Final = re.compile(r"\bhttps?://", re.IGNORECASE)
_ADDRESSED: Final = re.compile(r"(?:@\w{1,15}\s+)+", re.ASCII)
_PICTURE: Final = re.compile(r"/status/\d+/(?:photo|video)/\d+$", re.ASCII)
_SLASH: Final = re.compile(r"/(?=\s|$)")


def wording(text: str) -> str:
    """A text in the form in which two are compared: NFC, single spaces, links without protocol and last slash."""
    bare = _SLASH.sub("", _PROTOCOL.sub("", unicodedata.normalize("NFC", text)))
    return _SPACE.sub(" ", bare).strip()


def said(post: Mapping[str, Any]) -> str:
    """The text of a post as its author wrote it: unescaped, t.co links expanded, the link to its pictures gone."""
    whole = post.get("note_tweet") or post
    text = html.unescape(str(whole.get("text", "")))  # before links are expanded, which may hold `&copy=1`
    for link in (whole.get("entities") or {}).get("urls", []):
        whole_link = str(link.get("expanded_url", link["url"]))
        own_picture = "media_key" in link or _PICTURE.search(whole_link)
        text = text.replace(str(link["url"]), "" if own_picture else whole_link)
    return text.strip()


def says(post: Mapping[str, Any], text: str, pictures: int) -> bool:
    """Whether a post says exactly this, with so many pictures; X may have put names before an answer."""
    attached = (post.get("attachments") or {}).get("media_keys", [])
    if len(attached) != pictures:
        return False
    there, ours = wording(said(post)), wording(text)
    before = there.removesuffix(ours)
    return there == ours or (_answers(post) and before != there and _ADDRESSED.fullmatch(before) is not None)


def _answers(post: Mapping[str, Any]) -> bool:
    return any(one.get("type") == "replied_to" for one in post.get("referenced_tweets") or [])


def heard(post: Mapping[str, Any]) -> str:
    """What somebody answered, without the names of the accounts that X puts before an answer."""
    text = said(post)
    return _ADDRESSED.sub("", text, count=1) if _ADDRESSED.match(text) else text
