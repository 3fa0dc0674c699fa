"""What is asked of the process that covers videos, and what it answers."""

from collections import Counter
from dataclasses import dataclass

from moderation.finding import Box, BoxKind
from moderation.media_word import Word


@dataclass(frozen=True, slots=True)
class CoveredFrame:
    """What is covered in one frame of the finished video, in its pixels; `seconds` is the frame's time."""

    seconds: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """What the second pass still saw in a frame (numbered from 0) of the finished video."""

    frame: int
    seconds: float
    box: Box


@dataclass(frozen=True, slots=True)
class Thing:
    """One face, plate or piece of writing as it was followed through the video, in seconds."""

    kind: BoxKind
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class CoveredVideo:
    """A finished video without sound: `mp4` is all that the public gets, `sha256` (hex) names it; `poster` is a JPEG.

    A post whose video has any of `leaks` is red; one that is `flashing` (more than three times a second) warns.
    `words` is what was read of the largest writing in it."""

    mp4: bytes
    sha256: str
    width: int
    height: int
    seconds: float
    poster: bytes
    frames: tuple[CoveredFrame, ...]
    things: tuple[Thing, ...]
    leaks: tuple[Leak, ...]
    flashing: bool
    source_format: str
    words: tuple[Word, ...] = ()

    @property
    def leaked_frames(self) -> tuple[int, ...]:
        """The frames in which the second pass still saw something."""
        return tuple(sorted({leak.frame for leak in self.leaks}))

    @property
    def leaked_seconds(self) -> list[float]:
        """The times of those frames, to a tenth of a second, each once."""
        return sorted({round(leak.seconds, 1) for leak in self.leaks})

    @property
    def counts(self) -> dict[BoxKind, int]:
        """How many things of each kind were followed; one that was lost and seen again counts twice."""
        return dict(Counter(thing.kind for thing in self.things))


@dataclass(frozen=True, slots=True)
class VideoJob:
    """Cover one video. `added` are covered in every frame, in pixels of the finished video."""

    original: bytes
    added: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class SoundJob:
    """Give `mp4` (one of ours) the sound of `original`; None: take its sound away. Answered by an MP4."""

    mp4: bytes
    original: bytes | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a job is done, 0 to 1."""

    share: float
