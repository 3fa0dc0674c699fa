"""What is asked of the photo process, and what it answers."""

from dataclasses import dataclass
from enum import StrEnum

from moderation.finding import Box
from moderation.media_video_job import CoveredVideo, SoundJob, VideoJob
from moderation.media_word import Word


class Tier(StrEnum):
    """FAST is for the card; DEFAULT is finished before Publish unlocks, and looks a second time at what it made."""

    FAST = "fast"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class CoveredPhoto:
    """A finished picture: `jpeg` is all that the public gets, `sha256` (hex) names it.

    `boxes` are all boxes found (their order is their number: the fast tier's keep theirs in the default tier) and
    then those that a person added, enlarged as they are covered, in pixels of this picture. `lifted` are the indexes
    of those that were left open. `words` is what the default tier read in boxes of writing. `leftover` is what its
    second look still sees: a post that has any is red. `moved`: the file held several pictures, this is the first."""

    jpeg: bytes
    sha256: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    lifted: frozenset[int]
    leftover: tuple[Box, ...]
    tier: Tier
    source_format: str
    words: tuple[Word, ...] = ()
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """Cover one picture. `side` is the longest that the output's long side may be, None for no limit.

    `added` are in pixels of the output picture."""

    original: bytes
    tier: Tier
    added: tuple[Box, ...] = ()
    lifted: frozenset[int] = frozenset()
    side: int | None = None


@dataclass(frozen=True, slots=True)
class Warm:
    """Load the models and let each look once."""


Work = Job | VideoJob | SoundJob | Warm

Answer = CoveredPhoto | CoveredVideo | bytes | None | Exception
"""What comes back: what was finished (bytes for a SoundJob), None for Warm, or PhotoRefused or DetectorFailed."""
