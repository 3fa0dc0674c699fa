"""A workroom: a process of its own that loads its models once, so that no loop waits for them."""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Concatenate, Generic, ParamSpec, TypeVar

from moderation.detector import DetectorFailed

Tool = TypeVar("Tool")
Answer = TypeVar("Answer")
Asked = ParamSpec("Asked")

_tool: object = None


@dataclass(frozen=True)
class Patience:
    """Seconds that a question may take, and the first one of a process, which waits for the models."""

    seconds: float
    loading: float


class Workroom(Generic[Tool]):
    """Asks what `load` makes, once, in the other process; `load`, what is asked and the answers cross over pickled."""

    def __init__(self, name: str, load: Callable[[], Tool], patience: Patience) -> None:
        """`name` says in an error who did not answer; it is no place for anybody's words."""
        self._name = name
        self._load = load
        self._patience = patience
        self._loaded = False
        self._pool = self._new_pool()

    async def ask(
        self, work: Callable[Concatenate[Tool, Asked], Answer], *asked: Asked.args, **named: Asked.kwargs
    ) -> Answer:
        """What `work` (a method of the tool) says. Raises DetectorFailed if the process died or hung; it is started
        anew."""
        pool = self._pool
        seconds = self._patience.seconds if self._loaded else self._patience.loading
        try:
            async with asyncio.timeout(seconds):
                answer = await asyncio.get_running_loop().run_in_executor(pool, _work, work, asked, named)
        except (BrokenProcessPool, TimeoutError) as error:
            self._replace(pool)
            raise DetectorFailed(f"{self._name} did not answer") from error
        except DetectorFailed:
            raise
        except Exception:  # noqa: BLE001 - whatever failed over these words; its own text may hold some of them
            raise DetectorFailed(f"{self._name} failed over a text") from None
        self._loaded = self._pool is pool
        return answer

    def close(self) -> None:
        _end(self._pool)

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        """Once, though everybody who waited for it comes here: the others would end the new one."""
        if self._pool is broken:
            _end(broken)
            self._pool, self._loaded = self._new_pool(), False

    def _new_pool(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_start, initargs=(self._load,))


def _end(pool: ProcessPoolExecutor) -> None:
    for process in list(getattr(pool, "_processes", {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _start(load: Callable[[], Tool]) -> None:
    global _tool  # noqa: PLW0603 - the one tool of this worker process
    threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    _tool = load()


def _end_with_parent() -> None:
    """In a thread: a pool's process does not see by itself that whoever asks it was killed, and would stay for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _work(work: Callable[..., Answer], asked: tuple[object, ...], named: dict[str, object]) -> Answer:
    # A process whose `load` failed is gone: nothing is ever asked without the tool.
    return work(_tool, *asked, **named)
