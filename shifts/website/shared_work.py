"""Work that many readers may wait for: done once, and never broken off because one of them leaves."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class SharedWork(Generic[Result]):
    """A read that is cancelled half-way costs its database connection, so none is."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Result]] = {}

    async def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """The result of `work`; who asks for the same key meanwhile waits for the same."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait for what is still being done."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)
