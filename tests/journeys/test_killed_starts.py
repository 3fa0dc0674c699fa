"""The ground of the killed journeys: which program is whose."""

import asyncio
import signal
from types import SimpleNamespace
from typing import Any, cast

from tests.journeys.killed_program import Start
from tests.journeys.killed_stage import Garage

START = Start("data", 0, "report", {})


async def test_a_start_that_nobody_waits_for_any_more_is_ended_and_taken_for_no_later_one() -> None:
    told, asked = asyncio.StreamReader(), list[bytes]()
    process: Any = SimpleNamespace(stdout=told, stdin=SimpleNamespace(write=asked.append))
    garage = Garage(cast(asyncio.subprocess.Process, process))
    listening = asyncio.create_task(garage.listen())
    forgotten = await asyncio.create_subprocess_exec("sleep", "600")
    first = asyncio.create_task(garage.start(START))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    told.feed_data(f"started {forgotten.pid}\n".encode())
    await asyncio.wait([first])
    assert first.cancelled()
    assert await forgotten.wait() == -signal.SIGKILL
    told.feed_data(b"started 77\n")
    assert await garage.start(START) == 77
    assert len(asked) == 2
    told.feed_eof()
    await listening
