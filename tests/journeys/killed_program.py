"""The whole program in a process that kills itself at a chosen step: `python -m tests.journeys.killed_program`.

It loads everything once and then forks one program for each line of JSON that it reads, so that a start costs little.
Steps are the callbacks of the event loop, so every await is one at least. They are counted from a mark: something that
the program does on the journey, as the audit calls it. A program that was to die before the next mark and did not get
so far dies there."""

import asyncio
import faulthandler
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextvars import Context
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVarTuple, Unpack

Args = TypeVarTuple("Args")
START: Final = "start"
WHERE_ARE_YOU: Final = (signal.SIGUSR1, signal.SIGUSR2)
"""Ask the program to write into its log where each of its threads is, and each task of its loop."""
INSERTS: Final = {"INSERT INTO inbox_item": "heard", "INSERT INTO reply": "answered"}
"""The marks of what the audit does not tell: the first row of a table."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Where to die: so many steps after the first time that something happens."""

    mark: str
    step: int


@dataclass(frozen=True, slots=True)
class Start:
    """What to start: on which data, at which port; `report` is the file that tells what happened, `times` are
    settings that the journey needs otherwise."""

    data: str
    port: int
    report: str
    times: dict[str, float]
    kill: Kill | None = None

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: str) -> "Start":
        told = json.loads(line)
        return cls(**{**told, "kill": Kill(**told["kill"]) if told["kill"] else None})


class Steps:
    """Counts steps from mark to mark, tells each mark in the report, and kills this process where it has to."""

    def __init__(self, kill: Kill | None, report: Path) -> None:
        self._kill = kill
        self._report = report.open("a", encoding="ascii", buffering=1)
        self._armed = False
        self._last = START
        self._count = 0
        self._seen: set[str] = set()

    def mark(self, name: str) -> None:
        """Something happens. Only the first time counts."""
        if name in self._seen:
            return
        self._seen.add(name)
        self._report.write(f"passed {self._last} {self._count}\n")
        self._die_if(self._armed)
        self._last, self._count = name, 0
        self._armed = self._kill is not None and self._kill.mark == name
        self._die_if(self._armed and self._kill is not None and self._kill.step == 0)

    def step(self) -> None:
        """The loop is about to run another callback."""
        self._count += 1
        self._die_if(self._armed and self._kill is not None and self._count >= self._kill.step)

    def tell(self, word: str, what: str) -> None:
        """Something that the report should hold."""
        self._report.write(f"{word} {what} {self._count}\n")

    def _die_if(self, now: bool) -> None:
        if now:
            self._report.write(f"killed {self._last} {self._count}\n")
            os.kill(os.getpid(), signal.SIGKILL)


class CountedLoop(asyncio.SelectorEventLoop):
    """An event loop that counts what it runs."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def call_soon(
        self, callback: Callable[[Unpack[Args]], object], *args: *Args, context: Context | None = None
    ) -> asyncio.Handle:
        return super().call_soon(self._counted, callback, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Args]], object], *args: *Args, context: Context | None = None
    ) -> asyncio.Handle:
        return super().call_soon_threadsafe(self._counted, callback, *args, context=context)

    def _counted(self, callback: Callable[..., object], *args: object) -> None:
        self._steps.step()
        callback(*args)


def hook(steps: Steps) -> None:
    """Hear what the program does from the outside: its audit, its inbox, and what its phones send."""
    from sqlalchemy import Engine, event

    from bot.rehearsal.phones import Phones
    from bot.rehearsal.public import Public
    from moderation.audit import AuditEntry

    def recorded(_mapper: object, _connection: object, entry: AuditEntry) -> None:
        steps.mark(entry.event.replace(" ", "-"))

    def executed(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        mark = INSERTS.get(" ".join(statement.split(maxsplit=3)[:3]))
        if mark is not None and threading.current_thread() is threading.main_thread():
            steps.mark(mark)

    def marked(name: str) -> None:
        before = getattr(Phones, name)

        async def done(self: Phones, *args: Any) -> Any:
            steps.mark(f"phone-{name}")
            return await before(self, *args)

        setattr(Phones, name, done)

    add = Public.add

    async def added(self: Public, release: Any, key: str, *args: Any) -> Any:
        post, new = await add(self, release, key, *args)
        if not new:
            steps.tell("repeated", key)
        return post, new

    setattr(Public, "add", added)  # noqa: B010  it stays as it was typed
    event.listen(AuditEntry, "before_insert", recorded)
    event.listen(Engine, "before_cursor_execute", executed)
    for name in ("send", "edit", "tap"):
        marked(name)


async def play(start: Start, steps: Steps) -> None:
    """Run the program until it is told to stop, as `tweetpatrol demo` does."""
    from bot import wiring
    from bot.cli import stop_on_signals
    from bot.demo import plan_a_shift

    stop = asyncio.Event()
    stop_on_signals(stop)
    asyncio.get_running_loop().add_signal_handler(WHERE_ARE_YOU[1], tell_tasks)
    async with wiring.open_program(_settings(start), alone=True) as program:
        await plan_a_shift(program)
        await wiring.run(program, wiring.PROCESSES, stop, "killed")


def tell_tasks() -> None:
    """Where each task stands."""
    for task in asyncio.all_tasks():
        task.print_stack(limit=4)


def _settings(start: Start) -> Any:
    """The rehearsal, in a hurry: whoever waits for a dead process waits seconds and not a minute."""
    from datetime import timedelta

    from bot import filming, preparing, publishing
    from bot.processes import publish
    from tests.journeys.stage import stage_settings

    setattr(preparing, "PICTURE_LEASE", timedelta(seconds=8))  # noqa: B010  it stays as it was typed
    setattr(filming, "LEASE", timedelta(seconds=8))  # noqa: B010  likewise
    hurried = partial(publishing.Pace, call=timedelta(seconds=2), unended=timedelta(seconds=10))
    setattr(publish, "Pace", hurried)  # noqa: B010  likewise
    loaded = stage_settings(
        f"sqlite+aiosqlite:///{start.data}/patrol.sqlite", Path(start.data), **{"lease_seconds": 2.5, **start.times}
    )
    return loaded.model_copy(update={"web": loaded.web.model_copy(update={"port": start.port})})


def run(start: Start) -> None:
    """In the fork: play until killed or stopped."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    report = Path(start.report)
    with report.with_suffix(".log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    faulthandler.register(WHERE_ARE_YOU[0])
    steps = Steps(start.kill, report)
    hook(steps)
    with asyncio.Runner(loop_factory=lambda: CountedLoop(steps)) as runner:
        if start.kill is not None and start.kill.mark == START:
            steps.mark(START)
        runner.run(play(start, steps))


def main() -> None:
    """Fork a program for every line; say its pid, and how it ended."""
    import importlib

    for name in ("bot.cli", "bot.demo", "tests.journeys.stage", *(f"bot.processes.{n}" for n in _processes())):
        importlib.import_module(name)
    print("loaded", flush=True)  # noqa: T201  whoever started us reads it
    signal.signal(signal.SIGCHLD, _say_who_ended)
    for line in sys.stdin:
        start = Start.read(line)
        pid = os.fork()
        if pid == 0:
            try:
                run(start)
            except BaseException:  # noqa: BLE001  whatever it is, it must not go on as a second parent
                traceback.print_exc()
                os._exit(3)
            os._exit(0)
        os.write(1, f"started {pid}\n".encode())


def _processes() -> tuple[str, ...]:
    from bot.wiring import PROCESSES

    return PROCESSES


def _say_who_ended(_number: int, _frame: object) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        os.write(1, f"ended {pid} {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
