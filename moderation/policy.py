"""The policy: which rules a post meets, and what follows. Pure: rules are data, hits come in, reasons go out."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from moderation.denials import standing
from moderation.disguises import Disguises
from moderation.finding import Label, Reach
from moderation.lexicon import Hit, Lexicon, numbers_of_sentences


class Verdict(StrEnum):
    """What the policy says about a post, from nothing found to nobody may release it."""

    PASS = "PASS"  # noqa: S105 - a verdict
    REDACT = "REDACT"
    FLAG = "FLAG"
    HOLD = "HOLD"
    ESC = "ESC"
    DIVERT = "DIVERT"
    BLOCK = "BLOCK"

    @property
    def severity(self) -> int:
        return list(Verdict).index(self)

    @property
    def has_public_text(self) -> bool:
        """A post that nobody can publish as it is has no public version."""
        return self not in (Verdict.BLOCK, Verdict.DIVERT)


def severest(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe of several; PASS of none."""
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.PASS)


class PostKind(StrEnum):
    PATROL = "patrol"
    TRAFFIC = "traffic"
    ADVICE = "advice"
    EVENT = "event"
    STATEMENT = "statement"
    APPEAL = "appeal"


BUT_ADVICE: Final = frozenset(PostKind) - {PostKind.ADVICE}
"""The kinds of a rule that asks what happened. An advice post meets it as well, but not by what might happen."""
STREETS_STAY: Final = frozenset({PostKind.TRAFFIC, PostKind.EVENT})
"""Kinds in which a road or a square is the message. Never house numbers, buildings, people or plates."""


