"""A text made fit for looking at: tricks taken out, look-alikes folded, every place mapped back to what was sent."""

import html
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

JOINER, EMOJI_STYLE = "\u200d", "\ufe0f"
_LETTER_MARKS = re.compile(r"[^\W\d_]")
_ENTITY = re.compile(r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[a-zA-Z]{2,8});")

# Letters of other scripts that look like Latin ones; folded only inside words that also hold Latin letters or digits.
_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυιρα",
    "ABESIJKMHOPCTYXaesijopcyxdqwhlABEZHIKMNOPTYXovuipa",
)
_MORE_ALIKE = str.maketrans("квмнтзгпьбКВМНТЗ", "kbmhtzrnbbKBMHT3")
"""Folded only beside Latin letters: by themselves they are words of their own script."""
_SIMPLE = {
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡıłøđħŧŁØĐĦŦ", "abcdefghijklmnoprstuvwyzagilodhtLODHT", strict=True)),
    **dict.fromkeys("‘’‛′`´ʼ", "'"),
    **dict.fromkeys("“”„″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃•", "-"),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    ),
    **dict.fromkeys("\t\x0b\x0c\x85", " "),
    "․": ".",
    "∕": "/",
    "⁄": "/",
    "º": "º",
    "ª": "ª",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """`clean` is what may be shown: NFC, nothing invisible. `folded` has the same length and is what detectors read.

    `offsets[i]` is where code point i of `clean` began in the text as it was sent; one more entry marks its end."""

    clean: str
    folded: str
    offsets: tuple[int, ...]

    def sent(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of `clean` in code points of the text as it was sent."""
        if start >= end:
            return self.offsets[start], self.offsets[start]
        return self.offsets[start], self.offsets[end]

    def seen(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of the text as it was sent in code points of `clean`."""
        first = max(bisect_right(self.offsets, start) - 1, 0)
        last = bisect_right(self.offsets, max(end - 1, start))
        return first, min(last, len(self.clean))


def look_at(text: str) -> Seen:
    """Take out what is invisible, compose what is composed, fold what only looks different. Never raises."""
    characters: list[str] = []
    offsets: list[int] = []
    after = 0
    for start, end in _clusters(text):
        if start < after:
            continue
        entity = _ENTITY.match(text, start) if text[start] == "&" else None
        meant = html.unescape(entity[0]) if entity else ""
        coded = entity is not None and len(meant) == 1
        after = entity.end() if entity and coded else end
        if coded and unicodedata.combining(meant):
            characters[-1:] = [_with_mark(letter, meant) for letter in characters[-1:]]
            continue
        for character in _visible(meant, 0, 1) if coded else _visible(text, start, end):
            characters.append(character)
            offsets.append(start)
    clean = "".join(characters)
    return Seen(clean, fold(clean), (*offsets, len(text)))


@lru_cache(maxsize=64)
def fold(clean: str) -> str:
    """Full-width, styled and look-alike characters as plain ones; the length stays."""
    return _fold_scripts("".join(map(_fold_character, clean)))


@lru_cache(maxsize=64)
def plain(folded: str) -> str:
    """Lower case without accents; the length stays."""
    return folded.lower() if folded.isascii() else "".join(map(_plain_character, folded))


def _clusters(text: str) -> list[tuple[int, int]]:
    """Each character together with the marks that combine with it."""
    starts = [i for i, character in enumerate(text) if i == 0 or not unicodedata.combining(character)]
    return list(zip(starts, [*starts[1:], len(text)], strict=True)) if text else []


def _with_mark(letter: str, mark: str) -> str:
    """The letter with a mark that was written as an entity behind it; without one that no letter has."""
    composed = unicodedata.normalize("NFC", letter + mark)
    return composed if len(composed) == 1 else letter


def _visible(text: str, start: int, end: int) -> str:
    piece = text[start:end]
    if piece.isascii():
        return piece if piece.isprintable() or piece == "\n" else " " if piece in "\t\x0b\x0c" else ""
    if piece == JOINER:
        return piece if _between_emoji(text, start) else ""
    kept = unicodedata.normalize("NFC", "".join(c for c in piece[:9] if not _is_invisible(c)))
    # A line through a Latin letter, or a dot that no letter has, is there to be looked past.
    return kept[:1] if kept[:1].isalnum() and ord(kept[0]) < 0x250 else kept


def _is_invisible(character: str) -> bool:
    if character == EMOJI_STYLE:
        return False
    kind = unicodedata.category(character)
    return kind in ("Cf", "Cc", "Cs", "Co", "Cn") or character in "\u115f\u1160\u3164\uffa0\u034f\ufe0e"


def _between_emoji(text: str, at: int) -> bool:
    before = text[at - 2] if at > 1 and text[at - 1] == EMOJI_STYLE else text[at - 1] if at else ""
    after = text[at + 1 : at + 2]
    return _is_emoji(before) and _is_emoji(after)


def _is_emoji(character: str) -> bool:
    return bool(character) and unicodedata.category(character) in ("So", "Sk")


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if character in _SIMPLE:
        return _SIMPLE[character]
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    first = unicodedata.normalize("NFD", character.lower())[:1]
    return first if first and len(first) == 1 else character


def _fold_scripts(text: str) -> str:
    if text.isascii():
        return text
    return re.sub(r"\w+", lambda word: _fold_word(word[0]), text)


def _fold_word(word: str) -> str:
    """Look-alikes in a word that has Latin letters, or that would be wholly Latin once they are folded."""
    if word.isascii():
        return word
    mixed = re.search(r"[A-Za-z]", word) is not None
    folded = word.translate(_LOOK_ALIKES).translate(_MORE_ALIKE if mixed else {})
    return folded if folded != word and _is_latin(folded) else word


def _is_latin(word: str) -> bool:
    return all(ord(letter) < 0x250 for letter in _LETTER_MARKS.findall(word))
