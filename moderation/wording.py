"""What a public text says in place of what was found: areas for places, roles for people, nothing for numbers."""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, fields

from moderation.edit import Edit, apart, as_loud, said_once
from moderation.finding import Finding, Label, Reach
from moderation.lexicon import Word, sentences_of, words_of
from moderation.normalise import plain
from shifts.areas import Areas
from shifts.words import Words

PLACES = frozenset({Label.LOCATION, Label.ADDRESS, Label.COORDINATES})
AREA_NAME = "area name"
_AGE_BEHIND = re.compile(
    r" ?,? ?(?:\(|aged |de |âgée? de )?(?P<age>[2-5]\d|1[89]|6[0-4])(?: a[ñn]os| ans)?"
    r"(?:\)|,?(?= of | from )|(?= *[,.;\n]| *$))",
    re.IGNORECASE,
)
"""Of an adult who is not old: what an arrest may tell."""
_CLAUSE_MARKS = ",:()\n"
_MOST_WORDS_TAKEN = 6


@dataclass(frozen=True, slots=True)
class Grammar:
    """The small words of one language."""

    articles: frozenset[str]
    places: frozenset[str]
    moves: frozenset[str]
    near: frozenset[str]
    joins: frozenset[str]
    transits: frozenset[str]
    dangling: frozenset[str]
    plates: frozenset[str]
    vehicles: frozenset[str]
    roles: frozenset[str]
    calls: frozenset[str]
    contracted: frozenset[str]

    @classmethod
    def of(cls, words: Words, language: str) -> "Grammar":
        def small(name: str) -> frozenset[str]:
            return frozenset(plain(words.say(f"redaction.grammar.{name}", language)).split())

        return cls(*map(small, (each.name for each in fields(cls))))


def _contractions(words: Words, language: str) -> dict[str, tuple[str, str]]:
    """A word without accents, and the two words that it holds."""
    pairs = (each.split("=") for each in words.say("redaction.grammar.contractions", language).split())
    return {plain(key): (value.split("+")[0], value.split("+")[1]) for key, value in pairs}


