"""The night of the killed journeys: where they begin, what people do, and how many steps lie between two marks."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, TypeVar

from moderation.vault import key_from_file
from tests.journeys.killed_program import START, Kill
from tests.journeys.killed_stage import Garage, KilledStage, garage, play_killed, until

STOPPED: Final = "Stopped a van with four bald tyres on Harbour Road, plate AB12 CDE."
PHASES: Final = {
    "receive": ("phone-send", "heard"),
    "prepare": ("received", "prepared", "ready"),
    "claim": ("phone-tap", "claimed"),
    "approve": ("approved",),
    "deliver": ("sending", "sent"),
}
"""The marks of each part of the journey; steps are counted from them."""
LAST: Final = 150
"""How many steps after its last mark the journey may still be killed."""
MARKS: Final = (START, *(mark for marks in PHASES.values() for mark in marks))

Result = TypeVar("Result")


@dataclass
class Night:
    """A night that has begun, at the points where journeys start, and how many steps lie between two marks."""

    runner: asyncio.Runner
    garage: Garage
    folder: Path
    steps: dict[str, int] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=count)

    def play(
        self, act: Callable[[KilledStage], Awaitable[Result]], begins: str, *kills: Kill, **times: float
    ) -> tuple[Result, Path]:
        """Play on a copy of the night; gives what the act gives, and the data as they are left."""
        data = self.folder / f"play-{next(self.numbers)}"

        async def played() -> Result:
            async with play_killed(self.garage, self.folder / begins, data, kills, times) as stage:
                done = await act(stage)
                for mark, step in stage.patrol.lines("killed"):
                    self.kills[f"{mark}+{step}"] += 1
                if not kills:
                    self.steps = {**dict(stage.patrol.lines("passed")), **self.steps}
                return done

        return self.runner.run(played()), data

    def keep(self, act: Callable[[KilledStage], Awaitable[None]], begins: str, name: str) -> None:
        """Play, and keep where that came to as a point to start from."""
        _, data = self.play(act, begins)
        shutil.copytree(data, self.folder / name)


async def open_shift(stage: KilledStage) -> None:
    sergeant, officer = stage.phone("sergeant-1"), stage.phone("lima-3")
    await sergeant.taps_until(
        "shift_card.button.open", lambda: sergeant.offers("shift_card.button.freeze"), "never live"
    )
    await officer.send("/on")
    await stage.settled()


async def send(stage: KilledStage) -> None:
    """An officer sends, and a sergeant could publish."""
    await stage.phone("lima-3").send(STOPPED)
    sergeant = stage.phone("sergeant-1")
    await until(lambda: sergeant.offers("card.button.publish"), lambda: "nobody could publish it")
    await stage.settled()


async def publish(stage: KilledStage) -> None:
    """A sergeant publishes, and looks until it is public on both networks."""

    async def out() -> bool:
        return await stage.public(1) == (1, 1)

    await stage.phone("sergeant-1").taps_until("card.button.publish", out, "never public")
    await stage.settled()


async def published_once(stage: KilledStage) -> None:
    """What must hold after a publish journey."""
    await stage.check(1, "lima-3", "sergeant-1", "inspector-1")
    assert await stage.public(1) == (1, 1)
    await stage.phone("lima-3").sees("card.state.released")
    for account in ("lima-3", "sergeant-1", "inspector-1"):
        assert not await stage.phone(account).offers("card.button.publish")
        assert not await stage.phone(account).offers("card.button.undo")
    assert await stage.events(1) >= Counter(received=1, approved=1, sent=2)
    assert (await stage.events(1))["approved"] == 1
    assert stage.patrol.lines("repeated") == []


def journey_killed(night: Night, phase: str, kills: Sequence[Kill]) -> int:
    """Publish once with these kills; gives how often the program died. Raises AssertionError."""
    sends = phase in {"receive", "prepare"}

    async def journey(stage: KilledStage) -> int:
        if sends:
            await send(stage)
        await publish(stage)
        await until(stage.died, lambda: f"it never died: {kills}")
        await published_once(stage)
        return stage.patrol.deaths

    return night.play(journey, "on-shift" if sends else "waiting", *kills)[0]


@contextmanager
def begin_night(database: Path, folder: Path) -> Iterator[Night]:
    """Load the program, open a shift with an officer on it, have a post wait and another night's be public.

    `database` is a SQLite file with all tables and no rows."""
    (folder / "planned").mkdir()
    shutil.copy(database, folder / "planned" / "patrol.sqlite")
    key_from_file(folder / "planned" / "vault.key")
    with asyncio.Runner() as runner:
        opened = garage()
        night = Night(runner, runner.run(opened.__aenter__()), folder)
        try:
            night.keep(open_shift, "planned", "on-shift")
            night.steps.clear()
            night.keep(send, "on-shift", "waiting")
            night.keep(publish, "waiting", "public")
            yield night
        finally:
            runner.run(opened.__aexit__(None, None, None))
