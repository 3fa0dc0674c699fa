"""The text room: a process of its own that loads the text detectors once, so that no loop waits for them."""

import asyncio
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

from moderation.detector import DetectorFailed
from moderation.redaction import Context, Redacted, Redactor
from shifts.words import Words

SECONDS: Final = 30
LOADING: Final = 180
"""Seconds that a text may take, and the first one of a process, which waits for the models."""

_redactor: Redactor | None = None


class TextRoom:
    """Asks the redactor of the other process. `secret` keys the redaction keys, so that they hold over restarts."""

    def __init__(self, places: Path, languages: Path, secret: bytes, *, models: bool = True) -> None:
        self._load = (places, languages, secret, models)
        self._loaded = False
        self._loaded = False
        self._pool = self._new_pool()

    async def redact(self, text: str, context: Context) -> Redacted:
        """The public version of a text. Raises DetectorFailed if the process died or hung; it is started anew."""
        pool = self._pool
        seconds = SECONDS if self._loaded else LOADING
        try:
            redacted = await asyncio.wait_for(
                asyncio.get_running_loop().run_in_executor(pool, _redact, text, context), seconds
            )
            self._loaded = self._pool is pool
            return redacted
        except (BrokenProcessPool, TimeoutError) as error:
            self._replace(pool)
            raise DetectorFailed("the text detectors did not answer") from error
        except DetectorFailed:
            raise
        except Exception:  # noqa: BLE001 - whatever failed over these words; its own text may hold some of them
            raise DetectorFailed("the text detectors failed over a text") from None

    async def warm(self) -> None:
        """Load everything now, so that the first officer does not wait for it. Raises DetectorFailed."""
        await self.redact("", Context())

    def close(self) -> None:
        _end(self._pool)

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        """Once, though everybody who waited for it comes here: the others would end the new one."""
        if self._pool is broken:
            _end(broken)
            self._pool, self._loaded = self._new_pool(), False

    def _new_pool(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_start, initargs=self._load)


def _end(pool: ProcessPoolExecutor) -> None:
    for process in list(getattr(pool, "_processes", {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _start(places: Path, languages: Path, secret: bytes, models: bool) -> None:
    global _redactor  # noqa: PLW0603 - the one redactor of this worker process
    threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    _redactor = Redactor.load(places, Words.load(languages), secret, models=models)


def _end_with_parent() -> None:
    """In a thread: a pool's process does not see by itself that whoever asks it was killed, and would stay for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _redact(text: str, context: Context) -> Redacted:
    if _redactor is None:
        raise DetectorFailed("the text detectors are not loaded")
    return _redactor.redact(text, context)
