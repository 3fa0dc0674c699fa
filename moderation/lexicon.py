"""Phrases to look for: word lists that are data, found in one pass over the words of a text, in time linear in it.

A phrase is words with single spaces. `a|b` is either word, `word*` any word that begins so, `word?` may be missing,
`#` a number, `*#` letters with a digit behind (not as the first word), `...` up to four words of any kind,
`of_us` two words where one could stand.
Case and accents do not matter; a phrase never crosses a sentence."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from moderation.normalise import plain

GAP = 4
_WORD = re.compile(r"[^\W_]+|[😂🤣😹🤡😆🙄🤦💩🤮😏😜🖕💀🐷🔪]")
_HUMP = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Za-z])(?=\d)")
_STOP = re.compile(r"[.!?…]+(?=[\s\"')\]]|$)|[\n;]+")
_SHORT = frozenset(
    "mr mrs ms dr st rd ave av avda c pza pl sr sra d no nº vs pc sgt approx ctra ste mme mlle bd".split()
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: lower case without accents, where it stands, and the sentence that it is in."""

    text: str
    start: int
    end: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the list `name` at `start:end`."""

    name: str
    start: int
    end: int
    sentence: int


@dataclass(frozen=True, slots=True)
class _Step:
    exact: frozenset[str]
    stems: tuple[str, ...]
    optional: bool = False
    number: bool = False
    coded: bool = False
    gap: bool = False

    def takes(self, word: str) -> bool:
        if self.coded and word[0].isalpha() and not word.isalpha():
            return True
        return word in self.exact or word.startswith(self.stems) or (self.number and word[0].isdigit())


@lru_cache(maxsize=16)
def words_of(folded: str) -> tuple[Word, ...]:
    """The words of a folded text; a #HashTagLikeThis counts as its words."""
    lower = plain(folded)
    ends = [end for _, end in sentences_of(folded)]
    found: list[Word] = []
    sentence = 0
    for match in _WORD.finditer(folded):
        while sentence < len(ends) - 1 and match.start() >= ends[sentence]:
            sentence += 1
        for start, end in _humps(folded, match.start(), match.end()):
            found.append(Word(lower[start:end], start, end, sentence))
    return tuple(found)


@lru_cache(maxsize=16)
def sentences_of(folded: str) -> tuple[tuple[int, int], ...]:
    """Where the sentences of a folded text begin and end; together they are the whole text."""
    ends = [match.end() for match in _STOP.finditer(folded) if not _is_abbreviation(folded, match)]
    if not ends or ends[-1] < len(folded):
        ends.append(len(folded))
    return tuple(zip([0, *ends[:-1]], ends, strict=True))


def numbers_of_sentences(folded: str) -> Callable[[int], int]:
    """Tells of each code point which sentence of the text it is in."""
    ends = [end for _, end in sentences_of(folded)]
    return lambda at: bisect_right(ends, at)


def _is_abbreviation(folded: str, stop: re.Match[str]) -> bool:
    if stop[0] != ".":
        return False
    before = folded[max(stop.start() - 8, 0) : stop.start()]
    word = _WORD.findall(before)[-1:] if before and before[-1].isalnum() else []
    return bool(word) and (word[0].lower() in _SHORT or (len(word[0]) == 1 and word[0].isupper()))


