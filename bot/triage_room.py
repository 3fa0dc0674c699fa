"""The triage room: a process of its own that loads the second judge once, so that no loop waits for it."""

import asyncio
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

from bot.triage_model import Model, Shares
from moderation.detector import DetectorFailed

SECONDS: Final = 5
LOADING: Final = 60
"""Seconds that a reply may take, and the first one of a process, which waits for the model."""

_model: Model | None = None


class TriageRoom:
    """Asks the model of the other process; `folder` holds its weights."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded = False
        self._pool = self._new_pool()

    async def weigh(self, text: str) -> Shares:
        """How likely each label is. Raises DetectorFailed if the process died or hung; it is started anew."""
        pool = self._pool
        seconds = SECONDS if self._loaded else LOADING
        try:
            shares = await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(pool, _weigh, text), seconds)
        except (BrokenProcessPool, TimeoutError) as error:
            self._replace(pool)
            raise DetectorFailed("the second judge of replies did not answer") from error
        except DetectorFailed:
            raise
        except Exception:  # noqa: BLE001 - whatever failed over these words; its own text may hold some of them
            raise DetectorFailed("the second judge of replies failed over one") from None
        self._loaded = self._pool is pool
        return shares

    def close(self) -> None:
        _end(self._pool)

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        """Once, though everybody who waited for it comes here: the others would end the new one."""
        if self._pool is broken:
            _end(broken)
            self._pool, self._loaded = self._new_pool(), False

    def _new_pool(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_start, initargs=(self._folder,))


def _end(pool: ProcessPoolExecutor) -> None:
    for process in list(getattr(pool, "_processes", {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _start(folder: Path) -> None:
    global _model  # noqa: PLW0603 - the one model of this worker process
    threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    _model = Model(folder)


def _end_with_parent() -> None:
    """In a thread: a pool's process does not see by itself that whoever asks it was killed, and would stay for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _weigh(text: str) -> Shares:
    if _model is None:
        raise DetectorFailed("the second judge of replies is not loaded")
    return _model.weigh(text)
