"""A strict fake of X's API v2 on loopback: what a client may count on, and what goes wrong."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from tests.fake_x.calls import CALLS, Call
from tests.fake_x.signature import Secrets
from tests.fake_x.world import Refused, World

HTML_PAGE = "<html><body><h1>Something is technically wrong.</h1></body></html>"

Kind = Literal["status", "html", "empty", "busy", "drop", "hang", "lost", "half", "slow", "garbage"]


@dataclass
class Fault:
    """Something that goes wrong with the next `times` calls of a name ("*": of any; see `CALLS`).

    Before anything happens: status (a problem with `detail`), html and empty (a page or nothing, with `status`), busy
    (429; `wait` seconds in its reset header, none if negative), drop (closed). After it happened: lost (closed without
    an answer), half (closed amid the answer), slow (the body takes `wait` seconds), garbage (no JSON). hang: `wait`
    seconds, then as usual."""

    kind: Kind
    call: str = "*"
    times: int = 1
    status: int = 503
    wait: float = -1.0
    detail: str = "Something went wrong."


class FakeX:
    """One account's API. `calls` names every call in its order."""

    def __init__(self) -> None:
        self.secrets = Secrets()
        me = self.secrets.access_token.partition("-")[0]
        self.world = World(me, {me: "PortAlbaPolice"})
        self.calls: list[str] = []
        self.revoked = False
        self.suspended = False
        self.base_url = ""
        self._faults: list[Fault] = []
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    def fail(
        self,
        kind: Kind,
        call: str = "*",
        *,
        times: int = 1,
        status: int = 503,
        wait: float = -1.0,
        detail: str = "Something went wrong.",
    ) -> None:
        """Let something go wrong; see `Fault`."""
        self._faults.append(Fault(kind, call, times, status, wait, detail))

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def texts(self) -> list[str]:
        """Our posts as the public sees them, oldest first."""
        return [post.text for post in reversed(self.world.own())]

    def say(self, name: str, text: str, answers: str | None = None) -> str:
        """A citizen posts; gives the id."""
        author = next((number for number, known in self.world.names.items() if known == name), None)
        if author is None:
            author = str(770090100 + len(self.world.names))
            self.world.names[author] = name
        return self.world.post(author, text, [], answers).id

    def called(self, call: str) -> int:
        return self.calls.count(call)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=16 << 20)
        for call in CALLS:
            app.router.add_route(call.method, call.path, self._answering(call))
        return app

    @asynccontextmanager
    async def serving(self, port: int = 0, app: web.Application | None = None) -> AsyncIterator["FakeX"]:
        """Serve on loopback; `base_url` says where."""
        self._runner = web.AppRunner(
            app or self.application(), handler_cancellation=True, shutdown_timeout=0.2, access_log=None
        )
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", port)
        await self._site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await self._runner.cleanup()

    async def go_away(self, away: bool) -> None:
        """Nobody listens at the address, or somebody does again."""
        assert self._runner is not None
        if away and self._site is not None:
            await self._site.stop()
            self._site = None
        elif not away and self._site is None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", int(self.base_url.rpartition(":")[2]))
            await self._site.start()

    def _answering(self, call: Call) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.calls.append(call.name)
            fault = self._fault(call.name)
            broken = await _before(request, fault) if fault else None
            if broken is not None:
                return broken
            try:
                told = await self._told(call, request)
            except Refused as refused:
                return _json(refused.problem, refused.status)
            return await _after(request, told, call.status, fault)

        return answer

    async def _told(self, call: Call, request: web.Request) -> dict[str, Any]:
        if self.revoked or not self.secrets.signed(request):
            raise Refused(401, "Unauthorized")
        if self.suspended:
            raise Refused(403, "Your account is suspended and is not permitted to access this feature.")
        await call.check(request, self.world.me)
        return await call.do(self.world, request)

    def _fault(self, call: str) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.call in {"*", call}:
                fault.times -= 1
                return fault
        return None


async def _before(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    match fault.kind:
        case "status":
            problem = {"detail": fault.detail, "type": "about:blank", "title": "Problem", "status": fault.status}
            return _json(problem, fault.status)
        case "html":
            return web.Response(status=fault.status, text=HTML_PAGE, content_type="text/html")
        case "empty":
            return web.Response(status=fault.status)
        case "busy":
            return _busy(fault.wait)
        case "drop":
            return _cut(request)
        case "hang":
            await asyncio.sleep(fault.wait)
            return None
        case "lost" | "half" | "slow" | "garbage":
            return None


async def _after(request: web.Request, told: dict[str, Any], status: int, fault: Fault | None) -> web.StreamResponse:
    match fault.kind if fault else None:
        case "lost":
            return _cut(request)
        case "half":
            return await _dribble(request, told, status, None)
        case "slow":
            return await _dribble(request, told, status, fault.wait if fault else 0.0)
        case "garbage":
            return web.Response(status=status, text='{"data": {"id', content_type="application/json")
        case _:
            return _json(told, status)


async def _dribble(request: web.Request, told: dict[str, Any], status: int, wait: float | None) -> web.StreamResponse:
    """Half of the body, then after `wait` seconds the other half, or never."""
    body = json.dumps(told).encode()
    response = web.StreamResponse(status=status)
    response.content_type, response.content_length = "application/json", len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if wait is None:
        _cut(request)
    else:
        await asyncio.sleep(wait)
        await response.write(body[len(body) // 2 :])
    return response


def _busy(wait: float) -> web.Response:
    response = _json({"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank"}, 429)
    if wait >= 0:
        response.headers["x-rate-limit-limit"] = "100"
        response.headers["x-rate-limit-remaining"] = "0"
        response.headers["x-rate-limit-reset"] = str(int(time.time() + wait))
    return response


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _json(told: dict[str, Any], status: int = 200) -> web.Response:
    kind = "application/json" if status < 300 else "application/problem+json"
    return web.Response(text=json.dumps(told), status=status, content_type=kind)
