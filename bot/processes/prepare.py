"""The prepare process: detectors. Holds the vault key and alone loads models, each in a process of its own."""

import asyncio
import hashlib
import hmac
import logging
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

from bot.covering import Coverer
from bot.desk import COVER, FILM, PREPARE, Desk
from bot.engine import Handler, Lane
from bot.filming import Filmer
from bot.picture_work import PictureWork
from bot.preparing import Preparer
from bot.routing import WAIT, Routing
from bot.triage import Triage
from bot.triage_room import TriageRoom
from bot.triage_second import SecondLook
from bot.wiring import Loop, Part, Program, detectors_off, every
from moderation.detector import DetectorFailed
from moderation.media import Photos
from moderation.media_video import Videos
from moderation.signs import Signs
from moderation.template import Templates
from moderation.text_room import TextRoom
from shifts.database import utc_now

FINISHED_JOBS: Final = timedelta(days=2)
"""How long they are kept: what is due is in the rows."""
_log = logging.getLogger(__name__)


async def start(program: Program, stack: AsyncExitStack) -> Part:
    """Start the detectors' processes and load them."""
    settings, vault = program.settings, program.vault()
    secret = hmac.new(settings.vault_key(), b"redaction keys", hashlib.sha256).digest()
    models, off = settings.moderation.models, detectors_off(settings)
    room = TextRoom(settings.files.places, settings.files.languages, secret, models=models, off=off)
    stack.callback(room.close)
    photos = await stack.enter_async_context(Photos(screens=settings.moderation.screens))
    videos = await stack.enter_async_context(Videos())
    desk = program.desk(vault)
    preparer = Preparer(program.database, desk, room, program.changed)
    second = await _second_look(program, stack) if settings.moderation.models else None

    async def warm() -> None:
        try:
            await asyncio.gather(room.warm(), photos.warm(), *([second.warm()] if second else []))
        except DetectorFailed:
            _log.error("detectors could not be loaded: every post is held until they can")

    async def weigh() -> int:
        """Replies of the public, which a person waits for."""
        weighed = await second.sweep(utc_now()) if second else 0
        if weighed:
            program.changed()
        return weighed

    warming: dict[str, Loop] = {"warm": warm} if settings.moderation.warm else {}
    return Part(
        loops={
            **warming,
            "prepare sweep": every(0.25, lambda: preparer.sweep(utc_now())),
            "forget": every(3600, lambda: program.engine.forget(utc_now() - FINISHED_JOBS)),
            **({"second look": every(0.2, weigh)} if second else {}),
        },
        handlers={PREPARE: preparer.words, **_pictures(program, desk, room, photos, videos)},
        lanes=[Lane.WORDS, Lane.PICTURES, Lane.VIDEOS],
    )


def _pictures(program: Program, desk: Desk, room: TextRoom, photos: Photos, videos: Videos) -> dict[str, Handler]:
    work = PictureWork(program.database, desk, program.settings.media, program.changed)
    signs = Signs.load(program.settings.files.places)
    return {COVER: Coverer(work, photos, room, signs).cover, FILM: Filmer(work, videos, room).film}


async def _second_look(program: Program, stack: AsyncExitStack) -> SecondLook:
    """The second judge of replies, in a process of its own."""
    places = program.settings.files.places
    triage = await asyncio.to_thread(Triage.load, places / "triage")
    routing = Routing(triage, Templates.load(places / "templates.toml"), WAIT)
    room = TriageRoom(places / "models")
    stack.callback(room.close)
    return SecondLook(program.database, room, routing)
