"""The public website as one aiohttp application: put together here, run by whoever calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web

from shifts.database import Database
from shifts.website.changes import Changes
from shifts.website.edition import AreaNames, Editions
from shifts.website.faults import plain_faults
from shifts.website.headers import put_on_every_response, security_headers
from shifts.website.live import Live
from shifts.website.pages import Pages
from shifts.website.pictures import Pictures
from shifts.website.static_files import StaticFiles
from shifts.website.stream import LiveStream
from shifts.website.templates import SiteFacts, Templates
from shifts.website.views import Views
from shifts.words import Words

KEEPALIVE_SECONDS: Final = 75.0
SHUTDOWN_SECONDS: Final = 5.0

CHANGES: Final = web.AppKey("changes", Changes)
"""`site[CHANGES].nudge()` after a commit in this process makes the page show it at once."""

STREAM: Final = web.AppKey("stream", LiveStream)


@dataclass(frozen=True)
class SiteSettings:
    """What a force decides about its website.

    `public_url` is its address without a slash at the end; `emergency` and `hours` are sentences by language; `proxies`
    is how many proxies of our own stand before it (their X-Forwarded-For entries are then believed, no others);
    `frame_ancestors` is who may show it in a frame, as in Content-Security-Policy."""

    name: str
    public_url: str
    time_zone: str
    emergency: Mapping[str, str]
    media_folder: Path
    frame_ancestors: str = "'none'"
    hours: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    proxies: int = 0
    readers: int = 10_000
    readers_per_address: int = 60


def make_site(site: SiteSettings, database: Database, areas: AreaNames, words: Words) -> web.Application:
    """The website. Further applications may be added to it under their own prefix before it starts."""
    files = StaticFiles()
    public_url = site.public_url.rstrip("/")
    facts = SiteFacts(site.name, public_url, site.emergency, site.hours, files.addresses, words.languages)
    editions = Editions(words, areas, ZoneInfo(site.time_zone), site.language)
    templates, pages, changes = Templates(facts), Pages(), Changes(database)
    stream = LiveStream(site.readers, site.readers_per_address)
    pictures = Pictures(site.media_folder, database, changes)
    live = Live(database, templates, editions, pages, changes, stream, site.proxies)
    views = Views(database, templates, editions, pages, changes, stream, pictures)

    application = web.Application()
    application[CHANGES], application[STREAM] = changes, stream
    application.middlewares.append(plain_faults(application, templates, editions))
    put_on_every_response(application, security_headers(public_url, site.frame_ancestors))
    application.add_routes([*views.routes(), web.get("/live", live.serve), web.get("/static/{name}", files.serve)])
    application.cleanup_ctx.append(live.running)
    application.on_cleanup.append(lambda _: pictures.finish())
    application.on_shutdown.append(_stop_streaming)
    return application


async def _stop_streaming(application: web.Application) -> None:
    application[STREAM].stop_streaming()


def site_runner(application: web.Application, shutdown_seconds: float = SHUTDOWN_SECONDS) -> web.AppRunner:
    """A runner with the settings that the website wants: a reader who leaves ends what was done for it.

    `shutdown_seconds`: how long it waits, when it ends, for answers that are under way."""
    return web.AppRunner(
        application,
        handle_signals=False,
        handler_cancellation=True,
        keepalive_timeout=KEEPALIVE_SECONDS,
        shutdown_timeout=shutdown_seconds,
        access_log=None,
    )
