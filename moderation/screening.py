"""Which findings count in a post, and how the policy sees them."""

from collections.abc import Sequence

from moderation.finding import Action, Finding, Label
from moderation.lexicon import Hit, sentences_of
from moderation.normalise import plain
from moderation.policy import STREETS_STAY, Met, PostKind

STREET_RULES = frozenset({"gazetteer street", "street", "intersection", "road"})


def may_stay(
    finding: Finding, findings: Sequence[Finding], kind: PostKind, folded: str, planned: frozenset[str]
) -> bool:
    """Roads in a traffic or event post, exact times outside of patrol, the `planned` places of a plan in force."""
    if finding.label is Label.TIME:
        return kind is not PostKind.PATROL
    if finding.label is Label.LOCATION and " ".join(plain(folded[finding.start : finding.end]).split()) in planned:
        return True
    return kind in STREETS_STAY and finding.rule in STREET_RULES and not _is_of_a_house(finding, findings)


def without_area_names(
    folded: str, findings: Sequence[Finding], named: Sequence[tuple[int, int, str]]
) -> tuple[Finding, ...]:
    """Findings without those whose every capital is an area's name ("Telmo" is a first name too)."""
    return tuple(finding for finding in findings if not _is_only(folded, finding, named))


def unmasked(suggested: Sequence[Finding], masks: Sequence[Finding]) -> list[Finding]:
    """Suggestions where no mask is."""
    return [s for s in suggested if not any(m.start < s.end and s.start < m.end for m in masks)]


def as_hits(folded: str, findings: Sequence[Finding]) -> list[Hit]:
    """Findings as the policy sees them: by label and by rule."""
    return [
        Hit(f"@{name}", finding.start, finding.end, sentence_at(folded, finding.start))
        for finding in findings
        for name in (finding.label, finding.rule)
    ]


def sentence_at(folded: str, at: int) -> int:
    """The number of the sentence that holds the code point `at`."""
    return sum(end <= at for _, end in sentences_of(folded))


def cuts(met: Met) -> list[Finding]:
    """What a rule that was met takes out."""
    rule = met.rule
    return [
        Finding(hit.start, hit.end, rule.label, Action.MASK, rule.code, None, False, rule.instead, rule.reach)
        for hit in met.to_cut()
    ]


def waits_for_scene(kind: PostKind, masks: Sequence[Finding], met: Sequence[Met]) -> bool:
    """A patrol post that tells where officers are, or were a moment ago, waits until they are clear of the scene."""
    located = any(f.label in (Label.LOCATION, Label.ADDRESS, Label.COORDINATES) for f in masks)
    return kind is PostKind.PATROL and (located or any(each.rule.live for each in met))


def _is_of_a_house(finding: Finding, findings: Sequence[Finding]) -> bool:
    return any(
        other.label is Label.ADDRESS
        and other.rule not in STREET_RULES
        and other.start < finding.end
        and finding.start < other.end
        for other in findings
    )


def _is_only(folded: str, finding: Finding, named: Sequence[tuple[int, int, str]]) -> bool:
    inside = [(start, end) for start, end, _ in named if start < finding.end and finding.start < end]
    capitals = [i for i in range(finding.start, finding.end) if folded[i].isupper() or folded[i].isdigit()]
    return bool(inside and capitals) and all(any(start <= i < end for start, end in inside) for i in capitals)
