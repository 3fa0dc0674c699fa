"""The photo process: loads the detectors once and covers one picture after the other. Started by `media.py`.

A picture for a card goes between two looks at one of the default tier, which nobody watches being made."""

import ctypes
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection

from moderation.detector import DetectorFailed
from moderation.media_covering import Covering
from moderation.media_decode import PhotoRefused
from moderation.media_job import Answer, Job, Tier, Warm, Work
from moderation.media_passes import Sight
from moderation.media_video_covering import VideoCovering
from moderation.media_video_job import Progress, SoundJob, VideoJob
from moderation.media_video_sound import heard

Asked = tuple[int, Work]
TELL_SECONDS = 0.5
"""Progress is told no more often."""


class Worker:
    """`connection` brings (number, Work) and takes (number, Progress or Answer)."""

    def __init__(self, connection: Connection, covering: Covering) -> None:
        self._connection = connection
        self._covering = covering
        self._videos = VideoCovering(covering.loaded, covering.reader)
        self._waiting: deque[Asked] = deque()

    def serve(self) -> None:
        """Until the other side hangs up."""
        while True:
            try:
                number, job = self._waiting.popleft() if self._waiting else self._connection.recv()
                self._answer(number, job)
            except (EOFError, ConnectionError):
                return

    def _answer(self, number: int, job: Work) -> None:
        answer: Answer
        try:
            answer = self._done(number, job)
        except (PhotoRefused, DetectorFailed) as error:
            answer = error
        except Exception as error:  # noqa: BLE001 - fails closed, and without the words of the error
            answer = DetectorFailed(f"a photo detector failed ({type(error).__name__})")
        self._connection.send((number, answer))
        del answer, job
        ctypes.CDLL(None).malloc_trim(0)

    def _done(self, number: int, job: Work) -> Answer:
        match job:
            case Warm():
                self._covering.warm()
                return None
            case Job(tier=Tier.FAST):
                return self._covering.cover(job)
            case Job():
                return self._covering.cover(job, self._breathe)
            case VideoJob():
                return self._videos.cover(job, self._teller(number))
            case SoundJob():
                return heard(job)

    def _teller(self, number: int) -> Callable[[float], None]:
        """Says how much is done, now and then; a card that waits is served as well."""
        last = 0.0

        def tell(share: float) -> None:
            nonlocal last
            if time.monotonic() - last >= TELL_SECONDS:
                last = time.monotonic()
                self._connection.send((number, Progress(share)))
                self._breathe()

        return tell

    def _breathe(self) -> None:
        """Serve the cards that wait; put everything else behind the picture in hand."""
        while self._connection.poll():
            number, job = self._connection.recv()
            if isinstance(job, Job) and job.tier is Tier.FAST:
                self._answer(number, job)
            else:
                self._waiting.append((number, job))


def main() -> None:
    """`sys.argv` holds the file descriptor of the connection, how nice to be, and the detectors on request."""
    logging.disable()
    os.nice(int(sys.argv[2]))
    Worker(Connection(int(sys.argv[1])), Covering(partial(Sight.load, sys.argv[3:]))).serve()


if __name__ == "__main__":
    main()
