"""From what an officer wrote to what the public may read: find, judge, reword; and the last look before a network."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from moderation import language as languages
from moderation.compact import hits_across
from moderation.detection import Detected, Detection
from moderation.detector import DetectorFailed
from moderation.edit import Edit
from moderation.finding import Action, Finding, Label
from moderation.jigsaw import Told, completes, is_telling, to_compare
from moderation.lexicon import Hit, Lexicon, numbers_of_sentences, sentences_of, words_of
from moderation.normalise import Seen, look_at, plain
from moderation.own_reasons import LEFT, NO_PLAN, REWORDED, TOO_LONG, UNSEEN
from moderation.plans import Plans
from moderation.policy import Met, Policy, PostKind, Reason, Verdict, severest
from moderation.screening import (
    as_hits,
    cut_first,
    cuts,
    hardened,
    is_behind,
    may_stay,
    says_something,
    unmasked,
    waits_for_scene,
    without_area_names,
)
from moderation.seams import apply
from moderation.wording import AREA_NAME, Wording
from shifts.areas import Areas
from shifts.words import Words

DETECTORS = Path("policy") / "detectors.toml"
"""Where the settings of the detectors stand in the configuration folder."""
LONGEST = 10_000
"""Characters that are looked at; a longer text has no public version."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the words. `area` is the officer's area, `earlier` the shift's earlier public texts,
    `around` those of other shifts, which count if they are of the same area.

    `lifted` and `covered` are keys of redactions and of suggestions that a person decided about. `plans_on`: the day on
    which a plan reference must be in force. `own_public_text`: the text is one of ours that was approved before."""

    language: str | None = None
    kind: PostKind | None = None
    area: str | None = None
    overlays: tuple[str, ...] = ("uk", "es", "fr", "us")
    earlier: tuple[str, ...] = ()
    around: tuple[Told, ...] = ()
    plans_on: date | None = None
    lifted: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()
    own_public_text: bool = False


@dataclass(frozen=True, slots=True)
class Redaction:
    """One thing done about findings, or (a suggestion) not done. `key` is the same for the same words of the same kind,
    and does not tell them. `finding` stands in the text as it was sent, `start:end` in the public text.

    `replacement` is empty where words were dropped."""

    number: int
    finding: Finding
    key: str
    label: Label
    replacement: str
    hard: bool
    lifted: bool
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Redacted:
    """The public version of one text and why it is so. `text` is empty where the verdict leaves none (BLOCK, DIVERT).

    `findings` are in code points of the text as it was sent; `waits_for_scene`: it says where officers are now;
    `telling`: beside another post it could tell more than both do."""

    text: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    redactions: tuple[Redaction, ...]
    suggestions: tuple[Redaction, ...]
    language: str
    kind: PostKind
    area: str | None
    waits_for_scene: bool
    findings: tuple[Finding, ...]
    telling: bool = False


@dataclass(slots=True)
class _Look:
    """What one look at a text gathers on its way to a Redacted."""

    seen: Seen
    context: Context
    language: str
    found: Detected
    hits: list[Hit]
    kind: PostKind
    inferred: PostKind
    masks: list[Finding] = field(default_factory=list)
    suggested: list[Finding] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    @property
    def kinds(self) -> frozenset[PostKind]:
        """A kind that somebody chose can only make it stricter. Of an appeal the press office decides anyway."""
        return frozenset({self.kind} if self.kind is PostKind.APPEAL else {self.kind, self.inferred})


class Redactor:
    """The detectors, the policy and the wording of one force. Loaded once a process; no state between texts."""

    def __init__(
        self, detection: Detection, policy: Policy, plans: Plans, areas: Areas, words: Words, secret: bytes
    ) -> None:
        self._detection = detection
        self._policy = policy
        self._plans = plans
        self._areas = areas
        self._words = words
        self._wording = Wording(areas, words)
        self._secret = secret
        self._area_names = Lexicon(
            {area.id: map(_as_phrase, [*area.names.values(), *area.sentences.values()]) for area in areas.every}
        )

    @classmethod
    def load(
        cls, config_folder: Path, words: Words, secret: bytes = b"", *, models: bool = True, off: Collection[str] = ()
    ) -> "Redactor":
        """Read areas, policy, plans and detectors below `config_folder`. Raises DetectorUnknown.

        Without `models` only the rules look, which is enough for the last look before a network. Detectors that are
        `off` take nothing out, but the last look asks them as well. `secret` keys the redaction keys; without one they
        hold for this process alone, and what was lifted returns."""
        areas = Areas.load(config_folder)
        if models:
            languages.warm()
        return cls(
            Detection.load(config_folder / DETECTORS, areas, models=models, off=off),
            Policy.load(config_folder / "policy"),
            Plans.load(config_folder / "plans.toml"),
            areas,
            words,
            secret or secrets.token_bytes(32),
        )

    def redact(self, text: str, context: Context) -> Redacted:
        """The public version of `text`. Never raises for any text."""
        if len(text) > LONGEST:
            return _nothing(context, TOO_LONG)
        look = self._look(text, context)
        self._judge(look)
        public, edits = self._reword(look)
        self._look_again(look, public)
        return self._redacted(look, public, edits)

    def remaining(self, text: str, language: str, kind: str | None = None) -> tuple[Finding, ...]:
        """The hard findings in a finished public text: the last look before a network. Empty: it may leave.

        Raises DetectorFailed if one could not look."""
        seen = look_at(text)
        found = self._detection.find_by_rule(seen.folded, language)
        if found.failed:
            raise DetectorFailed(", ".join(found.failed))
        hits = self._hits(seen.folded, language)
        findings = without_area_names(seen.folded, found.findings, self._named_areas(seen.folded), hits)
        if kind != PostKind.APPEAL:
            findings = hardened(seen.folded, findings, hits)
        return tuple(_as_sent(seen, f) for f in findings if f.hard)

    def _look(self, text: str, context: Context) -> _Look:
        seen = look_at(text)
        language = context.language or languages.detect(seen.folded)
        found = self._detection.find(seen.folded, language)
        hits = self._hits(seen.folded, language)
        inferred = self._policy.infer_kind(hits)
        kind = context.kind or inferred
        return _Look(seen, context, self._words.known(language), found, hits, kind, inferred)

    def _judge(self, look: _Look) -> None:
        """Sort the findings into masks and suggestions, and ask the policy."""
        folded = look.seen.folded
        cited = self._plans.cited(folded)
        in_force = cited.plan if cited and cited.plan and cited.plan.in_force(look.context.plans_on) else None
        beside = cited.end if cited else 0
        found = without_area_names(folded, look.found.findings, self._named_areas(folded), look.hits)
        look.found = replace(look.found, findings=found)
        places = in_force.places if in_force else frozenset()
        if look.kind is not PostKind.APPEAL:
            found = hardened(folded, found, look.hits)
        findings = [f for f in found if is_behind(f, beside) and not may_stay(f, found, look.kind, folded, places)]
        if look.context.own_public_text:
            findings = [f for f in findings if f.hard]
        look.masks = [f for f in findings if f.action is Action.MASK]
        masks = [f for f in look.found.findings if f.action is Action.MASK]
        look.suggested = unmasked(folded, [f for f in findings if f.action is Action.SUGGEST], masks)
        spoken = [f for f in findings if f.label is Label.PROFANITY or f.action is Action.ASK]
        hits = [
            *look.hits,
            *as_hits(folded, look.masks),
            *as_hits(folded, spoken),
            *self._further_hits(look, in_force is not None),
        ]
        across = hits_across(folded, hits, partial(self._hits, language=look.language))
        look.met = self._policy.judge(hits, look.kinds, look.context.overlays, across)
        look.reasons += [met.rule.as_reason() for met in look.met]
        look.masks = cut_first(look.masks, [cut for met in look.met for cut in cuts(met)])
        if cited:
            look.masks.append(Finding(cited.start, cited.end, Label.REFERENCE, Action.MASK, "plan reference"))
        if cited and not in_force:
            look.reasons.append(NO_PLAN)
        if look.found.failed:
            look.reasons.append(UNSEEN)

    def _further_hits(self, look: _Look, in_force: bool) -> list[Hit]:
        """What the policy asks for besides words and findings: areas by name, addresses in none, plans, the jigsaw."""
        folded = look.seen.folded
        sentence_at = numbers_of_sentences(folded)
        hits = [Hit("@plan in force", 0, 0, sentence) for sentence in range(len(sentences_of(folded))) if in_force]
        hits += [Hit("@area named", start, end, sentence_at(start)) for start, end, _ in self._named_areas(folded)]
        if self._area(look) is None:
            unknown = [f for f in look.masks if f.rule == "house address"]
            hits += [Hit("@address in no area", f.start, f.end, sentence_at(f.start)) for f in unknown]
        told = to_compare(look.hits, self._area(look), look.context.earlier, look.context.around)
        if any(self._completes(look, earlier) for earlier in told):
            hits.append(Hit("@jigsaw", 0, len(folded), 0))
        return hits

    def _completes(self, look: _Look, earlier: str) -> bool:
        """Whether an earlier post of the same area (or of none) and this one tell more together."""
        folded = look_at(earlier).folded
        then = {area for _, _, area in self._named_areas(folded)}
        now = self._area(look)
        if then and now is not None and now not in then:
            return False
        return completes(look.hits, self._hits(folded, look.language))

    def _hits(self, folded: str, language: str) -> list[Hit]:
        heard = languages.spoken(folded, language)
        return self._policy.hits(folded, heard, languages.spoken_besides(folded, heard))

    def _reword(self, look: _Look) -> tuple[str, list[tuple[Edit, str]]]:
        """The public text, and every edit with its key; lifted ones are listed and not made."""
        folded, clean = look.seen.folded, look.seen.clean
        covered = [
            replace(f, action=Action.MASK, instead="someone")
            for f in look.suggested
            if self._key(look, f.label, f.start, f.end) in look.context.covered
        ]
        names = [
            Finding(start, end, Label.LOCATION, Action.MASK, AREA_NAME, area)
            for start, end, area in self._named_areas(folded)
        ]
        edits = self._wording.plan(folded, [*look.masks, *covered, *names], look.language, self._area(look))
        keyed = [(edit, self._key(look, edit.findings[0].label, edit.start, edit.end)) for edit in edits]
        made = [edit for edit, key in keyed if edit.hard or key not in look.context.lifted]
        public = apply(clean, made, self._wording.grammar(look.language))
        if made and not says_something(look_at(public).folded):
            public = self._draft(look)
        return public, keyed

    def _draft(self, look: _Look) -> str:
        """The sentence that stands for a post of which nothing is left."""
        drafts = [met.rule.draft for met in look.met if met.rule.draft]
        if not drafts:
            look.reasons.append(REWORDED)
        area = self._area(look)
        where = (
            self._areas.in_sentence(area, look.language)
            if area
            else self._words.say("redaction.our_area", look.language)
        )
        return self._words.say(f"policy.drafts.{drafts[0] if drafts else 'general'}", look.language, where=where)

    def _redacted(self, look: _Look, public: str, edits: list[tuple[Edit, str]]) -> Redacted:
        verdict = severest(reason.verdict for reason in look.reasons)
        text = public if verdict.has_public_text else ""
        redactions = [
            Redaction(
                i,
                _as_sent(look.seen, _whole(edit)),
                key,
                edit.findings[0].label,
                edit.text,
                edit.hard,
                key in look.context.lifted and not edit.hard,
            )
            for i, (edit, key) in enumerate(edits, 1)
        ]
        findings = sorted({*look.masks, *look.suggested}, key=lambda f: (f.start, f.end, f.label))
        return Redacted(
            text,
            verdict,
            tuple(sorted(look.reasons, key=lambda reason: -reason.verdict.severity)),
            tuple(redactions),
            tuple(self._suggestions(look, text, len(edits))),
            look.language,
            look.kind,
            self._area(look),
            waits_for_scene(look.kind, look.kinds, look.masks, look.met),
            tuple(_as_sent(look.seen, f) for f in findings),
            is_telling(look.hits),
        )

    def _suggestions(self, look: _Look, public: str, after: int) -> list[Redaction]:
        """The suggestions whose words still stand in the public text, in its order."""
        there: list[Redaction] = []
        at = 0
        for finding in look.suggested:
            words = look.seen.clean[finding.start : finding.end]
            start = public.find(words, at)
            key = self._key(look, finding.label, finding.start, finding.end)
            if start >= 0 and key not in look.context.covered:
                at = start + len(words)
                sent = _as_sent(look.seen, finding)
                there.append(
                    Redaction(
                        after + len(there) + 1,
                        sent,
                        key,
                        finding.label,
                        "",
                        False,
                        key in look.context.lifted,
                        start,
                        at,
                    )
                )
        return there

    def _area(self, look: _Look) -> str | None:
        """The area that a text speaks of, by its places and by name; else the officer's."""
        known = {f.area for f in look.found.findings if f.area} | {
            area for _, _, area in self._named_areas(look.seen.folded)
        }
        districts = {area for area in known if area != (self._areas.town.id if self._areas.town else None)} or known
        return self._areas.common(frozenset(districts)) or look.context.area

    def _named_areas(self, folded: str) -> list[tuple[int, int, str]]:
        return [(hit.start, hit.end, hit.name) for hit in self._area_names.hits(folded)]

    def _key(self, look: _Look, label: Label, start: int, end: int) -> str:
        """The same for the same words of the same kind, whatever their case, accents and spaces."""
        said = " ".join(word.text for word in words_of(look.seen.folded) if start <= word.start < end)
        return hmac.new(self._secret, f"{label}\0{said}".encode(), hashlib.sha256).hexdigest()[:24]

    def _look_again(self, look: _Look, public: str) -> None:
        """Block a public text that still identifies; hold one that nobody could look at."""
        try:
            if self.remaining(public, look.language, look.kind):
                look.reasons.append(LEFT)
        except DetectorFailed:
            look.reasons += [UNSEEN] if UNSEEN not in look.reasons else []


def _nothing(context: Context, reason: Reason) -> Redacted:
    kind = context.kind or PostKind.PATROL
    return Redacted("", reason.verdict, (reason,), (), (), context.language or "en", kind, context.area, False, ())


def _whole(edit: Edit) -> Finding:
    first = edit.findings[0]
    return replace(first, start=edit.start, end=edit.end, hard=edit.hard)


def _as_sent(seen: Seen, finding: Finding) -> Finding:
    start, end = seen.sent(finding.start, finding.end)
    return replace(finding, start=start, end=end)


def _as_phrase(name: str) -> str:
    return plain(name).replace("-", " ").replace("'", " ")
