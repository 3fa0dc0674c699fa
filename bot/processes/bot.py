"""The bot process: chat apps, inbox and cards. One at a time; holds the vault key, loads no models."""

from contextlib import AsyncExitStack

from aiohttp import web

from bot import cutting_off
from bot.alarm import Ringer
from bot.chat_app import ChatApp, Forgets
from bot.clock import Clock
from bot.fetching import Fetcher
from bot.intake import Intake
from bot.lessons import Lessons
from bot.lock import AlreadyRunning, only_one
from bot.media_folder import MediaFolder
from bot.render import Renderer
from bot.retention import Folders, Retention
from bot.sender import Sender
from bot.settings import SettingsWrong
from bot.wiring import Loop, Part, Program, every, take_in_roster
from shifts.database import utc_now


async def start(program: Program, stack: AsyncExitStack) -> Part:
    """Connect the chat apps and take over from whatever the last bot process left. Raises SettingsWrong."""
    settings = program.settings
    try:
        await stack.enter_async_context(only_one(program.database, settings.data))
    except AlreadyRunning:
        raise SettingsWrong("Another bot process is running on this database; stop it first.") from None
    if not program.alone:
        await take_in_roster(program)
    vault = program.vault()
    desk = program.desk(vault)
    apps = await program.chat_apps(stack)
    renderer = Renderer(program.database, vault, program.words, program.setting())
    sender = Sender(program.database, apps, renderer)
    program.wake.append(sender.nudge.set)
    intake = Intake(program.database, apps, desk, program.changed)
    forgetful = [name for name, app in apps.items() if isinstance(app, Forgets)]
    folders = Folders(covered=MediaFolder(settings.media), public=MediaFolder(settings.public_media))
    retention = Retention(program.database, vault, settings.times, forgetful, folders)
    fetcher, clock = Fetcher(program.database, apps, desk), Clock(program.database, desk, program.zone)
    lessons = Lessons(program.database, desk)
    ringer = Ringer(program.database, settings.times.alarm)
    await _serve_webhooks(program, apps, stack)
    loops: dict[str, Loop] = {f"listen {name}": _listen(intake, name) for name in apps}
    loops |= {
        "cut off": every(2.0, lambda: cutting_off.sweep(program.database, utc_now())),
        "inbox": intake.run,
        "cards": sender.run,
        "fetch": fetcher.run,
        "alarms": every(1.0, lambda: ringer.tick(utc_now())),
        "retention": every(600.0, lambda: retention.tick(utc_now())),
        "lessons": every(1.0, lambda: lessons.tick(utc_now())),
        "clock": every(1.0, lambda: clock.tick(utc_now())),
    }
    return Part(loops=loops)


def _listen(intake: Intake, name: str) -> Loop:
    async def listen() -> None:
        await intake.listen(name)

    return listen


async def _serve_webhooks(program: Program, apps: dict[str, ChatApp], stack: AsyncExitStack) -> None:
    """Chat apps that are called instead of calling get a port of their own, apart from the public website."""
    routes = [route for app in apps.values() for route in getattr(app, "routes", list)()]
    if not routes:
        return
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application, handle_signals=False, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, program.settings.web.host, program.settings.web.webhook_port).start()
