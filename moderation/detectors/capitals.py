"""The widest net: a capital inside a sentence that nobody explained. Only ever a suggestion."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.lexicon import Lexicon, Word, words_of
from moderation.normalise import plain
from moderation.reading.gazetteer import names_in
from moderation.reading.register import Register
from shifts.areas import Areas


def load(areas: Areas, config: Path, known: Sequence[str] = ()) -> Detector:
    """`known` are the capitalised words and phrases that need no question: the force, days, networks, languages.

    `config` is the configuration folder: neither does a capital that ordinary words alone have, unless one
    of them is somebody's name as well ("Grace", "Miles Page")."""
    told = [form for area in areas.every for form in (*area.names.values(), *area.sentences.values())]
    names = [plain(form).replace("-", " ").replace("'", " ") for form in told]
    folder = config / "names"
    return Capitals(Lexicon({"known": [*names, *known]}), Register.load(folder / "ordinary.txt"), names_in(folder))


class Capitals:
    def __init__(self, known: Lexicon, register: Register, names: frozenset[str]) -> None:
        self._known, self._register, self._names = known, register, names

    def find(self, text: str, language: str) -> Sequence[Finding]:
        if _mostly_capitals(text):
            return []
        explained = {i for hit in self._known.hits(text) for i in range(hit.start, hit.end)}
        words = [word for word in _unexplained(text) if word.start not in explained]
        return [_capital(run) for run in _runs(text, words) if not self._is_ordinary(run)]

    def _is_ordinary(self, run: Sequence[Word]) -> bool:
        return all(self._register.knows(word.text) and word.text not in self._names for word in run)


def _unexplained(text: str) -> Iterator[Word]:
    """Capitalised words that do not begin a sentence; not #tags, @names or short abbreviations."""
    before: Word | None = None
    for word in words_of(text):
        written = text[word.start : word.end]
        begins = (
            before is None
            or before.sentence != word.sentence
            or text[before.end : word.start].strip() in (":", '"', "-", "...", "]")
        )
        tag = text[word.start - 1 : word.start] in ("#", "@", "/", ".", "_") or (
            before is not None and before.end == word.start
        )
        if (
            written[0].isupper()
            and not begins
            and not tag
            and not (written.isupper() and len(written) <= 5)
            and len(written) > 1
        ):
            yield word
        before = word


def _runs(text: str, words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words that stand beside each other."""
    run: list[Word] = []
    for word, following in zip(words, [*words[1:], None], strict=False):
        run.append(word)
        if following is None or text[word.end : following.start] not in (" ", "-", "'"):
            yield run
            run = []


def _capital(run: Sequence[Word]) -> Finding:
    return Finding(run[0].start, run[-1].end, Label.PERSON, Action.SUGGEST, "capital")


def _mostly_capitals(text: str) -> bool:
    words = [text[word.start : word.end] for word in words_of(text) if word.text.isalpha()]
    return len(words) > 3 and sum(word[0].isupper() for word in words) > 0.6 * len(words)
