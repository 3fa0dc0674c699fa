"""What is due: a step for each, and one that fails holds up none of the others."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def each(items: Iterable[Item], step: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """Take a step for each item. One that fails holds up none of the others: all is said at the end.

    Raises ExceptionGroup."""
    done: list[Result] = []
    failed: list[Exception] = []
    for item in items:
        try:
            done.append(await step(item))
        except Exception as error:  # noqa: BLE001 - whatever failed over one, the others are due as well
            failed.append(error)
    if failed:
        raise ExceptionGroup("something that was due failed", failed)
    return done