class Wording:
    """Plans the edits of one force's texts."""

    def __init__(self, areas: Areas, words: Words) -> None:
        self._areas = areas
        self._words = words
        self._grammars = {language: Grammar.of(words, language) for language in words.languages}
        self._contractions = {language: _contractions(words, language) for language in words.languages}

    def grammar(self, language: str) -> Grammar:
        return self._grammars[self._words.known(language)]

    def plan(self, folded: str, findings: Iterable[Finding], language: str, area: str | None) -> list[Edit]:
        """The edits that take `findings` out of a clean text (`folded` is its form), in order, none overlapping."""
        all_of_them = list(findings)
        text = _Text(folded, self.grammar(language), {f.end for f in all_of_them if f.label is Label.AGE})
        reaching = [_reached(text, finding) for finding in all_of_them]
        edits = apart(
            self._edit(text, cluster, language, area)
            for cluster in _clusters(text, reaching)
            if any(finding.rule != AREA_NAME for _, _, finding in cluster)
        )
        small = text.grammar.articles | text.grammar.places | text.grammar.joins
        return as_loud(said_once(edits, folded, small), folded)

    def _edit(self, text: "_Text", cluster: "list[_Reached]", language: str, area: str | None) -> Edit:
        start, end = min(start for start, _, _ in cluster), max(end for _, end, _ in cluster)
        start -= text.folded[start - 1 : start] == "#"
        findings = tuple(finding for _, _, finding in cluster)
        if any(finding.reach is not Reach.PHRASE or finding.rule == "file name" for finding in findings):
            return Edit(start, end, "", findings)
        if text.folded[start] == "#" and findings[0].label in (Label.PERSON, Label.ORGANISATION):
            return Edit(start, end, "", findings)
        if any(finding.label is Label.PLATE for finding in findings):
            return self._plate(text, start, end, findings, language)
        if findings[0].label in PLACES:
            return self._place(text, start, end, findings, language, area)
        if findings[0].label is Label.EMAIL:
            taken = text.words_before(start, text.grammar.places | text.grammar.moves)
            start = taken[0].start if taken else start
        if findings[0].label is Label.ROLE:
            end = text.before_hanging(start, end)
        if findings[0].label is Label.AGE and text.folded[start] == text.folded[end : end + 1] == ",":
            end += 1
        if any(finding.instead in ("someone", "people") for finding in findings):
            articles = text.words_before(start, text.grammar.articles, marks=" '")
            start = articles[0].start if articles else start
        if findings[0].instead == "person":
            return self._person(text, start, end, findings, language)
        return Edit(start, end, self._instead(findings, language), findings)

    def _person(self, text: "_Text", start: int, end: int, findings: tuple[Finding, ...], language: str) -> Edit:
        """A name goes behind a word that says who it is ("her neighbour"); an age joins what stands for the name."""
        called = text.words_before(start, text.grammar.calls, marks=" ")
        if called or text.words_before(start, text.grammar.roles, marks=" ,"):
            return Edit(called[0].start if called else text.with_comma(start), end, "", findings)
        aged = _AGE_BEHIND.match(text.folded, end)
        said = self._instead(findings, language)
        said += "'s" * text.folded[start:end].endswith("'s")
        if aged is None or aged.end("age") in text.hidden_ages or said != self._words.say("redaction.person", language):
            return Edit(start, end, said, findings)
        return Edit(start, aged.end(), self._words.say("redaction.person_aged", language, value=aged["age"]), findings)

    def _plate(self, text: "_Text", start: int, end: int, findings: tuple[Finding, ...], language: str) -> Edit:
        """A plate that is told besides the vehicle goes with what announces it; one that is the vehicle becomes one."""
        grammar = text.grammar
        announced = text.words_before(start, grammar.plates)
        first = announced[0].start if announced else start
        if announced or text.follows_mark(start) or text.words_before(start, grammar.vehicles):
            return Edit(*text.with_mark(first, end), "", findings)
        articles = text.words_before(start, grammar.articles)
        first = articles[0].start if articles else start
        return Edit(first, end, self._words.say("redaction.vehicle", language), findings)

    def _instead(self, findings: Sequence[Finding], language: str) -> str:
        first = next((finding for finding in findings if finding.instead is not None), None)
        if first is None or first.instead is None:
            return ""
        people = [finding for finding in findings if finding.instead in _SEVERAL]
        several = any(each.start >= people[0].end for each in people)
        key = _SEVERAL[first.instead] if several and first.instead in _SEVERAL else first.instead
        return self._words.say(f"redaction.{key}", language, value=first.value)

    def _place(
        self, text: "_Text", start: int, end: int, findings: tuple[Finding, ...], language: str, area: str | None
    ) -> Edit:
        known = self._areas.common(frozenset(f.area for f in findings if f.area is not None)) or area
        before = text.small_words_before(start)
        taken = {word.text for word in before}
        grammar = text.grammar
        if taken & grammar.places:
            return Edit(text.with_comma(before[0].start), end, self._in_sentence(known, language), findings)
        if taken & grammar.moves:
            first = next(word for word in before if word.text in grammar.moves)
            # Nobody falls from an area: a flat that is told alone is a home.
            alone = all(finding.rule == "flat" for finding in findings)
            name = self._words.say("redaction.home", language) if alone else self._name(known, language)
            return self._moved(first, end, name, language, findings)
        first_start = before[0].start if before else start
        if not before and text.folded[start : start + 1] == "#":
            return Edit(
                start, end, "#" + self._name(known, language).title().replace(" ", "") if known else "", findings
            )
        if findings[0].label is not Label.COORDINATES and text.is_subject(first_start, end):
            return Edit(first_start, end, self._name(known, language), findings)
        return Edit(text.with_comma(first_start), end, self._in_sentence(known, language), findings)

    def _moved(self, word: Word, end: int, name: str, language: str, findings: tuple[Finding, ...]) -> Edit:
        """A name behind a word that leads to it: "du" and "al" hold an article, which not every name wants."""
        held = self._contractions[language]
        if word.text not in held or plain(name.split()[0]) in self.grammar(language).contracted:
            return Edit(word.end, end, " " + name, findings)
        leading = held[word.text][0]
        first, _, rest = name.partition(" ")
        again = [key for key, pair in held.items() if rest and pair == (leading, first.lower())]
        return Edit(word.start, end, f"{again[0]} {rest}" if again else f"{leading} {name}", findings)

    def _in_sentence(self, area: str | None, language: str) -> str:
        if area is None or not self._areas.knows(area):
            return self._words.say("redaction.our_area", language)
        return self._areas.in_sentence(area, language)

    def _name(self, area: str | None, language: str) -> str:
        if area is None or not self._areas.knows(area):
            return self._words.say("redaction.our_area_name", language)
        return self._areas.public_name(area, language)


