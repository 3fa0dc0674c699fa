"""The photo process: loads the detectors once and covers one picture after the other. Started by `media.py`.

A picture for a card goes between two looks at one of the default tier, which nobody watches being made."""

import ctypes
import logging
import sys
from collections import deque
from multiprocessing.connection import Connection

from moderation.detector import DetectorFailed
from moderation.media_covering import Covering
from moderation.media_decode import PhotoRefused
from moderation.media_job import Answer, Job, Tier, Warm

Asked = tuple[int, Job | Warm]


class Worker:
    """`connection` brings (number, Job or Warm) and takes (number, Answer)."""

    def __init__(self, connection: Connection, covering: Covering) -> None:
        self._connection = connection
        self._covering = covering
        self._waiting: deque[Asked] = deque()

    def serve(self) -> None:
        """Until the other side hangs up."""
        while True:
            try:
                number, job = self._waiting.popleft() if self._waiting else self._connection.recv()
                self._answer(number, job)
            except (EOFError, ConnectionError):
                return

    def _answer(self, number: int, job: Job | Warm) -> None:
        answer: Answer
        try:
            answer = self._done(job)
        except (PhotoRefused, DetectorFailed) as error:
            answer = error
        except Exception as error:  # noqa: BLE001 - fails closed, and without the words of the error
            answer = DetectorFailed(f"a photo detector failed ({type(error).__name__})")
        self._connection.send((number, answer))
        del answer, job
        ctypes.CDLL(None).malloc_trim(0)

    def _done(self, job: Job | Warm) -> Answer:
        match job:
            case Warm():
                self._covering.warm()
                return None
            case Job(tier=Tier.FAST):
                return self._covering.cover(job)
            case Job():
                return self._covering.cover(job, self._breathe)

    def _breathe(self) -> None:
        """Serve the cards that wait; put everything else behind the picture in hand."""
        while self._connection.poll():
            number, job = self._connection.recv()
            if isinstance(job, Job) and job.tier is Tier.FAST:
                self._answer(number, job)
            else:
                self._waiting.append((number, job))


def main() -> None:
    """`sys.argv[1]` is the file descriptor of the connection."""
    logging.disable()
    Worker(Connection(int(sys.argv[1])), Covering()).serve()


if __name__ == "__main__":
    main()
