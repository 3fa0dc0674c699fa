"""Many more kills than a test has time for: `python -m tests.journeys.killed_often --times 200`."""

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path

from tests.ground import add_engine_tables, create_tables
from tests.journeys.killed_night import LAST, MARKS, PHASES, Night, begin_night, journey_killed
from tests.journeys.killed_program import START, Kill


def a_kill(night: Night, chance: random.Random, marks: tuple[str, ...]) -> Kill:
    mark = chance.choice(marks)
    return Kill(mark, chance.randint(0, night.steps.get(mark, LAST)))


def kill_often(night: Night, chance: random.Random, times: int) -> Counter[str]:
    """Play so often; gives how many journeys failed of which phase."""
    failed: Counter[str] = Counter()
    for number in range(times):
        phase = chance.choice(list(PHASES))
        first = a_kill(night, chance, PHASES[phase])
        second = a_kill(night, chance, (START, *MARKS[MARKS.index(first.mark) :]))
        try:
            journey_killed(night, phase, [first, second][: chance.randint(1, 2)])
        except AssertionError as error:
            failed[phase] += 1
            print(f"FAILED {number} {first} {second}: {error}")  # noqa: T201  its figures are its output
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.killed_often", description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=214)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "empty.sqlite"
        create_tables(f"sqlite:///{database}")
        add_engine_tables(f"sqlite+aiosqlite:///{database}")
        with begin_night(database, Path(folder)) as night:
            failed = kill_often(night, random.Random(asked.seed), asked.times)
    marks = Counter(kill.partition("+")[0] for kill in night.kills.elements())
    print(f"{sum(marks.values())} kills in {asked.times} journeys: {dict(marks)}; failed: {dict(failed)}")  # noqa: T201  its figures are its output
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
