"""Parts: a card that is longer than a chat app can show is read part by part, and only its last part publishes.

Whoever reads on says what they have been shown: if that is not what stands there by now, they begin anew."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from bot.chat_app import Card

ROOM: Final = 3600
"""The words of one part, beside its title, as the strictest chat app counts them."""
PIECE: Final = 3000
"""What is longer than that is cut, between words if it can be."""
_SIGN: Final = "~"
_TWICE: Final = frozenset("\\`*_~|<[@")
"""What a chat app may have to escape."""
_A_LINE: Final = 8
_A_MARK: Final = 4
"""What a line takes beside its words, at most, and a part of it that is marked."""


def parts(card: Card) -> list[Card]:
    """The card itself, or in as many parts as it takes: first its quote, then its lines, nothing twice, nothing left
    out. Each has the pictures and all the buttons."""
    whole = _weight(card.quote or "") + _A_MARK * len(card.marks) + sum(_weight(line) for line in card.lines)
    if whole <= ROOM:
        return [card]
    bare = replace(card, quote=None, marks=(), lines=())
    made = [_quoting(card, start, end) for start, end in _pieces(card.quote or "")] or [bare]
    room = ROOM - _weight(made[-1].quote or "") - _A_MARK * len(made[-1].marks)
    for line in card.lines:
        for start, end in _pieces(line):
            piece = line[start:end]
            if _weight(piece) > room:
                made.append(bare)
                room = ROOM
            made[-1] = replace(made[-1], lines=(*made[-1].lines, piece))
            room -= _weight(piece)
    return made


def base(page: str) -> str:
    """The page of a card whose part that is."""
    return page.partition(_SIGN)[0]


def page_of(page: str, made: Sequence[Card], number: int) -> str:
    """The page that shows a part to somebody who has been shown those before it."""
    return f"{base(page)}{_SIGN}{number}{_SIGN}{_digest(made[:number])}" if number else base(page)


def number_of(page: str, made: Sequence[Card]) -> int:
    """Which part a page shows; the first if what stands before it is not what was shown."""
    number = page.split(_SIGN)[1] if page.count(_SIGN) == 2 else ""
    known = number.isdecimal() and int(number) < len(made) and page == page_of(page, made, int(number))
    return int(number) if known else 0


def _digest(shown: Sequence[Card]) -> str:
    told = [repr((part.quote, part.lines)) for part in shown]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def _quoting(card: Card, start: int, end: int) -> Card:
    inside = [(max(first, start) - start, min(last, end) - start) for first, last in card.marks]
    marks = tuple((first, last) for first, last in inside if first < last)
    return replace(card, quote=(card.quote or "")[start:end], marks=marks, lines=())


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end, weight, space = start, _A_LINE, start
        while end < len(text) and weight + _of(text[end]) <= PIECE:
            weight += _of(text[end])
            end += 1
            if text[end - 1].isspace():
                space = end
        if end < len(text) and space > start:
            end = space
        yield start, end
        start = end


def _weight(text: str) -> int:
    return _A_LINE + sum(_of(letter) for letter in text)


def _of(letter: str) -> int:
    if letter == "\n":
        return _A_LINE
    return 2 if letter in _TWICE or ord(letter) > 0xFFFF else 1
