"""Which findings count in a post, and how the policy sees them."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from moderation.finding import Action, Finding, Label, Reach
from moderation.lexicon import Hit, numbers_of_sentences, sentences_of, words_of
from moderation.normalise import plain
from moderation.policy import STREETS_STAY, Met, PostKind

_WORDS = re.compile(r"\w[\w'-]*(?: [\w'-]*\w)*")
_HARMED = frozenset({"harmed", "@name of a victim"})
_YOUNG = frozenset({"minor", "minors", "@age of a minor"})
_ACCUSED = frozenset({"suspect", "@name of a suspect"})
_OFFICER = frozenset({"officer", "collar number"})
_NAMES = frozenset({Label.PERSON, Label.ORGANISATION})
_PLACES = frozenset({Label.LOCATION, Label.ADDRESS})
_MINOR_AGE = "age of a minor"
_OF_A_MINOR = re.compile(
    r",? \(?(?:aged? |de |[aâ]g[eé]e? de )?(?:\d|1[0-7])\)?(?=[,.;)]|$| (?:is|was|has|a[ñn]os|ans)\b)"
)
_ALONE = re.compile(r"\W*(?:(?:an?|the|one|our|una?|el|la|une|le)\s+)?", re.IGNORECASE)
_SMALL = re.compile(r"(?:I(?=njured)|H(?=urt|erid)|R(?=escued|escatad)|A(?=tropellad))?[^\W\dA-Z]*(?: [^\W\dA-Z]+)*")
_TOGETHER = re.compile(r"(?<!\w)(?:and|with|plus|also|too|as|like|y|e|con|tambien|et|avec|aussi)(?!\w)|[&+]")
"""What may stand before an animal that was harmed, how it is written, and what tells of somebody beside it."""
READ_PLACE = "read place"
READ_RULES = frozenset({"name", READ_PLACE, "read name"})
"""Rules of findings that were read, not known: they give way to a street that may stay."""
STREET_RULES = frozenset({"gazetteer street", "street", "intersection", "road"})


def may_stay(
    finding: Finding, findings: Sequence[Finding], kind: PostKind, folded: str, planned: frozenset[str]
) -> bool:
    """Roads in a traffic or event post and towns beside them, exact times outside of patrol, the `planned` places of
    a plan in force."""
    if finding.label is Label.TIME:
        return kind is not PostKind.PATROL
    if finding.label is Label.LOCATION and " ".join(plain(folded[finding.start : finding.end]).split()) in planned:
        return True
    if finding.rule in READ_RULES and any(_meet(finding, f) for f in _staying(findings, kind, folded, planned)):
        return True
    if kind not in STREETS_STAY or _is_of_a_house(finding, findings):
        return False
    return finding.rule in STREET_RULES or (
        finding.rule == READ_PLACE and any(f.rule in STREET_RULES for f in findings)
    )


def is_behind(finding: Finding, cited: int) -> bool:
    """Whether it stands behind the plan reference that ends there; of a question about a whole stretch its end does."""
    return finding.end > cited if finding.action is Action.ASK else finding.start >= cited


def _staying(findings: Sequence[Finding], kind: PostKind, folded: str, planned: frozenset[str]) -> Iterator[Finding]:
    streets = (f for f in findings if f.rule in STREET_RULES)
    return (street for street in streets if may_stay(street, findings, kind, folded, planned))


def _meet(one: Finding, other: Finding) -> bool:
    return one.start < other.end and other.start < one.end


def without_area_names(
    folded: str, findings: Sequence[Finding], named: Sequence[tuple[int, int, str]], hits: Sequence[Hit]
) -> tuple[Finding, ...]:
    """Findings without the names whose every capital is an area's ("Telmo" is a first name too) or, unless it is a
    place, an institution's that everybody knows ("St John Ambulance"). Nothing hard is only a name, nor is a link."""
    areas = [(start, end) for start, end, _ in named]
    known = [(hit.start, hit.end) for hit in hits if hit.name == "institution"]
    return tuple(f for f in findings if f.action is Action.ASK or not _is_known(folded, f, areas, known))


def _is_known(
    folded: str, finding: Finding, areas: Sequence[tuple[int, int]], institutions: Sequence[tuple[int, int]]
) -> bool:
    if finding.hard:
        # "Victim Support": the institution's own name begins as who was harmed is told.
        own = any(start < finding.start and finding.end <= end for start, end in institutions)
        return finding.label is Label.PERSON and own
    if finding.label in _NAMES:
        return _is_only(folded, finding, [*areas, *institutions])
    return finding.label in _PLACES and _is_only(folded, finding, areas)


def unmasked(folded: str, suggested: Sequence[Finding], masks: Sequence[Finding]) -> list[Finding]:
    """What of the suggestions is under no mask and in no other suggestion, word for word."""
    taken = {i for mask in masks for i in range(mask.start, mask.end)}
    left: list[Finding] = []
    for finding in sorted(suggested, key=lambda each: (each.start, -each.end)):
        for start, end in _free(folded, finding, taken):
            left.append(replace(finding, start=start, end=end))
            taken |= set(range(start, end))
    return left


def _free(folded: str, finding: Finding, taken: set[int]) -> list[tuple[int, int]]:
    """The stretches of a finding that are not `taken`, without spaces and marks at their ends."""
    inside = "".join(
        " " if i in taken else letter for i, letter in enumerate(folded[finding.start : finding.end], finding.start)
    )
    if not taken.intersection(range(finding.start, finding.end)):
        return [(finding.start, finding.end)]
    return [(finding.start + match.start(), finding.start + match.end()) for match in _WORDS.finditer(inside)]


