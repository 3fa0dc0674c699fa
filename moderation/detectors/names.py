"""Names of people: by title, by what is said before them ("victim"), and by lists of first and family names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.lexicon import Word, words_of
from moderation.normalise import plain

_TITLES = frozenset(
    "mr mrs ms miss mister sir madam dr doctor sr sra srta don dona senor senora senorita mme mlle "
    "monsieur madame mademoiselle rev father imam ing lic arq prof".split()
)
_TITLES_ALONE = frozenset("m d".split())
"""Titles of one letter: only with a full stop behind them."""
_RANKS = frozenset(
    "pc dc ds di dci ps pcso wpc insp inspector sgt sergeant constable superintendent supt deputy trooper "
    "detective officer corporal lieutenant lt captain capt sheriff marshal "
    "agente oficial subinspector subinspectora inspectora comisario comisaria cabo sargento teniente guardia policia "
    "brigadier gardien adjudant adjudante capitaine commissaire commandant major gendarme agent lieutenant".split()
)
_RANKS_LOWER_TOO = frozenset("pc dc ds di pcso sgt insp constable trooper subinspector subinspectora".split())
_CUES = {
    "victim": frozenset(
        "victim victims victima victimas victime victimes injured patient witness testigo temoin complainant "
        "owner resident occupant".split()
    ),
    "suspect": frozenset(
        "suspect suspects arrested detained charged nicked detenido detenida arrestado sospechoso interpelle "
        "suspecte prevenu offender perpetrator known wanted released".split()
    ),
    "person": frozenset(
        "named called rip nicknamed alias aka llamado llamada nombre nomme nommee appele prenomme driver "
        "conductor conductora conducteur missing desaparecido desaparecida disparu disparue name passenger "
        "helped thank thanks gracias merci met".split()
    ),
}
_BETWEEN = frozenset("is was the a as es era se est a la el name nombre one our local to".split())
_PARTICLES = frozenset("de del la las los van von der den di da du le al el bin ibn y e o".split())
_STREET_WORDS = frozenset(
    "road rd street lane ln avenue ave close drive court terrace parade square bridge park quarter hall "
    "station house school hospital airport university town city county river bay beach island valley "
    "police council calle plaza avenida rue boulevard place quai church hotel club bar united fc "
    "football stadium arms inn day days week festival parade hurricane storm way north south east west".split()
)
_NOT_NAMES = frozenset(
    "i the a an this that it he she we you they our your his her their and but or if so no not yes ok all "
    "any some more most one two three at in on of for from by with to up out off over under near after "
    "before "
    "police officers officer patrol car van road street city town court house station fire ambulance "
    "christmas easter halloween eid ramadan diwali god lord jesus allah monday tuesday wednesday thursday "
    "friday saturday sunday january february march april may june july august september october november "
    "december "
    "el la los las un una lo le les y de del en por para con sin que es son se su sus al nos nuestro esta "
    "este hoy policia guardia civil local nacional lunes martes miercoles jueves viernes sabado domingo "
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre navidad "
    "du des une et au aux dans sur pour avec ce cette il elle on nous vous ils lundi mardi mercredi jeudi "
    "vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre octobre novembre "
    "decembre noel bonne bonsoir bonjour "
    "thanks thank great good well nice please stay stop slow look help call drive night happy new merry man "
    "woman male female driver victim suspect speed drink drug knife tonight today tomorrow yesterday gracias "
    "buenas buenos feliz conductor conductora merci attention "
    "facebook twitter whatsapp instagram youtube google bluesky mastodon telegram cctv anpr uk usa us eu "
    "covid rip lol omg missing found arrested stopped robbery burglary theft escort".split()
)
_IS_CALLED = re.compile(
    r"\b(?:se llaman?|s'appellent?|goes by|known as|(?:his|her|their) name is|(?:su|el) nombre es)\s+"
    r"(?P<name>[^\W\d_]{2,20}(?:(?:\s+(?:and|y|et))?\s+[A-ZÀ-Þ][\w'-]{1,20}){0,3})",
)
_AGE_BEHIND = re.compile(
    r",? \(?(?:aged? |de |[aâ]g[eé]e? de )\d{1,2}\b|, \d{1,2}(?=[,.;]|$| (?:is|was|has|a[ñn]os|ans)\b)|,? \(\d{1,2}\)"
)
_MOST = 6


@dataclass(frozen=True, slots=True)
class _Name:
    """One word as it was written."""

    word: Word
    written: str

    @property
    def is_capital(self) -> bool:
        return self.written[0].isupper() and (
            len(self.written) == 1 or not self.written.isupper() or len(self.written) > 3
        )


def load(config: Path) -> Detector:
    """`config` is the configuration folder; the lists are in its folder `names`."""
    folder = config / "names"
    return Names(
        _list(folder / "first.txt"),
        _list(folder / "first_or_word.txt"),
        _list(folder / "last.txt"),
        _list(folder / "last_or_word.txt"),
    )


def _list(file: Path) -> frozenset[str]:
    lines = file.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


class Names:
    def __init__(
        self, first: frozenset[str], first_or_word: frozenset[str], last: frozenset[str], last_or_word: frozenset[str]
    ) -> None:
        self._first = first
        self._any_first = first | first_or_word
        self._last = last
        self._any_last = last | last_or_word

    def find(self, text: str, language: str) -> Sequence[Finding]:
        shouted = _is_shouted(text)
        words = [_Name(word, text[word.start : word.end]) for word in words_of(text)]
        found: list[Finding] = []
        i = 0
        while i < len(words):
            finding, after = self._at(text, words, i, shouted)
            if finding is not None:
                found.append(finding)
            i = max(after, i + 1)
        return [*found, *_called(text)]

    def _at(self, text: str, words: Sequence[_Name], i: int, shouted: bool) -> tuple[Finding | None, int]:
        for look in (self._officer, self._titled, self._cued, self._listed):
            finding, after = look(text, words, i, shouted)
            if finding is not None:
                return finding, after
        return None, i + 1

    def _officer(self, text: str, words: Sequence[_Name], i: int, shouted: bool) -> tuple[Finding | None, int]:
        """A rank with a number, a name or both."""
        word = words[i].word.text
        if word not in _RANKS or not (
            words[i].written[0].isupper() or word in _RANKS_LOWER_TOO or _is_number(words, i + 1)
        ):
            return None, i
        end = i + 1
        while (
            end < len(words)
            and end - i <= _MOST
            and _adjacent(text, words, end)
            and (
                _is_number(words, end)
                or (
                    self._may_be_name(words[end], shouted, text)
                    and not _is_number(words, i)
                    and words[end].word.text not in _RANKS
                )
            )
        ):
            end += 1
        if end == i + 1:
            return None, i
        return Finding(
            words[i].word.start, words[end - 1].word.end, Label.PERSON, Action.MASK, "officer", instead="officer"
        ), end

    def _titled(self, text: str, words: Sequence[_Name], i: int, shouted: bool) -> tuple[Finding | None, int]:
        word = words[i].word
        alone = word.text in _TITLES_ALONE and text[word.end : word.end + 1] == "." and words[i].written.isupper()
        if not alone and word.text not in _TITLES:
            return None, i
        end = self._run(text, words, i + 1, shouted)
        if end == i + 1:
            return None, i
        start = _article_before(words, i)
        return Finding(
            start, words[end - 1].word.end, Label.PERSON, Action.MASK, "title and name", hard=True, instead="person"
        ), end

    def _cued(self, text: str, words: Sequence[_Name], i: int, shouted: bool) -> tuple[Finding | None, int]:
        """A name, known to no list perhaps, after a word that announces one."""
        cue = next((kind for kind, cues in _CUES.items() if words[i].word.text in cues), None)
        if cue is None or shouted:
            return None, i
        at = i + 1
        while at < len(words) and at - i <= 3 and words[at].word.text in _BETWEEN and not words[at].is_capital:
            at += 1
        end = (
            self._run(text, words, at, shouted)
            if at < len(words) and _close(text, words[i].word.end, words[at].word.start)
            else at
        )
        if end == at or words[at].word.sentence != words[i].word.sentence:
            return None, i
        if cue == "person" and words[at].word.text in _RANKS:
            return None, i
        noun = cue == "victim" and at == i + 1
        return Finding(
            words[at].word.start,
            words[end - 1].word.end,
            Label.PERSON,
            Action.MASK,
            f"name of a {cue}",
            hard=cue == "victim",
            instead=None if noun else "person",
        ), end

    def _listed(self, text: str, words: Sequence[_Name], i: int, shouted: bool) -> tuple[Finding | None, int]:
        word = words[i].word.text
        if word not in self._any_first and not (words[i].is_capital and word not in _NOT_NAMES):
            return None, i
        end = self._run(text, words, i, shouted=False) if words[i].is_capital and not shouted else i
        if end == i:
            return self._lower(text, words, i)
        age = _AGE_BEHIND.match(text, words[end - 1].word.end)
        # A number in brackets alone is also how many they are: "Community Team (4)".
        announced = age is not None and (word in self._any_first or (end - i > 1 and not age[0].endswith(")")))
        if not (announced or self._is_sure(words, i, end)) or (
            end < len(words) and words[end].word.text in _STREET_WORDS and _adjacent(text, words, end)
        ):
            return None, i
        return Finding(
            words[i].word.start, words[end - 1].word.end, Label.PERSON, Action.MASK, "name", instead="person"
        ), end

    def _is_sure(self, words: Sequence[_Name], i: int, end: int) -> bool:
        """A first name that is no word; one that is, or a stranger, only with a family name behind it."""
        first = words[i].word.text
        if first in self._first:
            return True
        behind = [name.word.text for name in words[i + 1 : end]]
        if first in self._any_first:
            return any(name in self._any_last for name in behind)
        return bool(behind) and behind[0] in self._last and not _opens_sentence(words, i)

    def _lower(self, text: str, words: Sequence[_Name], i: int) -> tuple[Finding | None, int]:
        """First and family name in lower case or in capitals."""
        if i + 1 >= len(words) or not _adjacent(text, words, i + 1):
            return None, i
        first, last = words[i].word.text, words[i + 1].word.text
        if (first in self._first and last in self._any_last and last not in _STREET_WORDS) or (
            first in self._any_first and last in self._last
        ):
            return Finding(
                words[i].word.start, words[i + 1].word.end, Label.PERSON, Action.MASK, "name", instead="person"
            ), i + 2
        return None, i

    def _run(self, text: str, words: Sequence[_Name], i: int, shouted: bool) -> int:
        """The index behind a run of capitalised words that can be a name, up to two particles between them included."""
        end = i
        while end < len(words) and end - i < _MOST and (end == i or _adjacent(text, words, end)):
            after = end
            while end > i and after - end < 2 and after < len(words) and words[after].word.text in _PARTICLES:
                after += 1
            together = all(_adjacent(text, words, at) for at in range(end + 1, after + 1) if at < len(words))
            if after >= len(words) or not together or not self._may_be_name(words[after], shouted, text):
                break
            end = after + 1
        return end

    def _may_be_name(self, name: _Name, shouted: bool, text: str) -> bool:
        word = name.word.text
        if word in _NOT_NAMES or word in _STREET_WORDS or not word.isalpha():
            return False
        return name.is_capital and (not shouted or word in self._any_first or word in self._any_last)


def _called(text: str) -> Iterator[Finding]:
    """A name behind words that can announce nothing else, however it is written."""
    for match in _IS_CALLED.finditer(text):
        if plain(match["name"].split()[0]) not in _NOT_NAMES:
            yield Finding(*match.span(), Label.PERSON, Action.MASK, "name")


def _is_shouted(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) > 12 and sum(map(str.isupper, letters)) > 0.7 * len(letters)


def _is_number(words: Sequence[_Name], i: int) -> bool:
    return i < len(words) and words[i].written.isdigit() and 2 <= len(words[i].written) <= 6


def _adjacent(text: str, words: Sequence[_Name], i: int) -> bool:
    """Whether only a space, a hyphen, an apostrophe or an initial's full stop stands before word `i`."""
    before = words[i - 1]
    between = text[before.word.end : words[i].word.start]
    return between in (" ", "-", "'", "  ") or (between == ". " and len(before.written) <= 3)


def _close(text: str, start: int, end: int) -> bool:
    return end - start <= 30 and not any(mark in text[start:end] for mark in ".!?;\n")


def _article_before(words: Sequence[_Name], i: int) -> int:
    before = words[i - 1].word if i else None
    article = (
        before is not None and before.text in ("el", "la", "the", "le", "al") and words[i].word.start - before.end == 1
    )
    return before.start if before is not None and article and before.text != "al" else words[i].word.start


def _opens_sentence(words: Sequence[_Name], i: int) -> bool:
    return i == 0 or words[i - 1].word.sentence != words[i].word.sentence
