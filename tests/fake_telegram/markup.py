"""Telegram's HTML: what it accepts, what a phone shows of it, and what it says about the rest."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_PIECE = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)([^<>]*)>|<|&(#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);", re.DOTALL)
_HREF = re.compile(r'\s+href=(?:"([^"]*)"|\'([^\']*)\')', re.IGNORECASE)


class Unparsable(Exception):
    """Telegram would answer "can't parse entities"."""


@dataclass
class _Reader:
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    open: list[tuple[str, int, str]] = field(default_factory=list)

    def start(self, tag: str, rest: str, at: int) -> None:
        if tag not in TAGS:
            raise Unparsable(f'Unsupported start tag "{tag}" at byte offset {at}')
        href = _HREF.search(rest)
        self.open.append((tag, len(self.text), html.unescape((href[1] or href[2] or "") if href else "")))

    def end(self, tag: str, at: int) -> None:
        if not self.open:
            raise Unparsable(f"Unexpected end tag at byte offset {at}")
        opened, start, href = self.open.pop()
        if opened != tag:
            raise Unparsable(f'Unmatched end tag at byte offset {at}, expected "</{opened}>", found "</{tag}>"')
        entity = {"type": TAGS[tag], "offset": units(self.text[:start]), "length": units(self.text[start:])}
        if entity["length"] and (tag != "a" or re.match(r"(https?|tg)://", href)):
            self.entities.append(entity | ({"url": href} if tag == "a" else {}))


def parse(markup: str) -> tuple[str, list[dict[str, Any]]]:
    """The text as a phone shows it, and its entities (UTF-16). Raises Unparsable."""
    reader, at = _Reader(), 0
    for piece in _PIECE.finditer(markup):
        reader.text += markup[at : piece.start()]
        at, offset = piece.end(), len(markup[: piece.start()].encode())
        closing, tag, rest, entity = piece.groups()
        if entity:
            reader.text += html.unescape(piece[0])
        elif tag is None:
            raise Unparsable(f'Unsupported start tag "" at byte offset {offset}')
        elif closing:
            reader.end(tag.lower(), offset)
        else:
            reader.start(tag.lower(), rest, offset)
    reader.text += markup[at:]
    if reader.open:
        raise Unparsable(f'Can\'t find end tag corresponding to start tag "{reader.open[-1][0]}"')
    return trimmed(reader.text, reader.entities)


def trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """As the server cleans a text: no control characters, no line marks, nothing empty at its ends."""
    text = "".join(" " if ord(c) < 32 and c != "\n" else c for c in text)
    left = units(text) - units(text.lstrip())
    text = text.strip()
    moved = [e | {"offset": max(0, e["offset"] - left)} for e in entities]
    return text, sorted(moved, key=lambda e: (e["offset"], -e["length"]))


def units(text: str) -> int:
    """UTF-16 units. Raises UnicodeEncodeError for half a surrogate pair."""
    return len(text.encode("utf-16-le")) // 2
