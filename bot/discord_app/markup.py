"""Words as Discord's markup: nothing that a person wrote may format, mention or link anything."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

MORE: Final = "…"
_LINK: Final = re.compile(r"https?://[^\s<>\\]+")
_SPECIAL: Final = re.compile(r"([\\`*_~|<\[]|@(?=everyone|here))")
_HEAD: Final = re.compile(r"^([ \t]*)([-+#>])", re.MULTILINE)
_NUMBER: Final = re.compile(r"^([ \t]*\d+)([.)])", re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\([^0-9A-Za-z\s])")


def escape(text: str) -> str:
    """Text that reads as it is written. Links stay whole: an escape inside would break them."""
    pieces, at = [], 0
    for link in _LINK.finditer(text):
        pieces += [_plain(text[at : link.start()]), link[0]]
        at = link.end()
    return "".join([*pieces, _plain(text[at:])])


def unescape(markup: str) -> str:
    """The inverse of `escape`."""
    return _ESCAPED.sub(r"\1", markup)


def quoted(quote: str, marks: Sequence[tuple[int, int]]) -> str:
    """A block quote whose marks are underlined. A mark over several lines is underlined in each."""
    lines, start = [], 0
    for line in quote.split("\n"):
        inside = [(first - start, last - start) for first, last in marks]
        lines.append("> " + _underlined(line, inside))
        start += len(line) + 1
    return "\n".join(lines)


def sound(text: str) -> str:
    """Text that can be sent: no half surrogate pairs, no zero bytes, and one kind of line end."""
    sent = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return sent.replace("\r\n", "\n").replace("\r", "\n")


def short(sentence: str, units: int) -> str:
    """A sentence on one line within a number of UTF-16 units, its end cut off with a sign."""
    sentence = sound(sentence).replace("\n", " ")
    if size(sentence) <= units:
        return sentence
    return first(sentence, units - len(MORE)) + MORE


def size(text: str) -> int:
    """UTF-16 units: never fewer than however the platform counts."""
    return len(text.encode("utf-16-le")) // 2


def first(text: str, units: int) -> str:
    """As much of a text as fits into a number of UTF-16 units."""
    return text.encode("utf-16-le")[: max(units, 0) * 2].decode("utf-16-le", "ignore")


def visible(text: str) -> bool:
    """Whether anything of it can be seen: the platform refuses texts of spaces."""
    return any(letter.isprintable() and not letter.isspace() for letter in text)


def _plain(text: str) -> str:
    """Lists, headings and quotes begin lines; the rest is special anywhere."""
    text = _SPECIAL.sub(r"\\\1", text)
    for special in (_HEAD, _NUMBER):
        text = special.sub(r"\1\\\2", text)
    return text


def _underlined(line: str, marks: Sequence[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in _apart(marks, len(line)):
        pieces += [escape(line[at:start]), f"__{escape(line[start:end])}__"]
        at = end
    return "".join([*pieces, escape(line[at:])])


def _apart(marks: Sequence[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Marks in order, clipped to the line; what touches or overlaps is one mark."""
    open_mark: tuple[int, int] | None = None
    clipped = ((max(start, 0), min(end, length)) for start, end in sorted(marks))
    for start, end in ((start, end) for start, end in clipped if start < end):
        if open_mark is not None and start <= open_mark[1]:
            open_mark = (open_mark[0], max(open_mark[1], end))
            continue
        if open_mark is not None:
            yield open_mark
        open_mark = (start, end)
    if open_mark is not None:
        yield open_mark
