"""The web process: the public timeline. Holds no vault key and reads nothing but the timeline."""

from contextlib import AsyncExitStack

from aiohttp import web

from bot.wiring import Part, Program, rehearsal_page
from shifts.website.site import CHANGES, SiteSettings, make_site, site_runner


async def start(program: Program, stack: AsyncExitStack) -> Part:
    """Serve the site, and the rehearsal's page beside it where there is one."""
    settings, force = program.settings, program.settings.force
    routes = rehearsal_page(program)
    site = SiteSettings(
        name=force.name,
        public_url=force.public_url,
        time_zone=force.time_zone,
        emergency=force.emergency,
        media_folder=settings.public_media,
        frame_ancestors="'self'" if routes else "'none'",
        language=force.language,
        proxies=settings.web.proxies,
    )
    application = make_site(site, program.database, program.areas, program.words)
    application.add_routes(routes)
    if program.platform is not None:
        application.on_shutdown.append(program.platform.end_pages)
    runner = site_runner(application)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, settings.web.host, settings.web.port, reuse_address=True).start()
    program.wake.append(application[CHANGES].nudge)
    return Part()
