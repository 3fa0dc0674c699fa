"""Photos: a picture as it was sent goes in, a covered JPEG that holds only pixels comes out."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final

from moderation.detector import DetectorFailed
from moderation.finding import Box, BoxKind
from moderation.media_boxes import outermost
from moderation.media_decode import PhotoRefused
from moderation.media_drawing import cell_box, grid, numbered
from moderation.media_job import CoveredPhoto, Job, Tier, Warm
from moderation.media_process import PhotoProcess
from shifts.words import Words

__all__ = [
    "CoveredPhoto",
    "DetectorFailed",
    "PhotoRefused",
    "Photos",
    "Tier",
    "cell_box",
    "counts",
    "draft_alt",
    "draft_alt_of_video",
    "grid",
    "numbered",
]

SIDE: Final = 2560
"""The longest side of a public picture, in pixels."""
MOST_BYTES: Final = 30_000_000
SECONDS: Final = {Tier.FAST: 60.0, Tier.DEFAULT: 180.0}
"""How long one picture may take, on a busy machine, before the photo process is killed."""
WARM_SECONDS: Final = 120.0


class Photos:
    """Covers pictures in one long-lived process, which is started when needed and again after it died.

    One picture of each tier is in hand at a time; one for a card overtakes one of the default tier."""

    def __init__(self, side: int | None = SIDE, *, screens: bool = False) -> None:
        """`screens`: televisions, monitors, laptops and telephones are covered, too."""
        self._side = side
        self._asked = ("screens",) if screens else ()
        self._process: PhotoProcess | None = None
        self._turns = {tier: asyncio.Lock() for tier in Tier}

    async def __aenter__(self) -> "Photos":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self._process.close()
            self._process = None

    @property
    def pid(self) -> int | None:
        """The photo process, for whoever measures it."""
        return self._process.pid if self._process is not None else None

    async def warm(self) -> None:
        """Load the detectors ahead. Raises DetectorFailed."""
        process = await self._running()
        await process.ask(Warm(), WARM_SECONDS)

    async def cover(
        self, original: bytes, tier: Tier, *, added: Sequence[Box] = (), lifted: frozenset[int] = frozenset()
    ) -> CoveredPhoto:
        """The picture with everything covered that was found, or `added` by a person, and not `lifted`.

        `added` is in pixels of the output picture, `lifted` are indexes of `CoveredPhoto.boxes`. The same original
        gives the same numbers; plates, codes and added boxes are never lifted. Raises PhotoRefused, DetectorFailed."""
        if len(original) > MOST_BYTES:
            raise PhotoRefused("too_big")
        job = Job(original, tier, tuple(added), lifted, self._side)
        async with self._turns[tier]:
            process = await self._running()
            answer = await process.ask(job, SECONDS[tier])
        if not isinstance(answer, CoveredPhoto):
            raise DetectorFailed("the photo process gave no picture")
        return answer

    async def _running(self) -> PhotoProcess:
        if self._process is not None and not self._process.alive:
            dead, self._process = self._process, None
            await dead.close()
        if self._process is None:
            self._process = PhotoProcess(asked=self._asked)
        return self._process


def counts(boxes: Iterable[Box]) -> dict[BoxKind, int]:
    """How many boxes there are of each kind that occurs; one that lies inside a larger one does not count."""
    return dict(Counter(box.kind for box in outermost(tuple(boxes))))


def draft_alt(boxes: Iterable[Box], words: Words, language: str) -> str:
    """A first alt text, from counts alone: "Photo. 2 faces covered; 1 plate covered." A person makes it a sentence."""
    return _alt(words.say("media.alt.photo", language), counts(boxes), words, language)


def draft_alt_of_video(number: Mapping[BoxKind, int], seconds: int, words: Words, language: str) -> str:
    """The same for a video: "Video of 12 seconds. 2 faces covered." """
    return _alt(words.count("media.alt.video", seconds, language), number, words, language)


def _alt(what: str, number: Mapping[BoxKind, int], words: Words, language: str) -> str:
    parts = [words.count(f"media.alt.{kind}", number[kind], language) for kind in BoxKind if kind in number]
    return f"{what} {'; '.join(parts)}." if parts else what
