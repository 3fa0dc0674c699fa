"""Triage: what a reply of the public is about, who must see it, and how soon. Pure: rules are data (config/triage).

Life risk comes first and is never argued away: a joke, a film, the past or a "no" lower it, and never to nothing.
Nothing here hides anything from the public; `ground` only says which house rule a person could name."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bot.triage_labels import LIFE_RISK, About, Route, Severity
from bot.triage_rules import Bars, Rule, Signs, Way, bars_of, rules_of, ways_of
from bot.triage_spelling import Spelling
from moderation.language import spoken
from moderation.lexicon import Hit, Lexicon, sentences_of, words_of
from moderation.normalise import look_at

CERTAIN: Final = 0.5
"""From this score on a label is acted upon; below, it is a doubt that is shown to a person."""
CHARACTERS: Final = 4000
_LINK = re.compile(r"https?://|www\.|(?<![\w@.])[\w-]{2,40}\.(?:com|net|org|io|ru|xyz|ly|me|example)\b", re.IGNORECASE)
_SHORT: Final = 4


@dataclass(frozen=True, slots=True)
class Triaged:
    """`scores` are between 0 and 1, `about` is the most pressing certain label. `template` names the fixed public
    text, `ground` the house rule that a person could hide it by; criticism has none."""

    about: About
    scores: Mapping[About, float]
    route: Route
    template: str | None
    ground: str | None
    severity: Severity
    language: str
    look: bool = False
    """The control room should look: it may be an emergency, though not surely enough to ring."""

    @property
    def life_risk(self) -> bool:
        return self.about in LIFE_RISK

    @property
    def doubt(self) -> bool:
        """A life may be at risk although it reads like a joke, a film or the past: a person should look."""
        return not self.life_risk and any(label in LIFE_RISK for label in self.scores)


@dataclass(frozen=True, slots=True)
class Triage:
    """The rules, and the word lists and spellings of every language."""

    rules: tuple[Rule, ...]
    ways: Mapping[About, Way]
    lexicons: Mapping[str, Lexicon]
    spellings: Mapping[str, Spelling]
    severities: Mapping[Severity, frozenset[str]]
    lowered_to: float
    signs: Signs
    bars: Bars

    @classmethod
    def load(cls, folder: Path) -> "Triage":
        """Read rules.toml and every `<language>.toml` of a folder. Raises TriageWrong."""
        tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.toml"))}
        rules = tables.pop("rules")
        names = frozenset(name for table in tables.values() for name in table["lists"])
        return cls(
            rules_of(rules, names),
            ways_of(rules, names),
            {name: Lexicon(table["lists"]) for name, table in tables.items()},
            {n: Spelling(table["spelling"], table["critical"], table["lists"]) for n, table in tables.items()},
            {Severity(name): frozenset(lists) for name, lists in rules["severity"].items()},
            float(rules["lowered_to"]),
            Signs(),
            bars_of(rules),
        )

    def triage(self, text: str, language: str | None) -> Triaged:
        """Judge one reply. `language` is what the network says that it is written in, if it does."""
        folded = look_at(text[:CHARACTERS]).folded
        tongues = self._tongues(folded, language)
        signs = list(self._signs(folded))
        by_tongue = [[*self._words(folded, name), *signs] for name in tongues]
        scores = _highest(self._scores(hits, len(words_of(folded))) for hits in by_tongue)
        severity = max((self._severity(hits) for hits in by_tongue), key=lambda severity: severity.degree)
        about = next((label for label in About if scores.get(label, 0.0) >= CERTAIN), About.OTHER)
        way = self.ways[about]
        return Triaged(about, scores, way.route, way.template, way.ground, severity, tongues[0])

    def calmed(self, triaged: Triaged) -> Triaged:
        """The same judgement after a person has found nobody in danger: what else it is; and nothing is said."""
        scores = {label: score for label, score in triaged.scores.items() if label not in LIFE_RISK}
        about = next((label for label in About if scores.get(label, 0.0) >= CERTAIN), About.OTHER)
        way = self.ways[about]
        return replace(triaged, about=about, scores=scores, route=way.route, template=None, ground=way.ground)

    def _tongues(self, folded: str, language: str | None) -> tuple[str, ...]:
        """The languages to look with, the likeliest first. All of them: people in trouble mix and mistype."""
        told = (language or "").split("-")[0].lower()
        likely = [name for name in (told, *spoken(folded, "en")) if name in self.lexicons]
        if told not in self.lexicons and len(likely) > 1:
            likely = likely[1:]  # `spoken` puts what it was given first
        return tuple(dict.fromkeys([*likely, *self.lexicons]))

    def _words(self, folded: str, tongue: str) -> list[Hit]:
        """What the lists of one language see. Each judges for itself: words of one must not calm those of another."""
        return self.lexicons[tongue].hits(self.spellings[tongue].respell(folded))

    def _signs(self, folded: str) -> Iterator[Hit]:
        seen = [("@question", *m.span()) for m in re.finditer(r"\?", folded)]
        seen += [("@link", *m.span()) for m in _LINK.finditer(folded)]
        seen += [(name, found.start, found.end) for name, found in self.signs.find(folded)]
        for number, (start, end) in enumerate(sentences_of(folded)):
            yield from (Hit(name, at, to, number) for name, at, to in seen if start <= at < end)

    def _scores(self, hits: Sequence[Hit], words: int) -> dict[About, float]:
        by_sentence: dict[int, set[str]] = defaultdict(set)
        for hit in hits:
            by_sentence[hit.sentence].add(hit.name)
        everywhere = frozenset(hit.name for hit in hits)
        sentences = [frozenset(names) for names in by_sentence.values()]
        scores: dict[About, float] = {}
        for rule in self.rules:
            if rule.short and words > _SHORT:
                continue
            met = [names for names in ([everywhere] if rule.whole else sentences) if rule.met(names)]
            for names in met:
                score = self._lowered(rule, names, everywhere)
                scores[rule.about] = max(scores.get(rule.about, 0.0), score)
        return scores

    def _lowered(self, rule: Rule, here: frozenset[str], everywhere: frozenset[str]) -> float:
        way = self.ways[rule.about]
        if "firm" in everywhere or not (here & way.lowered_by or everywhere & way.lowered_by_whole):
            return rule.score
        return round(rule.score * self.lowered_to, 2)

    def _severity(self, hits: Sequence[Hit]) -> Severity:
        names = {hit.name for hit in hits}
        degrees = [severity for severity, lists in self.severities.items() if names & lists]
        return max(degrees, key=lambda severity: severity.degree, default=Severity.NONE)


def _highest(scores: Iterable[Mapping[About, float]]) -> dict[About, float]:
    """Each label with the highest score that any language gave it, the most pressing first."""
    found: dict[About, float] = {}
    for table in scores:
        for label, score in table.items():
            found[label] = max(found.get(label, 0.0), score)
    return {label: found[label] for label in About if label in found}
