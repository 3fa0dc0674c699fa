"""A post's text as HTML: escaped, with working links, and harmless whatever was typed."""

import re
from typing import Final

from markupsafe import Markup, escape

_LINK: Final = re.compile(r"https?://[^\s<>\"'\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
_ENDS_A_SENTENCE: Final = ".,;:!?)]}»”…"
# What neither HTML nor XML may hold: control characters, lone surrogates, non-characters.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TURNS_DIRECTION: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")

TITLE_LENGTH: Final = 90


def allowed(text: str) -> str:
    """The text without what neither HTML nor XML may hold."""
    return _FORBIDDEN.sub("", text)


def linked(text: str) -> Markup:
    """HTML of a post's text: escaped, web addresses made links."""
    text = allowed(text)
    parts: list[Markup] = []
    position = 0
    for match in _LINK.finditer(text):
        address = match[0].rstrip(_ENDS_A_SENTENCE)
        parts.append(escape(text[position : match.start()]))
        parts.append(Markup('<a href="{0}" rel="nofollow ugc noopener">{0}</a>').format(address))
        position = match.start() + len(address)
    parts.append(escape(text[position:]))
    return Markup("").join(parts)


def one_line(text: str, length: int = TITLE_LENGTH) -> str:
    """The beginning of a text for a title: one line, without marks that turn the reading direction."""
    line = " ".join(_TURNS_DIRECTION.sub("", allowed(text)).split())
    if len(line) <= length:
        return line
    return line[:length].rsplit(" ", 1)[0].rstrip(".,;: ") + "…"
