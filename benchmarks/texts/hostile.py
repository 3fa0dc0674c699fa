"""Texts that somebody writes to make the program slow."""

from typing import Final

LONG: Final = 4096
"""Characters of the longest message that a chat app hands over."""

PIECES: Final = (
    "a",
    " ",
    "1",
    "1 ",
    "A ",
    "Ab ",
    "@",
    "a.",
    "a@",
    "x@",
    "1-",
    "[",
    "#A",
    "Zq",
    "\u00e9",
    "https://",
    ",",
    "Calle ",
    "x\u0301",
    "\u200d",
    "the only ",
    "1234 ",
    "-37.123,",
)


def of(piece: str, length: int = LONG) -> str:
    """`piece` again and again."""
    return (piece * length)[:length]
