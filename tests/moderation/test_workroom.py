import asyncio
import os
import threading
from collections.abc import AsyncIterator

import pytest

from moderation.detector import DetectorFailed
from moderation.workroom import Patience, Workroom


class Tool:
    """What is loaded in the other process."""

    def process(self) -> int:
        return os.getpid()

    def hang(self) -> None:
        threading.Event().wait()

    def die(self) -> None:
        os._exit(1)

    def fail(self, words: str) -> None:
        raise ValueError(words)

    def refuse(self) -> None:
        raise DetectorFailed("a detector is not there")


def never() -> Tool:
    raise OSError("no such file")


@pytest.fixture
async def room() -> AsyncIterator[Workroom[Tool]]:
    room = Workroom("the reader", Tool, Patience(seconds=1, loading=60))
    yield room
    room.close()


async def test_one_other_process_answers_everybody(room: Workroom[Tool]) -> None:
    first, second = await asyncio.gather(room.ask(Tool.process), room.ask(Tool.process))
    assert first == second != os.getpid()


async def test_who_hangs_or_dies_is_replaced_once_for_all_who_wait(room: Workroom[Tool]) -> None:
    before = await room.ask(Tool.process)
    asked = await asyncio.gather(room.ask(Tool.hang), room.ask(Tool.hang), return_exceptions=True)
    assert [str(failed) for failed in asked] == ["the reader did not answer"] * 2
    after = await room.ask(Tool.process)
    assert after != before
    with pytest.raises(DetectorFailed, match="the reader did not answer"):
        await room.ask(Tool.die)
    assert await room.ask(Tool.process) not in {before, after}


async def test_an_error_says_nothing_of_the_words_that_it_arose_from(room: Workroom[Tool]) -> None:
    with pytest.raises(DetectorFailed, match="the reader failed over a text") as failed:
        await room.ask(Tool.fail, "a private word")
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__
    with pytest.raises(DetectorFailed, match="a detector is not there"):
        await room.ask(Tool.refuse)


async def test_what_cannot_be_loaded_never_answers() -> None:
    room = Workroom("the reader", never, Patience(seconds=1, loading=60))
    with pytest.raises(DetectorFailed, match="the reader did not answer"):
        await room.ask(Tool.process)
    room.close()