def hardened(folded: str, findings: Sequence[Finding], hits: Sequence[Hit]) -> tuple[Finding, ...]:
    """The findings, where nobody can lift the name of a minor, of who was harmed, or of who is accused and not charged;
    nor the age of a minor who was. Who is spoken of in the sentence before or behind counts too."""
    masks = [finding for finding in findings if finding.action is Action.MASK]
    sentence_at = numbers_of_sentences(folded)
    told: dict[int, set[str]] = defaultdict(set)
    harmless = list(_of_animals(folded, findings, hits))
    for hit in (*hits, *as_hits(folded, [f for f in masks if f.label in (Label.PERSON, Label.AGE)])):
        if hit.name == "harmed" and any(start <= hit.start and hit.end <= end for start, end in harmless):
            continue
        told[hit.sentence].add(hit.name)
    for finding in masks:
        if finding.label is Label.PERSON and _OF_A_MINOR.match(folded, finding.end):
            told[sentence_at(finding.start)].add(f"@{_MINOR_AGE}")
    if not any(names & (_HARMED | _YOUNG | _ACCUSED) for names in told.values()):
        return tuple(findings)
    # "Jean Moulin roundabout" is nobody; "Peter St John" is, although a street begins so.
    streets = [f for f in masks if f.label in (Label.LOCATION, Label.ADDRESS)]
    return tuple(
        replace(f, hard=True)
        if f.action is Action.MASK
        and _is_of_somebody_kept(f, sentence_at(f.start), told)
        and not _is_within(f, streets)
        else f
        for f in findings
    )


def _of_animals(folded: str, findings: Sequence[Finding], hits: Sequence[Hit]) -> Iterator[tuple[int, int]]:
    """Where a sentence says that an animal was harmed and nobody else: "The injured swan". Not "Peter Fox injured", nor
    "A woman and her dog were injured"."""
    people = [f for f in findings if f.label is Label.PERSON]
    for begin, stop in sentences_of(folded):
        told = [h for h in hits if h.name == "harmed animal" and begin <= h.start and h.end <= stop]
        if not told or any(f.start < stop and begin < f.end for f in people):
            continue
        start, end = min(hit.start for hit in told), max(hit.end for hit in told)
        alone = _ALONE.fullmatch(folded, begin, start) and not _TOGETHER.search(plain(folded[begin:stop]))
        if alone and _SMALL.fullmatch(folded, start, end):
            yield start, end


def _is_of_somebody_kept(finding: Finding, sentence: int, told: Mapping[int, set[str]]) -> bool:
    here = told[sentence]
    near = here | told[sentence - 1] | told[sentence + 1]
    if finding.rule == _MINOR_AGE:
        return bool(here & (_HARMED | _ACCUSED | {"incident", "@PERSON"}))
    if finding.label is not Label.PERSON or finding.rule in _OFFICER:
        return False
    accused = near & _ACCUSED and "charged" not in here
    return bool(here & _YOUNG or near & (_HARMED | {f"@{_MINOR_AGE}"}) or accused)


def _is_within(finding: Finding, others: Sequence[Finding]) -> bool:
    return any(other.start <= finding.start and finding.end <= other.end for other in others)


def as_hits(folded: str, findings: Sequence[Finding]) -> list[Hit]:
    """Findings as the policy sees them: by label and by rule."""
    sentence_at = numbers_of_sentences(folded)
    return [
        Hit(f"@{name}", finding.start, finding.end, sentence_at(finding.start))
        for finding in findings
        for name in (finding.label, finding.rule)
    ]


def cuts(met: Met) -> list[Finding]:
    """What a rule that was met takes out."""
    rule = met.rule
    return [
        Finding(hit.start, hit.end, rule.label, Action.MASK, rule.code, None, False, rule.instead, rule.reach)
        for hit in met.to_cut()
    ]


def cut_first(masks: Sequence[Finding], cut: Sequence[Finding]) -> list[Finding]:
    """Masks and cuts; names inside a phrase that is cut go with it ("a Romanian man" becomes no "person man")."""
    names = [mask for mask in masks if mask.label in (Label.PERSON, Label.ORGANISATION)]
    inside: list[Finding] = []
    whole: list[Finding] = []
    for each in cut:
        here = [n for n in names if each.reach is Reach.PHRASE and each.start <= n.start and n.end <= each.end]
        whole.append(replace(each, hard=each.hard or any(name.hard for name in here)))
        inside += here
    return [*(mask for mask in masks if mask not in inside), *whole]


def waits_for_scene(kind: PostKind, kinds: Collection[PostKind], masks: Sequence[Finding], met: Sequence[Met]) -> bool:
    """A patrol post that tells where officers are, or were a moment ago, waits until they are clear of the scene.

    `kinds` are those that it is judged under: the one that was chosen for it does not take the wait away, except that
    a road that is the message tells nothing of officers."""
    located = any(f.label in (Label.LOCATION, Label.ADDRESS, Label.COORDINATES) for f in masks)
    return PostKind.PATROL in kinds and ((located and kind not in STREETS_STAY) or any(each.rule.live for each in met))


def _is_of_a_house(finding: Finding, findings: Sequence[Finding]) -> bool:
    return any(
        other.label is Label.ADDRESS
        and other.rule not in STREET_RULES
        and other.start < finding.end
        and finding.start < other.end
        for other in findings
    )


def _is_only(folded: str, finding: Finding, named: Sequence[tuple[int, int]]) -> bool:
    inside = [(start, end) for start, end in named if start < finding.end and finding.start < end]
    capitals = [i for i in range(finding.start, finding.end) if folded[i].isupper() or folded[i].isdigit()]
    return bool(inside and capitals) and all(any(start <= i < end for start, end in inside) for i in capitals)


def says_something(folded: str) -> bool:
    """Whether two words at least are left."""
    return sum(word.text.isalpha() and len(word.text) > 1 for word in words_of(folded)) >= 2
