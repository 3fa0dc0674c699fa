"""A proxy on loopback before a real server or a mock of one: it loses, delays and breaks what it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
from aiohttp import web

HTML_PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"}

Kind = Literal["lost", "after", "html", "json", "busy", "drop", "half", "slow", "moved", "says", "endless", "heads"]


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a method under a path.

    lost: it happened, the answer did not arrive; after: it happened, the answer is a page with `status`; html, json: a
    page or an error with `status`, nothing happened; busy: 429, with the headers given; drop: closed before anything
    happened; moved: 301, with the headers given; half: it happened, half of the answer arrived; slow: it happened, a
    byte of the answer each `wait`; says: `body` as JSON with `status`, nothing happened; endless: such a body without
    an end; heads: it happened, and the answer has these headers as well."""

    kind: Kind
    method: str = "*"
    path: str = "/"
    times: int = 1
    status: int = 502
    wait: float = 0.2
    headers: dict[str, str] | None = None
    body: bytes = b""


class FaultProxy:
    """`calls` are "METHOD path" in their order; `hidden` headers never reach the server.

    `retold`: by the beginning of "METHOD path", what is made of the JSON that the server answers."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._faults: list[Fault] = []
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self.port = 0
        self.calls: list[str] = []
        self.hidden: set[str] = set()
        self.retold: dict[str, Callable[[Any], Any]] = {}

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, fault: Fault) -> None:
        self._faults.append(fault)

    def heal(self) -> None:
        self._faults.clear()

    def called(self, method: str, path: str) -> int:
        return sum(call == f"{method} {path}" for call in self.calls)

    async def open(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._client = aiohttp.ClientSession(auto_decompress=True)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Refuse connections from now on; `open` listens on the same port again."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._client is not None:
            await self._client.close()
        self._runner = self._client = None

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        fault = self._fault(request)
        if fault is not None:
            early = await _endless(request) if fault.kind == "endless" else _before(request, fault)
            if early is not None:
                return early
        answer, body = await self._forward(request)
        return await _after(request, fault, answer, body)

    def _fault(self, request: web.Request) -> Fault | None:
        for fault in self._faults:
            fits = fault.method in {"*", request.method} and request.path.startswith(fault.path)
            if fits and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _forward(self, request: web.Request) -> tuple[web.Response, bytes]:
        assert self._client is not None
        hidden = HOP | self.hidden
        headers = {name: value for name, value in request.headers.items() if name.lower() not in hidden}
        url = self._target + request.raw_path
        sent = await request.read()
        async with self._client.request(request.method, url, data=sent, headers=headers) as answer:
            body = await answer.read()
            for call, tell in self.retold.items():
                if f"{request.method} {request.path}".startswith(call):
                    body = json.dumps(tell(json.loads(body))).encode()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            return web.Response(status=answer.status, body=body, headers=kept), body


def _before(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    match fault.kind:
        case "html":
            return web.Response(status=fault.status, text=HTML_PAGE, content_type="text/html")
        case "json":
            return web.json_response({"error": "made to fail"}, status=fault.status)
        case "busy":
            return web.json_response({"error": "Too many requests"}, status=429, headers=fault.headers)
        case "moved":
            return web.Response(status=301, headers=fault.headers)
        case "drop":
            return _cut(request)
        case "says":
            return web.Response(
                status=fault.status, body=fault.body, content_type="application/json", headers=fault.headers
            )
        case "lost" | "after" | "half" | "slow" | "endless" | "heads":
            return None


async def _after(request: web.Request, fault: Fault | None, answer: web.Response, body: bytes) -> web.StreamResponse:
    match fault.kind if fault else None:
        case "lost":
            return _cut(request)
        case "after":
            return web.Response(status=fault.status if fault else 500, text=HTML_PAGE, content_type="text/html")
        case "half":
            half = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
            await half.prepare(request)
            await half.write(body[: len(body) // 2])
            return _cut(request)
        case "heads":
            answer.headers.update((fault.headers if fault else None) or {})
            return answer
        case "slow":
            return await _dripped(request, body, fault.wait if fault else 0.0)
        case _:
            return answer


async def _endless(request: web.Request) -> web.StreamResponse:
    """As much as anybody reads, and then more; a reader who waits for the end never comes back."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    while True:
        await answer.write(b"1," * 32_768)


async def _dripped(request: web.Request, body: bytes, wait: float) -> web.StreamResponse:
    slow = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
    await slow.prepare(request)
    for byte in body:
        await slow.write(bytes([byte]))
        await asyncio.sleep(wait)
    return slow


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


@asynccontextmanager
async def fault_proxy(target: str) -> AsyncIterator[FaultProxy]:
    """A proxy that listens, before the server at this address."""
    proxy = FaultProxy(target)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
