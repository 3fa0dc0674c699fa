"""The composition root: from the configuration to a running program. The only module that opens adapters."""

import asyncio
import importlib
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.chat_app import AccountId, ChatApp
from bot.desk import Desk
from bot.engine import Engine, Handler, Lane
from bot.network import Limits, Network
from bot.rehearsal.page import rehearsal_routes
from bot.rehearsal.person import Person
from bot.rehearsal.platform import Platform, open_platform
from bot.settings import Settings, SettingsWrong
from bot.view import Setting
from moderation import detection, policy
from moderation.redaction import DETECTORS
from moderation.vault import Vault
from shifts import roster
from shifts.areas import Areas
from shifts.database import Database, utc_now
from shifts.roster_file import Roster, RosterWrong
from shifts.words import Words

PROCESSES: Final = ("web", "bot", "prepare", "publish")
MIGRATIONS: Final = Path(__file__).parents[1] / "config" / "migrations"
_REHEARSAL: Final = "rehearsal"
_log = logging.getLogger(__name__)

Loop = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Part:
    """What one process adds to the program: loops to keep running, and jobs to work on."""

    loops: dict[str, Loop] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    lanes: list[Lane] = field(default_factory=list)


@dataclass(slots=True)
class Program:
    """What the processes of one program share. `vault` is None where no original may be read."""

    settings: Settings
    database: Database
    engine: Engine
    words: Words
    areas: Areas
    alone: bool
    platform: Platform | None = None
    people: Sequence[Person] = ()
    wake: list[Callable[[], None]] = field(default_factory=list)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.force.time_zone)

    def vault(self) -> Vault:
        """The vault, for the processes that may read originals. Makes the key file at the first start."""
        return Vault(self.settings.vault_key(), self.settings.data / "vault")

    def desk(self, vault: Vault) -> Desk:
        settings = self.settings
        return Desk(
            engine=self.engine,
            vault=vault,
            words=self.words,
            times=settings.times,
            networks=self.limits(),
            characters=settings.moderation.characters,
            overlays=settings.moderation.overlays,
            app_bytes=self.app_bytes(),
        )

    def setting(self) -> Setting:
        """What every card shares."""
        settings = self.settings
        return Setting(
            self.zone,
            self.limits(),
            settings.media,
            self.areas,
            settings.moderation.characters,
            settings.times.undo_seconds,
            self.app_bytes(),
        )

    def app_bytes(self) -> dict[str, int]:
        """The largest file that each chat app hands out, without connecting to it."""
        return {name: int(_adapter("chat_apps", name).MOST_BYTES) for name in self.settings.chat_apps}

    def limits(self) -> dict[str, Limits]:
        """What each network takes, without connecting to it."""
        return {name: _adapter("networks", name).limits(**table) for name, table in self.settings.networks.items()}

    def changed(self) -> None:
        """Something was committed in this process: whoever waits for changes looks at once."""
        for wake in self.wake:
            wake()

    async def chat_apps(self, stack: AsyncExitStack) -> dict[str, ChatApp]:
        """Connect the chat apps of the configuration; they are closed with the stack."""
        return await self._connected(stack, "chat_apps", self.settings.chat_apps)

    async def networks(self, stack: AsyncExitStack) -> dict[str, Network]:
        """Connect the networks of the configuration; they are closed with the stack."""
        return await self._connected(stack, "networks", self.settings.networks)

    async def _connected(
        self, stack: AsyncExitStack, folder: str, tables: Mapping[str, dict[str, Any]]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, table in tables.items():
            arguments = _arguments(folder, name, table, self._resources(folder))
            found[name] = await stack.enter_async_context(_adapter(folder, name).connect(**arguments))
        return found

    def _resources(self, folder: str) -> dict[str, Any]:
        """What an adapter may ask for by the name of a parameter, besides its own table in the configuration."""
        resources = {
            "database": self.database,
            "media": self.settings.media,
            "public_media": self.settings.public_media,
            "public_url": self.settings.force.public_url,
            "state": self.settings.data / folder,
            "words": self.words,
        }
        return resources if self.platform is None else {**resources, "platform": self.platform}


@asynccontextmanager
async def open_program(settings: Settings, alone: bool) -> AsyncIterator[Program]:
    """Open what the processes share. `alone`: everything runs in this one process. Raises SettingsWrong."""
    check_overlays(settings)
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        engine = Engine(database)
        stack.push_async_callback(engine.close)
        words, areas = Words.load(settings.files.languages), Areas.load(settings.files.places)
        program = Program(settings, database, engine, words, areas, alone)
        if alone:
            await take_in_roster(program)
        if _REHEARSAL in (*settings.chat_apps, *settings.networks):
            await _open_rehearsal(program, stack)
        yield program


async def take_in_roster(program: Program) -> None:
    """Import the roster file. One process does it, or two first imports would stand in each other's way."""
    path = program.settings.files.roster
    try:
        entries = Roster.load(path)
    except RosterWrong as wrong:
        raise SettingsWrong(" ".join(wrong.sentences(program.words, program.settings.force.language))) from None
    except OSError:
        raise SettingsWrong(f"The roster {path.name} cannot be read; say in [files] where it lies.") from None
    async with program.database.transaction() as session:
        await roster.import_roster(session, entries, utc_now())


async def _open_rehearsal(program: Program, stack: AsyncExitStack) -> None:
    """The rehearsal lives in the all-in-one process only; everybody of the roster is linked to a phone of their own."""
    if not program.alone:
        raise SettingsWrong("The rehearsal runs in one process only: use `tweetpatrol run` without a process name.")
    path = program.settings.data / "rehearsal.sqlite"
    program.platform = await stack.enter_async_context(open_platform(path, program.settings.vault_key()))
    now = utc_now()
    async with program.database.transaction() as session:
        everybody = [person for person in await roster.everybody(session) if person.active]
        for person in everybody:
            if not any(a.app == _REHEARSAL for a in await roster.accounts(session, person.id)):
                await roster.link(session, person.id, _REHEARSAL, person.id, person.id, now)
    program.people = [
        Person(AccountId(p.id), f"{p.call_sign} · {p.name}" if p.name else p.call_sign, tuple(p.roles), p.language)
        for p in everybody
    ]


def rehearsal_page(program: Program) -> list[Any]:
    """The routes of /rehearsal: only where the rehearsal's platform is open."""
    if program.platform is None:
        return []
    return list(rehearsal_routes(program.platform, program.people, program.words))


async def run(program: Program, names: Sequence[str], stop: asyncio.Event, executor: str) -> None:
    """Run processes in this loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        parts = [await importlib.import_module(f"bot.processes.{name}").start(program, stack) for name in names]
        handlers = {name: handler for part in parts for name, handler in part.handlers.items()}
        lanes = [lane for part in parts for lane in part.lanes]
        if lanes:
            await stack.enter_async_context(program.engine.working(handlers, lanes, executor))
        if program.alone:
            _log.warning("all in one process: the website and the publisher share memory with the vault key")
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(_supervised(name, loop)) for p in parts for name, loop in p.loops.items()]
            await stop.wait()
            for task in loops:
                task.cancel()


async def _supervised(name: str, loop: Loop) -> None:
    """Keep one loop running: an error ends neither it nor the others, and is said with its kind alone."""
    pause = 0.5
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await loop()
            return
        except Exception:  # noqa: BLE001 - supervision: one loop's fault, whatever it is, must not end the others
            _log.exception("a loop failed and starts again", extra={"loop": name})
        lasted = asyncio.get_running_loop().time() - started
        pause = 0.5 if lasted > 60 else min(30.0, pause * 2)
        await asyncio.sleep(pause)


def every(seconds: float, step: Callable[[], Awaitable[Any]]) -> Loop:
    """A loop that takes a step, and another as soon as the first found something to do, else after `seconds`."""

    async def loop() -> None:
        while True:
            if not await step():
                await asyncio.sleep(seconds)

    return loop


def check_adapters(settings: Settings) -> list[str]:
    """What is wrong with the tables of chat apps and networks, as plain sentences; nothing is connected."""
    wrong: list[str] = []
    stand_ins = dict.fromkeys(("database", "media", "public_media", "public_url", "state", "words", "platform"))
    for folder, tables in (("chat_apps", settings.chat_apps), ("networks", settings.networks)):
        for name, table in tables.items():
            try:
                _arguments(folder, name, table, stand_ins)
            except SettingsWrong as error:
                wrong.append(str(error))
    return wrong


def heard(settings: Settings) -> list[str]:
    """The networks on which the public may answer us: all but pages of our own. The adapters have been checked."""
    limits = {name: _adapter("networks", name).limits(**table) for name, table in settings.networks.items()}
    return [name for name, one in limits.items() if not one.own]


def detectors_off(settings: Settings) -> frozenset[str]:
    """The detectors of texts that the configuration turns off. Raises SettingsWrong for one that is not there."""
    strange = set(settings.moderation.detectors) - detection.names(settings.files.places / DETECTORS)
    if strange:
        named = ", ".join(sorted(strange))
        raise SettingsWrong(f"[moderation.detectors] in patrol.toml: there is no detector called {named}.")
    return settings.moderation.off


def check_overlays(settings: Settings) -> None:
    """Whether each jurisdiction of the configuration has rules. Raises SettingsWrong."""
    folder = settings.files.places / DETECTORS.parent
    if strange := policy.unknown_overlays(folder, settings.moderation.overlays):
        named, known = ", ".join(strange), ", ".join(policy.overlays_in(folder))
        raise SettingsWrong(f"[moderation] in patrol.toml: there is no overlay called {named}; there are {known}.")


def _adapter(folder: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(f"bot.{folder}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"bot.{folder}.{name}":
            raise
        raise SettingsWrong(f"There is no {folder[:-1].replace('_', ' ')} called {name}; see docs/adding.md.") from None


def _arguments(folder: str, name: str, table: Mapping[str, Any], resources: Mapping[str, Any]) -> dict[str, Any]:
    """What `connect` is called with: its table, and the resources that it asks for. Raises SettingsWrong."""
    signature = inspect.signature(_adapter(folder, name).connect)
    offered = {key: value for key, value in resources.items() if key in signature.parameters}
    if clash := set(table) & set(resources):
        raise SettingsWrong(f"[{folder}.{name}] may not set {', '.join(sorted(clash))}; the program does.")
    try:
        signature.bind(**table, **offered)
    except TypeError as error:
        raise SettingsWrong(f"[{folder}.{name}] in patrol.toml: {error}.") from None
    return {**table, **offered}


def lease(settings: Settings) -> timedelta:
    """How long a publisher is believed to be alive without a word."""
    return timedelta(seconds=settings.times.lease_seconds)