def _humps(folded: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if folded[start - 1 : start] != "#":
        yield start, end
        return
    cuts = [start, *(start + m.start() for m in _HUMP.finditer(folded[start:end])), end]
    yield from pairwise(cuts)


class Lexicon:
    """Named lists of phrases."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self._exact: dict[str, list[tuple[str, tuple[_Step, ...]]]] = defaultdict(list)
        self._stems: dict[str, list[tuple[str, tuple[_Step, ...]]]] = defaultdict(list)
        self._shortest = 4
        for name, phrases in lists.items():
            for phrase in phrases:
                self._add(name, phrase)

    def _add(self, name: str, phrase: str) -> None:
        for variant in _variants(phrase):
            self._add_steps(name, _steps(variant))

    def _add_steps(self, name: str, steps: tuple[_Step, ...]) -> None:
        if not steps or steps[0].gap:
            raise ValueError(f"a phrase of the list {name} begins with nothing to look for")
        if steps[0].optional:
            self._add_steps(name, steps[1:])
        for word in steps[0].exact:
            self._exact[word].append((name, steps))
        for stem in steps[0].stems:
            self._shortest = min(self._shortest, len(stem))
            self._stems[stem[:4]].append((name, steps))
        if steps[0].number:
            self._exact["#"].append((name, steps))

    def hits(self, folded: str) -> list[Hit]:
        """Every phrase of every list that stands in a folded text, in order of its first word."""
        words = words_of(folded)
        found: list[Hit] = []
        begun: dict[tuple[str, str], list[tuple[str, tuple[_Step, ...]]]] = {}
        for i, word in enumerate(words):
            behind = words[i + 1].text if i + 1 < len(words) and words[i + 1].sentence == word.sentence else ""
            if (word.text, behind) not in begun:
                likely = self._beginning_with(word.text)
                begun[word.text, behind] = [each for each in likely if _may_go_on(each[1], behind)]
            for name, steps in begun[word.text, behind]:
                last = _match(words, i, steps)
                if last is not None:
                    found.append(Hit(name, word.start, words[last].end, word.sentence))
        return found

    def _beginning_with(self, word: str) -> Iterator[tuple[str, tuple[_Step, ...]]]:
        yield from self._exact.get(word, ())
        if word[0].isdigit():
            yield from self._exact.get("#", ())
        for length in range(self._shortest, 5):
            for name, steps in self._stems.get(word[:length], ()) if len(word) >= length else ():
                if word.startswith(steps[0].stems):
                    yield name, steps


def _variants(phrase: str) -> Iterator[str]:
    """The phrase once for every choice that is more than one word, and once for all choices that are one."""
    parts = phrase.split()
    at = next((i for i, part in enumerate(parts) if "_" in part), None)
    if at is None:
        yield phrase
        return
    choices = parts[at].rstrip("?").split("|")
    optional = "?" if parts[at].endswith("?") else ""
    single = "|".join(choice for choice in choices if "_" not in choice)
    for choice in [single, *(choice.replace("_", " ") for choice in choices if "_" in choice)]:
        if choice:
            tail = optional if choice == single else ""
            yield from _variants(" ".join([*parts[:at], choice + tail, *parts[at + 1 :]]))


def _steps(phrase: str) -> tuple[_Step, ...]:
    return tuple(_step(part) for part in plain(phrase).split())


def _step(part: str) -> _Step:
    if part == "...":
        return _Step(frozenset(), (), gap=True)
    optional = part.endswith("?")
    choices = part.rstrip("?").split("|")
    stems = tuple(choice[:-1] for choice in choices if choice.endswith("*"))
    exact = frozenset(choice for choice in choices if not choice.endswith("*") and choice not in ("#", "*#"))
    return _Step(exact, stems, optional, "#" in choices, "*#" in choices)


def _may_go_on(steps: tuple[_Step, ...], behind: str) -> bool:
    """Whether a phrase may stand where the word behind its first is this one ("" at the end of a sentence)."""
    if len(steps) == 1 or steps[1].optional or steps[1].gap:
        return True
    return behind != "" and steps[1].takes(behind)


def _match(words: Sequence[Word], first: int, steps: tuple[_Step, ...]) -> int | None:
    """The index of the last word of the phrase that begins at `first`, or None. `reached` holds every way so far."""
    reached = {first}
    sentence = words[first].sentence
    for step in steps[1:]:
        ahead: set[int] = set()
        for at in reached:
            if step.optional or step.gap:
                ahead.add(at)
            if step.gap:
                ahead.update(range(at + 1, at + 1 + GAP))
            elif _follows(words, at, step):
                ahead.add(at + 1)
        reached = {at for at in ahead if at < len(words) and words[at].sentence == sentence}
        if not reached:
            return None
    return max(reached) if steps[-1].optional else min(reached)


def _follows(words: Sequence[Word], at: int, step: _Step) -> bool:
    """Whether the next word of the same sentence is one that `step` takes."""
    return at + 1 < len(words) and words[at + 1].sentence == words[at].sentence and step.takes(words[at + 1].text)