_SEVERAL = {
    "person": "people",
    "member": "people",
    "young_person": "young_people",
    "young_man": "young_people",
    "young_woman": "young_people",
    "officer": "officers",
}
_Reached = tuple[int, int, Finding]


class _Text:
    """A folded text and where its words and clauses are."""

    def __init__(self, folded: str, grammar: Grammar, hidden_ages: Set[int]) -> None:
        """`hidden_ages`: where an age ends that must not be told."""
        self.folded = folded
        self.grammar = grammar
        self.hidden_ages = hidden_ages
        self._words = words_of(folded)
        self._before = {word.end: i for i, word in enumerate(self._words)}

    def word_before(self, at: int) -> Word | None:
        """The word that ends right before `at`, with at most spaces between."""
        end = at
        while end > 0 and self.folded[end - 1] in " '":
            end -= 1
        i = self._before.get(end)
        return self._words[i] if i is not None else None

    def before_hanging(self, start: int, end: int) -> int:
        """The end of a stretch without the small words at its end, which lead on to what follows."""
        inside = [word for word in self._words if start <= word.start and word.end <= end]
        while len(inside) > 1 and inside[-1].text in self.grammar.dangling:
            inside.pop()
        return inside[-1].end if inside else end

    def words_before(self, at: int, wanted: frozenset[str], marks: str = " :=#.(\"'") -> list[Word]:
        """The words of `wanted` that lead up to `at`, outermost first; `marks` may stand between."""
        taken: list[Word] = []
        word = self.word_before(len(self.folded[:at].rstrip(marks)))
        while word is not None and word.text in wanted and len(taken) < _MOST_WORDS_TAKEN:
            taken.insert(0, word)
            word = self.word_before(word.start)
        return taken

    def follows_mark(self, at: int) -> bool:
        """Whether a comma, colon or bracket stands before `at`, with something before it in the sentence."""
        before = self.folded[:at].rstrip(" ")
        return bool(before) and before[-1] in ",:(-/"

    def with_mark(self, start: int, end: int) -> tuple[int, int]:
        """The stretch with the comma before it, or with the brackets around it."""
        opened = len(self.folded[:start].rstrip(" ")) - 1
        if opened >= 0 and self.folded[opened] == "(" and self.folded[end : end + 1] == ")":
            return opened, end + 1
        return self.with_comma(start), end

    def small_words_before(self, at: int) -> list[Word]:
        """The articles and prepositions that lead up to a place, outermost first."""
        grammar = self.grammar
        wanted = grammar.articles | grammar.places | grammar.moves | grammar.near
        taken: list[Word] = []
        word = self.word_before(at)
        while word is not None and word.text in wanted and len(taken) < _MOST_WORDS_TAKEN:
            taken.insert(0, word)
            word = self.word_before(word.start)
        while taken and taken[0].text not in grammar.articles | grammar.places | grammar.moves:
            taken.pop(0)
        return taken

    def with_comma(self, at: int) -> int:
        """`at`, or where the comma or colon before it stands: a place that trails behind one joins the sentence."""
        end = at
        while end > 0 and self.folded[end - 1] == " ":
            end -= 1
        return end - 1 if end > 1 and self.folded[end - 1] in ",:" and self.folded[end - 2] not in ".!?\n" else at

    def is_subject(self, start: int, end: int) -> bool:
        """Whether a place without a preposition is what its sentence speaks of, or what a verb of moving takes."""
        word = self.word_before(start)
        if word is not None and word.text in self.grammar.transits:
            return True
        before = self.folded[:start].rstrip()
        after = self.folded[end : end + 2].lstrip()
        begins = not before or before[-1] in ".!?\n"
        return begins and bool(after) and after[0].isalpha()

    def joined(self, start: int, end: int) -> bool:
        """Whether two places have only small words and marks between them."""
        between = self.folded[start:end]
        if len(between) > 40 or (any(mark in between for mark in ".!?;\n") and between.strip(" .,")):
            return False
        small = self.grammar.joins | self.grammar.articles | self.grammar.places
        return all(word in small for word in plain(between).replace("'", " ").translate(_NO_MARKS).split())

    def clause(self, at: int, end: int) -> tuple[int, int]:
        """The clause around a stretch, with the mark before it."""
        first, last = self.sentence(at, end)
        start = max((self.folded.rfind(mark, first, at) for mark in _CLAUSE_MARKS), default=-1)
        while start > first and self._in_number(start):
            start = max(self.folded.rfind(mark, first, start) for mark in _CLAUSE_MARKS)
        stops = [i for i in range(end, last) if self.folded[i] in _CLAUSE_MARKS and not self._in_number(i)]
        stop = stops[0] if stops else len(self.folded[:last].rstrip(" .!?;\n"))
        return (start if start >= first else first), max(stop, end)

    def sentence(self, at: int, end: int) -> tuple[int, int]:
        """The sentences that a stretch touches, from first letter to last mark."""
        touched = [(s, e) for s, e in sentences_of(self.folded) if s < max(end, at + 1) and at < e]
        return (touched[0][0], touched[-1][1]) if touched else (at, end)

    def _in_number(self, at: int) -> bool:
        return self.folded[at - 1 : at].isdigit() and self.folded[at + 1 : at + 2].isdigit()


