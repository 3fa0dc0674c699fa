"""The words of a text as the sequence model reads them: links and handles whole, hashtags opened at their capitals."""

import re
from dataclasses import dataclass
from enum import Enum

_TOKEN = re.compile(
    r"(?P<link>https?://\S+|www\.\S+)|(?P<handle>@\w+)|(?P<number>\d+)|(?P<word>[^\W\d_]+)|(?P<mark>[^\w\s]|_)"
)
_HUMP = re.compile(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|[^\W\d_]")
MOST = 1_100
"""Words, numbers and marks in one text. No message of 4,096 characters in a human language has more."""


class Sort(Enum):
    LINK = "link"
    HANDLE = "handle"
    NUMBER = "number"
    WORD = "word"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Token:
    """`text[start:end]`, as it is written; `tag`: part of a hashtag."""

    start: int
    end: int
    written: str
    sort: Sort
    tag: bool = False


def tokens_of(text: str) -> list[Token]:
    """The tokens of a folded text, in order, without the spaces."""
    found: list[Token] = []
    tag_end = -1
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        sort = Sort(match.lastgroup)
        tag = start == tag_end
        if tag and sort is Sort.WORD:
            found += [Token(start + h.start(), start + h.end(), h[0], sort, True) for h in _HUMP.finditer(match[0])]
        else:
            found.append(Token(start, end, match[0], sort, tag))
        tag_end = end if tag or match[0] == "#" else -1
    return found
