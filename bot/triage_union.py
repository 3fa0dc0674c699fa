"""Two judges, one judgement: what the rules found stands, and what the learnt model saw besides is added. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.triage import Triaged
from bot.triage_labels import LIFE_RISK, About, Route, Severity
from bot.triage_model import Shares, life
from bot.triage_rules import Bars, Way

OPEN: Final = frozenset({About.QUESTION, About.CRITICISM, About.PRAISE, About.OTHER})
"""What the rules say when they saw nothing in particular: here the second judge may know better."""
HARSH: Final = frozenset({About.ABUSE, About.CRITICISM})
"""Where the rules do not tell a threat from hard words: abuse is on nobody's phone, and a threat belongs on one."""
_HARD: Final = {About.ABUSE: Severity.ABUSIVE, About.HATE: Severity.HATEFUL}


def union(triaged: Triaged, shares: Shares, bars: Bars, ways: Mapping[About, Way]) -> Triaged:
    """The judgement of both. Life risk is only ever added; no house rule is ever named by the model."""
    if triaged.life_risk:
        return triaged
    risk = life(shares)
    if risk >= bars.ring:
        about = max(LIFE_RISK, key=lambda label: shares.get(label, 0.0))
        return _moved(triaged, about, round(risk, 2), ways)
    found = replace(triaged, look=risk >= bars.look)
    besides = _besides(triaged.about, shares, bars, ways)
    return found if besides is None else _moved(found, besides, round(shares[besides], 2), ways)


def _besides(known: About, shares: Shares, bars: Bars, ways: Mapping[About, Way]) -> About | None:
    """What the second judge calls a reply that the rules call `known`, if that counts. A threat or a tip need not be
    its first thought: where it is one of the two from a bar of their own on, the likelier counts. What is harsh is
    mostly lawful: a threat in it needs more."""
    threat, tip = shares.get(About.THREAT, 0.0), shares.get(About.TIP, 0.0)
    if known in HARSH and threat >= bars.threat:
        return About.THREAT
    if known not in OPEN:
        return None
    if threat + tip >= bars.either and (tip > threat or known not in HARSH):
        return About.TIP if tip > threat else About.THREAT
    about, share = max(shares.items(), key=lambda item: item[1])
    return about if about not in LIFE_RISK and share >= _bar(about, bars, ways) else None


def _bar(about: About, bars: Bars, ways: Mapping[About, Way]) -> float:
    return bars.keep if ways[about].route is Route.KEPT else bars.sure


def _moved(triaged: Triaged, about: About, share: float, ways: Mapping[About, Way]) -> Triaged:
    way = ways[about]
    severity = max(triaged.severity, _HARD.get(about, Severity.NONE), key=lambda one: one.degree)
    scores = {**triaged.scores, about: share}
    ordered = {label: scores[label] for label in About if label in scores}
    return replace(
        triaged, about=about, scores=ordered, route=way.route, template=way.template, ground=None, severity=severity
    )
