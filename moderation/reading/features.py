"""What the tagger is told of each token: the word, its form, what lists and models say of it and of its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass

from moderation.normalise import plain
from moderation.reading.casing import Case
from moderation.reading.tokens import Sort, Token

_EDGE = "|"


@dataclass(frozen=True, slots=True)
class Seen:
    """One token and what was said about it: `lists` by the gazetteer, `entity` by spaCy, `guess` by the two heads.

    `guess` holds one digit for each of person, place, other: how sure, 0 to 9; first of the head on Rampart, then
    of the one on the encoder."""

    token: Token
    lists: str
    entity: str
    guess: str

    @property
    def word(self) -> str:
        return _shown(self.token)


def features(seen: Sequence[Seen], case: Case) -> list[list[str]]:
    """One list of features a token."""
    words = [each.word for each in seen]
    shapes = [_shape(each.token) for each in seen]
    return [
        [
            f"case={case.value}",
            *_own(seen[i], words[i], shapes[i]),
            *_around(words, shapes, i),
            *(f"{at:+d}{sign}" for at in (-2, -1, 0, 1, 2) for sign in _said(seen, i + at)),
            f"ee={_entity(seen, i - 1)}{_entity(seen, i)}{_entity(seen, i + 1)}",
            f"eg={_entity(seen, i)}{_guess(seen, i, 0)}",
            f"eh={_entity(seen, i)}{_guess(seen, i, 3)}",
            f"gh={_guess(seen, i, 0)}{_guess(seen, i, 3)}",
            f"ge={_lists(seen, i)}{_entity(seen, i)}",
            f"gg={_lists(seen, i)}{_guess(seen, i, 0)}",
            f"hg={_lists(seen, i)}{_guess(seen, i, 3)}",
        ]
        for i in range(len(seen))
    ]


def _own(seen: Seen, word: str, shape: str) -> list[str]:
    own = [f"w={word}", f"s={shape}", f"ws={shape}{_length(word)}", f"p={word[:3]}", f"x={word[-3:]}", f"y={word[-2:]}"]
    if seen.token.tag:
        own.append("tag")
    return own


def _around(words: Sequence[str], shapes: Sequence[str], i: int) -> list[str]:
    before, after = _at(words, i - 1), _at(words, i + 1)
    return [
        f"-w={before}",
        f"+w={after}",
        f"-ww={before} {words[i]}",
        f"+ww={words[i]} {after}",
        f"sss={_at(shapes, i - 1)} {shapes[i]} {_at(shapes, i + 1)}",
    ]


def _said(seen: Sequence[Seen], i: int) -> list[str]:
    """What lists and models say of token `i`."""
    if not 0 <= i < len(seen):
        return ["edge"]
    guess = seen[i].guess
    return [
        f"l={seen[i].lists}",
        f"e={seen[i].entity}",
        f"gp={guess[:1]}",
        f"gl={guess[1:2]}",
        f"go={guess[2:3]}",
        f"hp={guess[3:4]}",
        f"hl={guess[4:5]}",
        f"ho={guess[5:]}",
    ]


def _entity(seen: Sequence[Seen], i: int) -> str:
    return seen[i].entity if 0 <= i < len(seen) else _EDGE


def _lists(seen: Sequence[Seen], i: int) -> str:
    return seen[i].lists


def _guess(seen: Sequence[Seen], i: int, first: int) -> str:
    """The two more telling digits of one head, coarsely."""
    return "".join(str(int(digit) // 2) for digit in seen[i].guess[first : first + 2])


def _at(values: Sequence[str], i: int) -> str:
    return values[i] if 0 <= i < len(values) else _EDGE


def _shown(token: Token) -> str:
    match token.sort:
        case Sort.LINK:
            return "http"
        case Sort.HANDLE:
            return "@"
        case Sort.NUMBER:
            return "0" * min(len(token.written), 5)
        case Sort.WORD | Sort.MARK:
            return plain(token.written)[:24]


def _length(word: str) -> str:
    return str(min(len(word), 4))


def _shape(token: Token) -> str:
    if token.sort is not Sort.WORD:
        return token.sort.value if token.sort is not Sort.MARK else token.written
    written = token.written
    if written.islower():
        return "x"
    if written.isupper():
        return "X" if len(written) > 1 else "C"
    return "Xx" if written[0].isupper() and written[1:].islower() else "mix"
