"""Videos: a clip as it was sent goes in, a covered, silent MP4 that holds only pixels comes out, with a poster."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final

from moderation.detector import DetectorFailed
from moderation.finding import Box
from moderation.media_job import Answer
from moderation.media_process import PhotoProcess
from moderation.media_video_decode import VideoRefused
from moderation.media_video_job import CoveredFrame, CoveredVideo, Leak, SoundJob, Thing, VideoJob

__all__ = ["CoveredFrame", "CoveredVideo", "DetectorFailed", "Leak", "Thing", "VideoRefused", "Videos", "is_video"]

MOST_BYTES: Final = 120_000_000
SILENT_SECONDS: Final = 120.0
"""A process that tells no progress for so long, on a busy machine, is killed."""
NICE: Final = 10
"""Photos for cards and chat go before."""


def is_video(original: bytes) -> bool:
    """Whether a file is in a container of videos, by content; what is in it is seen later."""
    brand = original[8:12]
    still = brand.startswith((b"hei", b"hev", b"avi")) or brand in (b"mif1", b"msf1")
    return (original[4:8] == b"ftyp" and not still) or original.startswith(b"\x1a\x45\xdf\xa3")


class Videos:
    """Covers one video at a time, the smallest of those that wait first, in a process that ends with the last.

    A process of its own, so that no photo waits behind a video, and at low priority."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._process: PhotoProcess | None = None

    async def __aenter__(self) -> "Videos":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def pid(self) -> int | None:
        """The process that covers videos, while there is one."""
        return self._process.pid if self._process is not None else None

    async def cover(
        self, original: bytes, *, added: Sequence[Box] = (), progress: Callable[[float], None] = lambda _: None
    ) -> CoveredVideo:
        """The video with everything covered that was found in any frame, and `added` (pixels of the output) in all.

        `progress` hears how much is done, 0 to 1. Raises VideoRefused, DetectorFailed."""
        if len(original) > MOST_BYTES:
            raise VideoRefused("video_too_big")
        if not is_video(original):
            raise VideoRefused("not_a_video")
        async with self._turn(len(original)):
            answer = await self._asked(VideoJob(original, tuple(added)), progress)
        if not isinstance(answer, CoveredVideo):
            raise DetectorFailed("the photo process gave no video")
        return answer

    async def heard(self, mp4: bytes, original: bytes | None) -> bytes:
        """A covered video with the sound of its original; None takes its sound away. Raises DetectorFailed."""
        async with self._turn(0):
            answer = await self._asked(SoundJob(mp4, original), lambda _: None)
        if not isinstance(answer, bytes):
            raise DetectorFailed("the photo process gave no sound")
        return answer

    async def _asked(self, job: VideoJob | SoundJob, progress: Callable[[float], None]) -> Answer:
        if self._process is None:
            self._process = PhotoProcess(NICE)
        try:
            answer = await self._process.ask(job, SILENT_SECONDS, progress)
        except VideoRefused:
            raise
        except BaseException:
            # Also when nobody waits any more: the process would go on for minutes.
            await self._stop()
            raise
        if not self._waiting:
            await self._stop()
        return answer

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.close()

    @asynccontextmanager
    async def _turn(self, size: int) -> AsyncIterator[None]:
        """Until it is our turn: one at a time, the smallest first."""
        if self._busy:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (size, next(self._numbers), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._next()
                raise
        self._busy = True
        try:
            yield
        finally:
            self._next()

    def _next(self) -> None:
        """Hand the turn on; whoever gave up waiting is passed over."""
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
