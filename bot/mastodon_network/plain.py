"""Plain text from the HTML that instances give: words, links and line ends, nothing else."""

import re
import unicodedata
from html.parser import HTMLParser
from typing import Final

from bot.heard_words import harmless

_BLOCKS: Final = frozenset({"p", "div", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6"})
_SILENT: Final = frozenset({"script", "style", "template", "title"})
_MENTION: Final = re.compile(r"@([\w.-]+\w|\w)(?:@[\w.:-]*\w)?")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(html: str) -> str:
    """The words of a status, without markup, control characters and marks that turn the direction of reading."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", harmless("".join(reader.parts))).strip()


def without_greeting(text: str, name: str) -> str:
    """A reply without our own handle (`name`, without its instance) at its beginning, where apps put it."""
    return re.sub(rf"^(?:@{re.escape(name)}(?:@[\w.:-]*\w)?\s+)+", "", text, flags=re.IGNORECASE)


def same_words(text: str, other: str) -> bool:
    """Whether two plain texts say the same: white space aside, and handles by their name alone."""
    return _squeezed(text) == _squeezed(other)


def _squeezed(text: str) -> str:
    return "".join(_MENTION.sub(r"@\1", unicodedata.normalize("NFC", text)).split())
