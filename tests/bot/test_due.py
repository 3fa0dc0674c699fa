"""Time passes for everybody: what fails over one post, or in one step, keeps nothing else from being done."""

import logging

import pytest

from bot import logs
from bot.due import each


async def test_one_that_fails_holds_up_none_of_the_others_and_is_said_at_the_end() -> None:
    done: list[int] = []

    async def step(number: int) -> int:
        if number in (1, 3):
            raise KeyError("Maria Lopez")
        done.append(number)
        return number

    with pytest.raises(ExceptionGroup) as caught:
        await each([1, 2, 3, 4], step)
    assert done == [2, 4]
    assert len(caught.value.exceptions) == 2
    assert await each([2, 4], step) == [2, 4]


def test_the_log_names_the_kind_of_each_fault_and_nothing_of_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    root, before = logging.getLogger(), (logging.getLogger().handlers[:], logging.getLogger().level)
    logs.set_up(as_json=True)
    try:
        faults = [KeyError("Maria Lopez"), ExceptionGroup("both", [ValueError("AB12 CDE")])]
        try:
            raise ExceptionGroup("something that was due failed", faults)
        except ExceptionGroup:
            logging.getLogger("bot.wiring").exception("a loop failed and starts again", extra={"loop": "clock"})
    finally:
        root.handlers[:], root.level = before
    said = capsys.readouterr().err
    assert "KeyError, ValueError" in said
    assert "Maria" not in said
    assert "AB12" not in said
