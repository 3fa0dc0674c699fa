"""Killed at any await of the publish journey, the program loses nothing and repeats nothing that anybody can see."""

from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.journeys.killed_night import LAST, MARKS, PHASES, Night, journey_killed
from tests.journeys.killed_program import Kill

EXAMPLES: Final = 2
"""Of each phase. `python -m tests.journeys.killed_often` runs as many as one likes."""


def a_kill(night: Night, marks: tuple[str, ...]) -> st.SearchStrategy[Kill]:
    """Any await between these marks. The first that is tried lies in the middle."""

    def at(mark: str) -> st.SearchStrategy[Kill]:
        steps = night.steps.get(mark, LAST)
        return st.integers(0, steps).map(lambda step: Kill(mark, (step + steps // 2) % (steps + 1)))

    return st.sampled_from(marks).flatmap(at)


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
@settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_a_program_killed_anywhere_publishes_exactly_once(night: Night, phase: str, data: st.DataObject) -> None:
    first = data.draw(a_kill(night, PHASES[phase]), label="first kill")
    second = data.draw(st.none() | a_kill(night, MARKS[:1] + MARKS[MARKS.index(first.mark) :]), label="second kill")
    assert journey_killed(night, phase, [first, second] if second else [first]) >= 1
