"""What a detector saw, in a text (a Finding) or in a picture (a Box)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Label(StrEnum):
    """The kind of thing that a finding is. Also the `label` that `tweetpatrol redact --jsonl` writes."""

    PERSON = "PERSON"
    LOCATION = "LOCATION"
    ADDRESS = "ADDRESS"
    COORDINATES = "COORDINATES"
    LINK = "LINK"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    PLATE = "PLATE"
    ID = "ID"
    BANK = "BANK"
    REFERENCE = "REFERENCE"
    BIRTH = "BIRTH"
    AGE = "AGE"
    ROLE = "ROLE"
    HANDLE = "HANDLE"
    TIME = "TIME"
    ORGANISATION = "ORGANISATION"
    PROFANITY = "PROFANITY"
    POLICY = "POLICY"


class Action(StrEnum):
    """MASK: taken out unless a person lifts it. SUGGEST: stays unless a person covers it. ASK: stays; only the policy
    hears of it."""

    MASK = "mask"
    SUGGEST = "suggest"
    ASK = "ask"


class Reach(StrEnum):
    """How much goes when a finding is taken out: its own words, the clause or the sentence that they stand in."""

    PHRASE = "phrase"
    CLAUSE = "clause"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class Finding:
    """One stretch of a text, in code points of the text as it was sent: `text[start:end]`.

    `area` is the id of the area that the words lie in, where the detector knows it.
    `rule` names the rule or the model that found it (never the words it found).
    `instead` is the key below [redaction] of the words that stand in its place (None: nothing does), `value` what fills
    their {value}: made by the rule (a rounded time), never the words found.
    """

    start: int
    end: int
    label: Label
    action: Action
    rule: str
    area: str | None = None
    hard: bool = False
    instead: str | None = None
    reach: Reach = Reach.PHRASE
    value: str = ""


class BoxKind(StrEnum):
    FACE = "face"
    PLATE = "plate"
    TEXT = "text"
    CODE = "code"
    SCREEN = "screen"
    ADDED = "added"


NEVER_LIFTED: Final = frozenset({BoxKind.PLATE, BoxKind.CODE, BoxKind.ADDED})
"""Nobody leaves a plate open, or a code, which no person reads. A box that a person added is not lifted either."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle to cover, in whole pixels of the oriented picture: x1 <= x < x2, y1 <= y < y2."""

    kind: BoxKind
    x1: int
    y1: int
    x2: int
    y2: int
    score: float
    detector: str