ANYWHERE: Final = "slur anywhere"
"""A list that is asked for in every language, whatever a post is written in."""
_WORST: Final = frozenset({"slur", ANYWHERE, "strong insult"})
_RUDE: Final = _WORST | {"mild insult", "mild swearing"}
GENERAL, TOLD = "general", "told"
"""Lists of words of what might happen ("you could die"), and of what did ("we found")."""
_HAPPENED: Final = frozenset(
    {TOLD, "@PERSON", "@AGE", "@PLATE", "@LOCATION", "@ADDRESS", "@COORDINATES", "@area named"}
)
_CLAUSE: Final = re.compile(r"[,:;()?!\n]|\.(?=\s|$)|\s-\s")


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that a post met. `words`, `tick` and `template` are keys into the languages; no removed word is in them.

    `tick` is the reason that a sergeant ticks, `role` who must release it, `template` what to send instead."""

    code: str
    verdict: Verdict
    category: str
    words: str
    tick: str | None = None
    role: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `any_of`, `all_of`, `unless` name word lists, findings: "@PLATE" by label, "@age of a minor" by rule.

    The lists must meet in one sentence, or anywhere for `whole_post`. A name may be several with "|" between them.
    With `always` every post of its kinds meets it; `otherwise` only one that meets no other rule of its category:
    none from FLAG on, and no milder one there. `cut` are the lists whose words are taken out (with `reach`),
    `draft` the sentence used if nothing else is left."""

    code: str
    category: str
    verdict: Verdict
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    whole_post: bool = False
    kinds: frozenset[PostKind] = frozenset(PostKind)
    reason: str = ""
    tick: str | None = None
    role: str | None = None
    template: str | None = None
    draft: str | None = None
    cut: tuple[str, ...] = ()
    reach: Reach = Reach.SENTENCE
    instead: str | None = None
    live: bool = False
    always: bool = False
    otherwise: bool = False
    label: Label = Label.POLICY

    def met_by(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits that meet it, those to cut among them; empty if it is not met."""
        if self.whole_post:
            return self._met(hits)
        by_sentence: dict[int, list[Hit]] = {}
        for hit in hits:
            by_sentence.setdefault(hit.sentence, []).append(hit)
        return [hit for together in by_sentence.values() for hit in self._met(together)]

    def _met(self, hits: Sequence[Hit]) -> list[Hit]:
        names = {hit.name for hit in hits}
        if names.isdisjoint(self.any_of) or not names.isdisjoint(self.unless):
            return []
        if not all(names.intersection(choice.split("|")) for choice in self.all_of):
            return []
        wanted = {*self.any_of, *self.cut, *(name for choice in self.all_of for name in choice.split("|"))}
        return [hit for hit in hits if hit.name in wanted]

    def met_as(self, kinds: Collection[PostKind], hits: Sequence[Hit], happened: Sequence[Hit]) -> list[Hit] | None:
        """The hits that meet it in a post of these kinds; None where it is not met."""
        if PostKind.ADVICE in kinds and self.kinds == BUT_ADVICE:
            return self.met_by(happened) or None
        if self.kinds.isdisjoint(kinds):
            return None
        return self.met_by(hits) or ([] if self.always else None)

    def as_reason(self) -> Reason:
        words = f"policy.reasons.{self.reason or self.code}"
        tick = f"policy.ticks.{self.tick}" if self.tick else None
        template = f"policy.templates.{self.template}" if self.template else None
        return Reason(self.code, self.verdict, self.category, words, tick, self.role, template)


@dataclass(frozen=True, slots=True)
class Met:
    """A rule that a post met, and by which words."""

    rule: Rule
    hits: tuple[Hit, ...]

    def to_cut(self) -> list[Hit]:
        return [hit for hit in self.hits if hit.name in self.rule.cut]


_NO_OVERLAYS: Final = frozenset({"default", "detectors", "signs"})
"""What else lies in the folder of the policy."""


class PolicyWrong(Exception):
    """A policy file does not make sense; says which rule and why."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of the default and of every overlay, and the word lists of every language."""

    rules: tuple[Rule, ...]
    overlays: Mapping[str, tuple[Rule, ...]]
    stricter: Mapping[str, Mapping[str, Verdict]]
    lexicons: Mapping[str, Lexicon]
    anywhere: Lexicon
    disguises: Disguises

    @classmethod
    def load(cls, folder: Path) -> "Policy":
        """Read default.toml, the overlays beside it and lexicons/<language>.toml. Raises PolicyWrong."""
        default = tomllib.loads((folder / "default.toml").read_text("utf-8"))
        tables = {name: tomllib.loads((folder / f"{name}.toml").read_text("utf-8")) for name in overlays_in(folder)}
        lists = {
            path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted((folder / "lexicons").glob("*.toml"))
        }
        policy = cls(
            tuple(map(_rule, default["rule"])),
            {name: tuple(map(_rule, table.get("rule", []))) for name, table in tables.items()},
            {
                name: {code: Verdict(v) for code, v in table.get("stricter", {}).items()}
                for name, table in tables.items()
            },
            {language: Lexicon(names) for language, names in lists.items()},
            Lexicon({ANYWHERE: [phrase for names in lists.values() for phrase in names.get(ANYWHERE, [])]}),
            Disguises(_phrases(lists, _RUDE), _phrases(lists, _WORST), *_named(folder.parent / "names")),
        )
        _check(policy, {name for names in lists.values() for name in names})
        return policy

    def hits(
        self, folded: str, languages: Collection[str], also: Mapping[str, Collection[int]] | None = None
    ) -> list[Hit]:
        """What the word lists of some languages see in a folded text; those of `also` only in the sentences that are
        in them."""
        known = [language for language in languages if language in self.lexicons]
        found = [hit for language in known for hit in self.lexicons[language].hits(folded)]
        for language, there in (also or {}).items():
            found += [hit for hit in self.lexicons[language].hits(folded) if hit.sentence in there]
        found += [*self.anywhere.hits(folded), *self._disguised(folded)]
        return sorted(set(_in_clauses(folded, standing(found))), key=lambda hit: (hit.start, hit.end, hit.name))

    def _disguised(self, folded: str) -> Iterator[Hit]:
        """Rude words of any language that somebody disguised, where they stand as they were written."""
        undone = self.disguises.undone(folded)
        if undone is None:
            return
        sentence_at = numbers_of_sentences(folded)
        for lexicon in self.lexicons.values():
            for hit in lexicon.hits(undone.text):
                stretch = undone.stretch_of(hit.start, hit.end) if hit.name in _RUDE else None
                if stretch:
                    start, end = min(hit.start, stretch[0]), max(hit.end, stretch[1])
                    yield Hit(hit.name, start, end, sentence_at(hit.start))

    def infer_kind(self, hits: Sequence[Hit]) -> PostKind:
        """The kind of a post from the words that it met. Advice tells nothing that happened, nor where we are now."""
        names = {hit.name for hit in hits}
        if "kind statement" in names:
            return PostKind.STATEMENT
        if "kind patrol" in names:
            return PostKind.PATROL
        if found := next((kind for kind in (PostKind.TRAFFIC, PostKind.EVENT) if f"kind {kind}" in names), None):
            return found
        return PostKind.ADVICE if "kind advice" in names and not self._tells(hits) else PostKind.PATROL

    def _tells(self, hits: Sequence[Hit]) -> bool:
        happened = _happened(hits)
        rules = (rule for rule in self.rules if rule.kinds == BUT_ADVICE)
        return any(hit.name == "now" for hit in happened) or any(rule.met_by(happened) for rule in rules)

    def judge(
        self, hits: Sequence[Hit], kinds: Collection[PostKind], overlays: Iterable[str], across: Sequence[Hit] = ()
    ) -> list[Met]:
        """The rules that are met, the most severe first; an overlay can only add rules and make them stricter.

        A post is judged under every kind of `kinds`: the one that its words speak of, and the one that was chosen; and
        a second time by its hits `across` what stands between its words, if there are any."""
        names = _parts(overlays)
        rules = [*self.rules, *(rule for name in names for rule in self.overlays.get(name, ()))]
        views = [(view, _happened(view)) for view in (hits, across) if view or view is hits]
        met: dict[str, Met] = {}
        for rule in rules:
            told = [rule.met_as(kinds, view, happened) for view, happened in views]
            found = [hits for hits in told if hits is not None]
            if found:
                applied = self._stricter(rule, names)
                if rule.code not in met or applied.verdict.severity > met[rule.code].rule.verdict.severity:
                    met[rule.code] = Met(applied, _each_once(found))
        return sorted(_needed(met.values()), key=lambda each: -each.rule.verdict.severity)

    def _stricter(self, rule: Rule, overlays: Iterable[str]) -> Rule:
        raised = [self.stricter.get(name, {}).get(rule.code, rule.verdict) for name in overlays]
        return replace(rule, verdict=severest([rule.verdict, *raised]))


def _phrases(lists: Mapping[str, Mapping[str, Sequence[str]]], wanted: Iterable[str]) -> list[str]:
    """The phrases of some lists in every language."""
    return [phrase for names in lists.values() for name in wanted for phrase in names.get(name, [])]


def _named(folder: Path) -> Iterator[frozenset[str]]:
    """The words that are hardly ever names, and the first names that are no words, if they are there."""
    for path in (folder / "ordinary.txt", folder / "first.txt"):
        yield frozenset(path.read_text("utf-8").splitlines()) if path.exists() else frozenset()


def overlays_in(folder: Path) -> list[str]:
    """The jurisdictions whose rules lie in the folder of the policy."""
    return sorted({path.stem for path in folder.glob("*.toml")} - _NO_OVERLAYS)


def unknown_overlays(folder: Path, named: Iterable[str]) -> list[str]:
    """Those that were named and have no rules there, as they were written."""
    known = overlays_in(folder)
    return [name for name in named if _in_full(name) not in known]


def _in_full(name: str) -> str:
    return name.lower().replace("-", "_")


def _each_once(views: Iterable[Sequence[Hit]]) -> tuple[Hit, ...]:
    """The hits of several views. In which sentence one is differs between them."""
    return tuple({(hit.name, hit.start, hit.end): hit for hits in views for hit in hits}.values())


def _needed(met: Collection[Met]) -> list[Met]:
    """The rules that were met, without one that counts only `otherwise` beside another of its category."""
    told = [each for each in met if not each.rule.otherwise]
    return [each for each in met if not (each.rule.otherwise and any(_tells_already(other, each) for other in told))]


def _tells_already(met: Met, question: Met) -> bool:
    """Whether a rule of the same category asks a sergeant already, or was met where the question is."""
    if met.rule.category != question.rule.category:
        return False
    return met.rule.verdict.severity >= Verdict.FLAG.severity or all(
        any(hit.start < asked.end and asked.start < hit.end for hit in met.hits)
        for asked in question.hits
        if asked.name in question.rule.any_of
    )


def _parts(overlays: Iterable[str]) -> list[str]:
    """The overlays of a country and of a part of it, each once: "US-CA" is us_ca.toml and us.toml."""
    full = [_in_full(name) for name in overlays]
    return list(dict.fromkeys(part for name in full for part in (name.split("_")[0], name)))


def _in_clauses(folded: str, found: Sequence[Hit]) -> Iterator[Hit]:
    """The hits, where one of what might happen stands for the clause that it is in."""
    if not any(hit.name == GENERAL for hit in found):
        yield from found
        return
    cuts = [0, *(match.end() for match in _CLAUSE.finditer(folded)), len(folded)]
    for hit in found:
        at = bisect_right(cuts, hit.start) - 1
        clause = replace(hit, start=cuts[at], end=max(cuts[at + 1], hit.end))
        yield clause if hit.name == GENERAL else hit


def _happened(hits: Sequence[Hit]) -> list[Hit]:
    """The hits without those in a clause of what might happen, in a sentence that tells nothing that did."""
    told = {hit.sentence for hit in hits if hit.name in _HAPPENED}
    might = sorted({(hit.start, hit.end) for hit in hits if hit.name == GENERAL and hit.sentence not in told})
    starts = [start for start, _ in might]
    return [hit for hit in hits if not _is_in(hit, might, bisect_right(starts, hit.start) - 1)]


def _is_in(hit: Hit, stretches: Sequence[tuple[int, int]], at: int) -> bool:
    return at >= 0 and hit.end <= stretches[at][1]


def _rule(table: Mapping[str, Any]) -> Rule:
    known = {
        "code",
        "reason",
        "tick",
        "role",
        "template",
        "draft",
        "instead",
        "live",
        "always",
        "otherwise",
        "whole_post",
        "category",
    }
    lists = {"any_of", "all_of", "unless", "cut"}
    unknown = set(table) - known - lists - {"verdict", "kinds", "reach", "label"}
    if unknown:
        raise PolicyWrong(f"rule {table.get('code')}: unknown setting {', '.join(sorted(unknown))}")
    fields: dict[str, Any] = {name: table[name] for name in known if name in table}
    fields |= {name: tuple(table[name]) for name in lists if name in table}
    if "label" in table:
        fields["label"] = Label(table["label"])
    if "kinds" in table:
        fields["kinds"] = frozenset(map(PostKind, table["kinds"]))
    return Rule(verdict=Verdict(table["verdict"]), reach=Reach(table.get("reach", "sentence")), **fields)


def _check(policy: Policy, lists: set[str]) -> None:
    """Every list that a rule names exists in some language, and an overlay is stricter where it says so."""
    every = (*policy.rules, *(rule for rules in policy.overlays.values() for rule in rules))
    for rule in every:
        named = {name for names in (*rule.any_of, *rule.all_of, *rule.unless, *rule.cut) for name in names.split("|")}
        missing = {name for name in named if not name.startswith("@")} - lists
        if missing:
            raise PolicyWrong(f"rule {rule.code}: no language has the word list {', '.join(sorted(missing))}")
    known = {rule.code: rule.verdict for rule in policy.rules}
    for overlay, raised in policy.stricter.items():
        for code, verdict in raised.items():
            if code not in known:
                raise PolicyWrong(f"overlay {overlay}: there is no rule {code}")
            if verdict.severity <= known[code].severity:
                raise PolicyWrong(f"overlay {overlay}: {verdict} is not stricter than the rule {code}")
