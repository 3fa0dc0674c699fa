"""A strict fake of Discord's API and gateway, on loopback: what a bot may count on, and what goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fake_discord.calls import CALLS, OPEN_TO_ALL, Call
from tests.fake_discord.gateway import Gateway
from tests.fake_discord.phone import Phone
from tests.fake_discord.world import TOKEN, Json, Refused, World

Kind = Literal["status", "html", "busy", "drop", "lost"]


@dataclass
class Fault:
    """Something that goes wrong with the next `times` calls whose method and path begin like this.

    status: an empty answer with this status; html: a proxy's page; busy: 429 with `wait`; drop: closed before anything
    happened; lost: it happened, the answer did not arrive."""

    kind: Kind
    call: str
    times: int
    status: int
    wait: float


class FakeDiscord:
    """One bot's platform. `calls` names every call in its order; `phone` gives a person."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.world = World()
        self.gateway = Gateway()
        self.world.told = self.gateway.tell
        self.calls: list[str] = []
        self.base_url = ""
        self._faults: list[Fault] = []
        self._under_way = 0

    def phone(self, person: int) -> Phone:
        """The phone of a person who shares a server with the bot."""
        return Phone(self.world, person)

    def fail(self, kind: Kind, call: str = "", *, times: int = 1, status: int = 503, wait: float = 0.1) -> None:
        self._faults.append(Fault(kind, call, times, status, wait))

    def expire_links(self) -> None:
        """A day passes: links of files made before are worth nothing."""
        self.world.signature += 1

    def malformed(self) -> None:
        """The gateway brings an event of which half is missing."""
        self.gateway.tell("MESSAGE_CREATE", {"id": "1", "channel_id": "1"})

    async def settled(self) -> None:
        """Somebody is connected, and no call has been made for a moment."""
        await self.gateway.connected.wait()
        seen = -1
        while seen != len(self.calls) or self._under_way:
            seen = len(self.calls)
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeDiscord"]:
        """Serve, and lead the library here meanwhile: its addresses are set for the whole process."""
        runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.lead(f"{host}:{port}")
        before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
        lead_library(f"{host}:{port}")
        try:
            yield self
        finally:
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
            await runner.cleanup()

    def lead(self, address: str) -> None:
        self.base_url = self.world.base_url = f"http://{address}"
        self.gateway.url = f"ws://{address}/gateway"

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 << 20)
        for method, path, call in CALLS:
            application.router.add_route(method, f"/api/v10{path}", self._answering(call))
        application.router.add_get("/gateway", self.gateway.serve)
        application.router.add_get("/cdn/{path:.*}", self._file)
        return application

    def _answering(self, call: Call) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            self._under_way += 1
            try:
                return await self._answer(call, request)
            finally:
                self._under_way -= 1

        return answer

    async def _answer(self, call: Call, request: web.Request) -> web.StreamResponse:
        name = f"{request.method} {request.path.removeprefix('/api/v10')}"
        self.calls.append(name)
        fault = self._fault(name)
        if fault is not None and fault.kind != "lost":
            return await self._failing(fault, request)
        if call not in OPEN_TO_ALL and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return answered({"code": 0, "message": "401: Unauthorized"}, 401)
        try:
            told = await call(self.world, request)
        except Refused as refused:
            return answered({"code": refused.code, "message": refused.message}, refused.status)
        if fault is not None:
            return await self._failing(fault, request)
        return answered(told) if told is not None else web.Response(status=204)

    def _fault(self, name: str) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and name.startswith(fault.call):
                fault.times -= 1
                return fault
        return None

    async def _failing(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        match fault.kind:
            case "status":
                return answered({"code": 0, "message": "not now"}, fault.status)
            case "html":
                return web.Response(status=fault.status, text="<h1>Bad Gateway</h1>", content_type="text/html")
            case "busy":
                told = {"message": "You are being rate limited.", "retry_after": fault.wait, "global": False}
                return answered(told, 429, Via="1.1 google")
            case "drop" | "lost":
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()

    async def _file(self, request: web.Request) -> web.Response:
        content = self.world.files.get(request.match_info["path"])
        if content is None or request.query.get("ex") != str(self.world.signature):
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=content)


def lead_library(address: str) -> None:
    """From now on the library of this process calls the fake at this address."""
    Route.BASE = f"http://{address}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{address}/gateway")


def answered(told: Json | list[Any] | Any, status: int = 200, **headers: str) -> web.Response:
    """JSON with exactly the content type that the library reads as JSON."""
    return web.Response(body=json.dumps(told).encode(), status=status, content_type="application/json", headers=headers)
