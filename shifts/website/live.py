"""The address of the live stream, and the task that feeds it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog
from aiohttp import HttpVersion11, web
from sqlalchemy.exc import SQLAlchemyError

from shifts.database import Database
from shifts.website import events
from shifts.website.changes import AGAIN_SECONDS, Changes, changes_between
from shifts.website.edition import Edition, Editions
from shifts.website.pages import NEVER, Pages
from shifts.website.shared_work import SharedWork
from shifts.website.stream import LiveStream, NoRoom, Reader, frame
from shifts.website.templates import Templates

MOST_AT_ONCE: Final = 100
"""More changes than this are not told one by one: the reader loads the page again."""

HEARTBEAT_SECONDS: Final = 15.0
STOP_SECONDS: Final = 3.0
RETRY_MILLISECONDS: Final = (1000, 4000)
FULL_RETRY_SECONDS: Final = 30

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Live:
    """Serves /live, and while the site runs turns changes into events."""

    database: Database
    templates: Templates
    editions: Editions
    pages: Pages
    changes: Changes
    stream: LiveStream
    proxies: int
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: SharedWork[bytes] = field(default_factory=SharedWork[bytes])
    _missed: dict[tuple[int, int, Edition], bytes] = field(default_factory=dict)

    async def running(self, _application: web.Application) -> AsyncIterator[None]:
        """For `cleanup_ctx`: feed the stream while the application runs."""
        tasks = [asyncio.create_task(self._feed()), asyncio.create_task(self._beat())]
        yield
        # Asked to stop first: to cancel a read half-way costs its database connection.
        self.changes.stop()
        await asyncio.wait(tasks[:1], timeout=STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self.pages.finish(), self._reading.finish(), return_exceptions=True)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Everything since Last-Event-ID (or ?after=), then everything as it happens."""
        edition = self.editions.wanted(request.query, request.headers)
        try:
            with self.stream.seat(address_of(request, self.proxies)):
                return await self._serve(request, edition)
        except NoRoom:
            headers = {"Retry-After": str(FULL_RETRY_SECONDS), "Cache-Control": NEVER}
            return web.Response(status=503, headers=headers)

    async def _serve(self, request: web.Request, edition: Edition) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": NEVER, "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        # Spread, so that after a restart not everybody comes back in one second.
        await response.write(b"retry: %d\n\n" % random.randint(*RETRY_MILLISECONDS))
        if request.transport is None or request.method == "HEAD":
            return response
        await self._ready.wait()
        reader = Reader(request.transport, request.version >= HttpVersion11, edition)
        position = last_seen(request)
        # No await lies between the last comparison and following: no change can slip through.
        while position is not None and position < self.stream.position:
            missed_until = self.stream.position
            reader.write(frame(await self._since(position, missed_until, edition)))
            position = missed_until
        await self.stream.follow(reader)
        return response

    async def _since(self, after: int, until: int, edition: Edition) -> bytes:
        """The events that a reader missed; the same bytes for all who missed the same."""
        key = (after, until, edition)
        if key not in self._missed:
            return await self._reading.do(key, lambda: self._read_since(after, until, edition))
        return self._missed[key]

    async def _read_since(self, after: int, until: int, edition: Edition) -> bytes:
        async with self.database.reading() as session:
            changes = await changes_between(session, after, until, MOST_AT_ONCE + 1)
            told = await events.read(session, changes[:MOST_AT_ONCE])
        if len(changes) > MOST_AT_ONCE:
            missed = events.start_again(until)
        else:
            missed = b"".join(events.encode(one, edition, self.templates) for one in told)
        if len(self._missed) < MOST_AT_ONCE:
            self._missed[after, until, edition] = missed
        return missed

    async def _feed(self) -> None:
        """Tell every reader of every change, until the site stops; what could not be read is told once it can."""
        try:
            followed = False
            while not followed:
                followed = await self._follow()
        finally:
            # If this ends by a mistake of ours, /healthz must not call the site well.
            self.changes.stop()

    async def _follow(self) -> bool:
        """Tell of changes as they come. True: the site stops; False: the database went away meanwhile."""
        try:
            async for latest in self.changes.watch():
                self.pages.drop()
                await self._tell(latest)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("website.feed_interrupted", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
            return False
        return True

    async def _tell(self, latest: int) -> None:
        if not self._ready.is_set():
            # Readers wait for this: only now is it known what they have missed.
            self.stream.position = latest
            self._ready.set()
            return
        async with self.database.reading() as session:
            changes = await changes_between(session, self.stream.position, latest, MOST_AT_ONCE + 1)
            told = await events.read(session, changes[:MOST_AT_ONCE])
        self._missed.clear()
        if len(changes) > MOST_AT_ONCE:
            await self.stream.send(latest, lambda _: events.start_again(latest))
            return
        for one in told:
            await self.stream.send(one.change.id or latest, partial(events.encode, one, templates=self.templates))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self.stream.beat()


def last_seen(request: web.Request) -> int | None:
    """The change up to which this reader knows everything; None: it wants only what comes."""
    told = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 18 else None


def address_of(request: web.Request, proxies: int) -> str:
    """Who reads: the address, of IPv6 the network (/64), as the outermost proxy of our own saw it."""
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    told = seen[-proxies] if 0 < proxies <= len(seen) else request.remote or ""
    with suppress(ValueError):
        address = ip_address(told)
        if isinstance(address, IPv6Address):
            return str(IPv6Address(int(address) >> 64 << 64))
        return str(address)
    return "unknown"
