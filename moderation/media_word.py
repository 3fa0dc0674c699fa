"""A word: what was read in a picture or a video. Never kept, never logged."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """What was read in the box number `box` of a picture (of a video: in a thing that was followed), and how surely, 0
    to 1.

    `alone`: nothing but this one line stands in the box."""

    box: int
    text: str = field(repr=False)
    score: float
    alone: bool = False
