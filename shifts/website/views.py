"""The pages by their addresses."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.database import Database
from shifts.timeline import Entry
from shifts.website import feeds, reading
from shifts.website.changes import Changes
from shifts.website.edition import Edition, Editions
from shifts.website.pages import FOREVER, NEVER, Page, Pages, answer, page
from shifts.website.pictures import Pictures
from shifts.website.reading import Listing, NotThere
from shifts.website.stream import LiveStream
from shifts.website.templates import Templates

HTML: Final = "text/html; charset=utf-8"
MEDIA: Final = {"jpg": "image/jpeg", "mp4": "video/mp4"}
MAX_NUMBER: Final = 2**31 - 1

Read = Callable[[AsyncSession], Awaitable[Listing]]


@dataclass(frozen=True)
class Place:
    """A page that lists posts. `scope` and `scope_id` tell the script which new posts belong on it."""

    path: str
    scope: str
    title: str
    heading: str
    scope_id: str = ""
    post: Entry | None = None
    withdrawn: bool = False


@dataclass(frozen=True)
class Views:
    """Answers for every page but the live stream."""

    database: Database
    templates: Templates
    editions: Editions
    pages: Pages
    changes: Changes
    stream: LiveStream
    pictures: Pictures

    def routes(self) -> list[web.RouteDef]:
        """Every address and who answers for it."""
        return [
            web.get("/", self.now),
            web.get("/shift/{id:[0-9]{1,9}}", self.shift),
            web.get("/area/{id}", self.area),
            web.get("/p/{number:[0-9]{1,9}}", self.post),
            web.get("/about", self.about),
            web.get("/feed.atom", self.atom),
            web.get("/feed.json", self.json_feed),
            web.get("/media/{name}.{suffix:jpg|mp4}", self.media),
            web.get("/robots.txt", self.robots),
            web.get("/healthz", self.health),
        ]

    async def now(self, request: web.Request) -> web.Response:
        before, edition = self._asked(request)

        async def render() -> Page:
            listing = await self._read(lambda session: reading.now(session, before))
            headline = edition.raw("headline")
            return self._listing(listing, edition, Place("/", "now", headline, headline), before)

        return await self._answer(request, ("/", before, edition), render)

    async def shift(self, request: web.Request) -> web.Response:
        shift_id = int(request.match_info["id"])
        before, edition = self._asked(request)
        path = f"/shift/{shift_id}"

        async def render() -> Page:
            listing = await self._read(lambda session: reading.of_shift(session, shift_id, before))
            name = listing.shift.name if listing.shift else ""
            return self._listing(listing, edition, Place(path, "shift", name, name, str(shift_id)), before)

        return await self._answer(request, (path, before, edition), render)

    async def area(self, request: web.Request) -> web.Response:
        area = request.match_info["id"]
        before, edition = self._asked(request)
        name = edition.area(area)
        if not name:
            raise NotThere
        path = f"/area/{area}"

        async def render() -> Page:
            listing = await self._read(lambda session: reading.of_area(session, area, before))
            title = edition.raw("area_title").format(area=name)
            return self._listing(listing, edition, Place(path, "area", title, name, area), before)

        return await self._answer(request, (path, before, edition), render)

    async def post(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        edition = self._asked(request)[1]
        path = f"/p/{number}"

        async def render() -> Page:
            listing = await self._read(lambda session: reading.of_post(session, number))
            heading = edition.raw("post_title").format(number=number)
            root = listing.threads[0].post
            shown = _in_thread(listing, number)
            place = Place(path, "thread", heading, heading, str(root.id), shown, shown.withdrawn_at is not None)
            return self._listing(listing, edition, place)

        return await self._answer(request, (path, edition), render)

    async def about(self, request: web.Request) -> web.Response:
        edition = self._asked(request)[1]

        async def render() -> Page:
            hours = self.templates.site.hours.get(edition.language, "")
            return page(self.templates.page("about.html", edition, "/about", hours=hours), HTML)

        return await self._answer(request, ("/about", edition), render)

    async def atom(self, request: web.Request) -> web.Response:
        edition = self._asked(request)[1]

        async def render() -> Page:
            async with self.database.reading() as session:
                text = feeds.atom(await reading.newest(session), self.templates.site, edition)
            return page(text, "application/atom+xml; charset=utf-8", Access_Control_Allow_Origin="*")

        return await self._answer(request, ("/feed.atom", edition), render)

    async def json_feed(self, request: web.Request) -> web.Response:
        edition = self._asked(request)[1]

        async def render() -> Page:
            async with self.database.reading() as session:
                text = feeds.json_feed(await reading.newest(session), self.templates.site, edition)
            return page(text, "application/feed+json; charset=utf-8", Access_Control_Allow_Origin="*")

        return await self._answer(request, ("/feed.json", edition), render)

    async def media(self, request: web.Request) -> web.StreamResponse:
        """A published picture or video; its name is its content, so it may be kept for good."""
        suffix = request.match_info["suffix"]
        path = await self.pictures.path(request.match_info["name"], suffix)
        if path is None:
            raise NotThere
        headers = {
            hdrs.CACHE_CONTROL: FOREVER,
            hdrs.CONTENT_TYPE: MEDIA[suffix],
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return web.FileResponse(path, headers=headers)

    async def robots(self, _request: web.Request) -> web.Response:
        return web.Response(
            text="User-agent: *\nDisallow: /live\nDisallow: /healthz\n",
            headers={"Cache-Control": "public, max-age=3600"},
        )

    async def health(self, _request: web.Request) -> web.Response:
        """200 while the database answers, else 503; with counts, for those who watch."""
        status = 200 if self.changes.healthy else 503
        body = {"healthy": self.changes.healthy, "change": self.changes.latest, "readers": len(self.stream)}
        return web.json_response(body, status=status, headers={hdrs.CACHE_CONTROL: NEVER})

    def _asked(self, request: web.Request) -> tuple[int | None, Edition]:
        before = request.query.get("before", "")
        number = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
        return number, self.editions.wanted(request.query, request.headers)

    async def _answer(self, request: web.Request, key: Hashable, render: Callable[[], Awaitable[Page]]) -> web.Response:
        return answer(request, await self.pages.get(key, render))

    async def _read(self, read: Read) -> Listing:
        async with self.database.reading() as session:
            return await read(session)

    def _listing(self, listing: Listing, edition: Edition, place: Place, before: int | None = None) -> Page:
        path = place.path if before is None else f"{place.path}?before={before}"
        fields = {
            "place": place,
            "scope": place.scope if before is None else "older",
            "listing": listing,
            "board": listing.board,
            "areas": _areas(listing, edition),
        }
        return page(self.templates.page("listing.html", edition, path, **fields), HTML)


def _in_thread(listing: Listing, number: int) -> Entry:
    """The post of a thread that was asked for."""
    posts = (post for thread in listing.threads for post in (thread.post, *thread.answers))
    return next((post for post in posts if post.number == number), listing.threads[0].post)


def _areas(listing: Listing, edition: Edition) -> Sequence[str]:
    """The areas that occur on this page, by their names."""
    found = {thread.post.area for thread in listing.threads if thread.post.area and edition.area(thread.post.area)}
    return sorted(found, key=edition.area)