_NO_MARKS = str.maketrans(dict.fromkeys(",/()-&.:@+|", " "))


def _reached(text: _Text, finding: Finding) -> _Reached:
    match finding.reach:
        case Reach.PHRASE:
            return finding.start, finding.end, finding
        case Reach.CLAUSE:
            return *text.clause(finding.start, finding.end), finding
        case Reach.SENTENCE:
            return *text.sentence(finding.start, finding.end), finding


def _clusters(text: _Text, reached: list[_Reached]) -> list[list[_Reached]]:
    """Findings that overlap, and neighbours that become one: places, people in a row."""
    clusters: list[list[_Reached]] = []
    ends = 0
    for start, end, finding in sorted(reached, key=lambda each: (each[0], -each[1], each[2].label)):
        if clusters and (start < ends or _together(text, clusters[-1], ends, start, finding)):
            clusters[-1].append((start, end, finding))
            ends = max(ends, end)
        else:
            clusters.append([(start, end, finding)])
            ends = end
    return clusters


def _together(text: _Text, cluster: list[_Reached], end: int, start: int, finding: Finding) -> bool:
    if any(each.reach is not Reach.PHRASE for each in (cluster[-1][2], finding)):
        return False
    alike = (finding.label in PLACES and any(each.label in PLACES for _, _, each in cluster)) or (
        finding.instead in _SEVERAL and cluster[-1][2].instead == finding.instead
    )
    return alike and text.joined(end, start)
