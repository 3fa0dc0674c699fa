"""The words of triage: what a reply is about, who deals with it, and how hard it is on whoever reads it."""

from enum import StrEnum
from typing import Final


class About(StrEnum):
    """What a reply can be about, the most pressing first."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    MINOR = "minor"
    THREAT = "threat"
    SIGHTING = "sighting"
    TIP = "tip"
    PRIVATE = "private"
    EVIDENCE = "evidence"
    COMPLAINT = "complaint"
    HATE = "hate"
    SPAM = "spam"
    ABUSE = "abuse"
    QUESTION = "question"
    CRITICISM = "criticism"
    PRAISE = "praise"
    OTHER = "other"


LIFE_RISK: Final = frozenset({About.EMERGENCY, About.CRISIS, About.MINOR})


class Route(StrEnum):
    """Who deals with a reply. KEPT: nobody has to; it is on record and listed."""

    CONTROL = "control"
    INSPECTOR = "inspector"
    TIPS = "tips"
    PRESS = "press"
    KEPT = "kept"
    OFFICER = "officer"


class Severity(StrEnum):
    """How hard a reply is on whoever reads it. Profanity at the force is no more than ROUGH."""

    NONE = "none"
    ROUGH = "rough"
    ABUSIVE = "abusive"
    HATEFUL = "hateful"

    @property
    def degree(self) -> int:
        return list(Severity).index(self)
