"""What a post on X says, freed of what X does to it: escapes, shortened links, the link to its own pictures."""

import html
import re
import unicodedata
import warnings
from collections.abc import Mapping
from typing import Any, Final

_SPACE: Final = re.compile(r"\s+")
_PROTOCOL: Final = re.compile(r"\bhttps?://", re.IGNORECASE)
_ADDRESSED: Final = re.compile(r"(?:@\w{1,15}\s+)+", re.ASCII)
_SLASH: Final = re.compile(r"/(?=\s|$)")


def wording(text: str) -> str:
    """A text in the form in which two are compared: NFC, single spaces, links without protocol and last slash."""
    bare = _SLASH.sub("", _PROTOCOL.sub("", unicodedata.normalize("NFC", text)))
    return _SPACE.sub(" ", bare).strip()


def said(post: Mapping[str, Any]) -> str:
    """The text of a post as its author wrote it: unescaped, t.co links expanded, the link to its pictures gone."""
    whole = post.get("note_tweet") or post
    text = str(whole.get("text", ""))
    for link in (whole.get("entities") or {}).get("urls", []):
        own_picture = "media_key" in link
        text = text.replace(str(link["url"]), "" if own_picture else str(link.get("expanded_url", link["url"])))
    return html.unescape(text).strip()


def says(post: Mapping[str, Any], text: str, pictures: int) -> bool:
    """Whether a post says exactly this, with so many pictures."""
    attached = (post.get("attachments") or {}).get("media_keys", [])
    return len(attached) == pictures and wording(said(post)) == wording(text)


def heard(post: Mapping[str, Any]) -> str:
    """What somebody answered, without the names of the accounts that X puts before an answer."""
    text = said(post)
    return _ADDRESSED.sub("", text, count=1) if _ADDRESSED.match(text) else text


def has_link(text: str) -> bool:
    """Whether X sees a link in a text: `foo.md` is one for it."""
    with warnings.catch_warnings():
        # It loads its table of emoji by way of pkg_resources, which says at each start that it will go some day.
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
        from twitter_text.extract_urls import extract_urls
    return bool(extract_urls(text))
