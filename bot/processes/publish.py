"""The publish process: deliveries and replies. Holds no vault key and loads no models."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from bot.desk import DELIVER
from bot.engine import Lane
from bot.fixed_publishing import FixedPublisher
from bot.following import EVERY, Follower
from bot.hearing import Ears
from bot.hiding import Hider
from bot.publishing import Pace, Publisher
from bot.reopening import Reopener
from bot.routing import WAIT, Routing
from bot.triage import Triage
from bot.watch import Away, Watch, on_watch, watching
from bot.wiring import Loop, Part, Program, detectors_off, every, lease
from moderation.redaction import Redactor
from moderation.scan import Scan
from moderation.template import Templates
from shifts.database import utc_now


async def start(program: Program, stack: AsyncExitStack) -> Part:
    """Connect the networks and go on with every delivery that is due."""
    settings = program.settings
    networks = await program.networks(stack)
    off = detectors_off(settings)
    redactor = await asyncio.to_thread(Redactor.load, settings.files.places, program.words, models=False, off=off)
    scan = Scan(redactor, settings.media)
    pace = Pace(luck=random.random)
    publisher = Publisher(program.database, program.engine, networks, scan, lease(settings), program.changed, pace=pace)
    templates = Templates.load(settings.files.places / "templates.toml")
    scan.check_fixed(templates)
    triage = await asyncio.to_thread(Triage.load, settings.files.places / "triage")
    routing = Routing(triage, templates, WAIT if settings.moderation.models else None)
    ears = Ears(program.database, networks, routing, program.changed)
    fixed = FixedPublisher(program.database, networks, templates, scan, program.changed)
    loops: dict[str, Loop] = {"delivery sweep": every(0.2, lambda: publisher.sweep(utc_now()))}
    loops["replies overdue"] = every(1.0, lambda: ears.overdue(utc_now()))
    reopener = Reopener(program.database, program.changed)
    loops["replies open again"] = every(2.0, lambda: reopener.tick(utc_now()))
    hider = Hider(program.database, networks, program.changed)
    follower = Follower(program.database, networks, routing, program.changed)
    watch = await stack.enter_async_context(watching(program.database, settings.data))
    loops |= {f"hide replies {name}": _hide(hider, watch, name) for name in hider.names}
    loops |= {f"follow replies {name}": _follow(follower, watch, name) for name in follower.names}
    loops |= {f"fixed texts {name}": every(0.2, _say(fixed, name)) for name in networks}
    loops |= {f"replies {name}": _hear(ears, watch, name, settings.times.reply_poll_seconds) for name in networks}
    return Part(loops=loops, handlers={DELIVER: publisher.deliver}, lanes=[Lane.DELIVERIES])


def _say(fixed: FixedPublisher, name: str) -> Callable[[], Awaitable[int]]:
    """Each network for itself: a call for help on one is answered although another hangs."""
    return lambda: fixed.sweep(utc_now(), name)


def _hear(ears: Ears, watch: Watch, name: str, seconds: float) -> Loop:
    async def step() -> float:
        asked = await ears.listen(name)
        if asked:
            raise Away(max(seconds, asked))
        return seconds if asked is None else 0.0

    return lambda: on_watch(watch, name, step)


def _follow(follower: Follower, watch: Watch, name: str) -> Loop:
    async def step() -> float:
        await follower.tick(utc_now(), name)
        return EVERY

    return lambda: on_watch(watch, name, step)


def _hide(hider: Hider, watch: Watch, name: str) -> Loop:
    async def step() -> float:
        return 0.0 if await hider.sweep(utc_now(), name) else 0.5

    return lambda: on_watch(watch, name, step)
