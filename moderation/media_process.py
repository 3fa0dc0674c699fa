"""The photo process as the others see it: started when needed, killed when it hangs, anew after it died."""

import asyncio
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

from moderation.detector import DetectorFailed
from moderation.media_job import Answer, Work
from moderation.media_video_job import Progress

STOP_SECONDS: Final = 5
THRIFT: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1024**3),
    "MALLOC_TRIM_THRESHOLD_": str(600 * 1024**2),
}
"""Memory is kept from one layer of a network to the next, which saves a fifth of the time, and given back later."""


class PhotoProcess:
    """One child process and what it still owes us. Its answers arrive in a thread and are handed to the loop.

    A program of its own and not a fork: it is given nothing of our environment, so no secret either."""

    def __init__(self, nice: int = 0, asked: Collection[str] = ()) -> None:
        """`nice`: how far others go before it; `asked`: the detectors on request that look, too."""
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count()
        self._owed: dict[int, asyncio.Future[Answer]] = {}
        self._told: dict[int, Callable[[float], None]] = {}
        self._sending = threading.Lock()
        self._gone = False
        self._connection, theirs = Pipe()
        self._child = _start(theirs, nice, asked)
        self._reader = threading.Thread(target=self._read, daemon=True, name="photos")
        self._reader.start()

    @property
    def alive(self) -> bool:
        # A dying process closes the pipe a moment before it counts as dead.
        return not self._gone and self._child.poll() is None and self._reader.is_alive()

    @property
    def pid(self) -> int:
        return self._child.pid

    async def ask(self, job: Work, seconds: float, progress: Callable[[float], None] = lambda _: None) -> Answer:
        """The answer to one job. Without one, or a word of progress, in `seconds` the process is killed.

        Raises PhotoRefused, DetectorFailed."""
        number = next(self._numbers)
        owed: asyncio.Future[Answer] = self._loop.create_future()
        self._owed[number] = owed
        try:
            async with asyncio.timeout(seconds) as limit:

                def told(share: float) -> None:
                    limit.reschedule(self._loop.time() + seconds)
                    progress(share)

                self._told[number] = told
                await asyncio.to_thread(self._send, (number, job))
                return await owed
        except TimeoutError as error:
            self._child.kill()
            raise DetectorFailed("the photo detectors took too long") from error
        except OSError as error:
            raise DetectorFailed("the photo process died") from error
        finally:
            self._owed.pop(number, None)
            self._told.pop(number, None)

    async def close(self) -> None:
        """Hang up, and wait until the process is gone."""
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(STOP_SECONDS)
        self._connection.close()

    def _send(self, asked: tuple[int, Work]) -> None:
        # A lock of threads: a wait that is given up must not leave half a job in the pipe.
        with self._sending:
            self._connection.send(asked)

    def _read(self) -> None:
        """In the thread: hand over answers until the process is gone."""
        while True:
            try:
                number, answer = self._connection.recv()
            except (EOFError, OSError):
                self._call(self._died)
                return
            self._call(self._settle, number, answer)

    def _call(self, what: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *arguments)

    def _settle(self, number: int, answer: Answer | Progress) -> None:
        owed = self._owed.get(number)
        if owed is None or owed.done():
            return
        if isinstance(answer, Progress):
            if number in self._told:
                self._told[number](answer.share)
            return
        if isinstance(answer, Exception):
            owed.set_exception(answer)
        else:
            owed.set_result(answer)

    def _died(self) -> None:
        self._gone = True
        for owed in self._owed.values():
            if not owed.done():
                owed.set_exception(DetectorFailed("the photo process died"))


def _start(theirs: Connection, nice: int, asked: Collection[str]) -> subprocess.Popen[bytes]:
    """The child, which holds the only other end of the pipe."""
    command = [sys.executable, "-m", "moderation.media_worker", str(theirs.fileno()), str(nice), *sorted(asked)]
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **THRIFT}
    with theirs:
        # A session of its own: Ctrl-C is ours to answer, and the pipe tells the child when we are gone.
        return subprocess.Popen(
            command,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
