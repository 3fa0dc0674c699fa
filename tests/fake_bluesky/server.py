"""A strict fake of a personal data server and its view of the network, on loopback: our calls, and faults."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from tests.fake_bluesky.refused import Refused
from tests.fake_bluesky.world import Account, World

HTML_PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"

Kind = Literal["lost", "after", "html", "error", "busy", "drop", "half", "slow", "hang"]


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a method ("*": of any).

    lost: it happened, the answer did not arrive; after: it happened, the answer is a page with `status`; html: a page
    with `status`; error: `status` and an error of the protocol; busy: 429, free again after `wait` seconds (below
    0: it does not say); drop: closed before anything happened; half: it happened, half of the answer; slow: it
    happened, a byte of the answer each `wait`; hang: `wait` seconds, then as usual."""

    kind: Kind
    method: str = "*"
    times: int = 1
    status: int = 502
    error: str = "InvalidRequest"
    wait: float = 1.0


class FakeBluesky:
    """One server for everybody. `calls` names every call in its order."""

    def __init__(self) -> None:
        self.world = World()
        self.calls: list[str] = []
        self.base_url = ""
        self._port = 0
        self._faults: list[Fault] = []
        self._runner: web.AppRunner | None = None

    def fail(self, fault: Fault) -> None:
        self._faults.append(fault)

    def heal(self) -> None:
        self._faults.clear()

    def called(self, method: str) -> int:
        return self.calls.count(method)

    async def open(self) -> None:
        """Listen, the second time on the same port."""
        app = web.Application(client_max_size=2_000_000)
        app.router.add_route("*", "/xrpc/{method}", self._call)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = int(self._runner.addresses[0][1])
        self.base_url = self.world.home = f"http://127.0.0.1:{self._port}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.calls.append(method)
        fault = self._fault(method)
        early = await _before(request, fault) if fault else None
        if early is not None:
            return early
        try:
            answer = web.json_response(await self._result(request, method))
        except Refused as refused:
            answer = web.json_response({"error": refused.error, "message": refused.message}, status=refused.status)
        return await _after(request, fault, answer)

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.method in {"*", method}:
                fault.times -= 1
                return fault
        return None

    async def _result(self, request: web.Request, method: str) -> dict[str, Any]:
        queries = {"com.atproto.repo.getRecord", "app.bsky.feed.getPosts", "app.bsky.notification.listNotifications"}
        if request.method != ("GET" if method in queries else "POST"):
            raise Refused(405, "InvalidRequest", "Incorrect HTTP method")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if method == "com.atproto.server.createSession":
            body = await request.json()
            return self.world.sign_in(body["identifier"], body["password"])
        if method == "com.atproto.server.refreshSession":
            return self.world.renew(token)
        if not token:
            raise Refused(401, "AuthMissing", "Authentication Required")
        account = self.world.who(token)
        return self._query(request, method, account) if method in queries else await self._act(request, method, account)

    def _query(self, request: web.Request, method: str, account: Account) -> dict[str, Any]:
        asked = request.query
        if method == "com.atproto.repo.getRecord":
            found = self.world.get(asked["repo"], asked["rkey"], asked["collection"])
            return {"uri": found.uri, "cid": found.cid, "value": found.value}
        if method == "app.bsky.feed.getPosts":
            return {"posts": [post for uri in asked.getall("uris") if (post := self._shown(uri))]}
        limit = int(asked.get("limit", "50"))
        if not 1 <= limit <= 100:
            raise Refused(400, "InvalidRequest", "limit must be between 1 and 100")
        return self.world.told(account, limit, asked.get("cursor"))

    def _shown(self, uri: str) -> dict[str, Any] | None:
        try:
            found = self.world.at(uri)
        except Refused:
            return None
        return {"uri": found.uri, "cid": found.cid, "record": found.value}

    async def _act(self, request: web.Request, method: str, account: Account) -> dict[str, Any]:
        if method == "com.atproto.repo.uploadBlob":
            return {"blob": self.world.keep_blob(await request.read(), request.content_type)}
        body = await request.json()
        if method == "com.atproto.repo.putRecord":
            swap = {"swap": body["swapRecord"]} if "swapRecord" in body else {}
            return self.world.put(account, body["repo"], body["collection"], body["rkey"], body["record"], **swap)
        if method == "com.atproto.repo.deleteRecord":
            self.world.delete(account, body["repo"], body["rkey"])
            return {}
        raise Refused(501, "MethodNotImplemented", "Method Not Implemented")


async def _before(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    match fault.kind:
        case "html":
            return web.Response(status=fault.status, text=HTML_PAGE, content_type="text/html")
        case "error":
            return web.json_response({"error": fault.error, "message": "made to fail"}, status=fault.status)
        case "busy":
            headers = {"RateLimit-Limit": "100", "RateLimit-Reset": str(int(time.time() + fault.wait))}
            told = headers if fault.wait >= 0 else None
            return web.json_response({"error": "RateLimitExceeded"}, status=429, headers=told)
        case "drop":
            return _cut(request)
        case "hang":
            await asyncio.sleep(fault.wait)
            return None
        case "lost" | "after" | "half" | "slow":
            return None


async def _after(request: web.Request, fault: Fault | None, answer: web.Response) -> web.StreamResponse:
    match fault.kind if fault else None:
        case "lost":
            return _cut(request)
        case "after":
            return web.Response(status=fault.status if fault else 500, text=HTML_PAGE, content_type="text/html")
        case "half" | "slow":
            return await _piecemeal(request, answer, fault.wait if fault and fault.kind == "slow" else None)
        case _:
            return answer


async def _piecemeal(request: web.Request, answer: web.Response, wait: float | None) -> web.StreamResponse:
    """A byte each `wait`, or half of it and nothing more."""
    whole = (answer.text or "").encode()
    headers = {"Content-Length": str(len(whole)), "Content-Type": "application/json"}
    sent = web.StreamResponse(headers=headers)
    await sent.prepare(request)
    if wait is None:
        await sent.write(whole[: len(whole) // 2])
        return _cut(request)
    for byte in whole:
        await sent.write(bytes([byte]))
        await asyncio.sleep(wait)
    return sent


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


@asynccontextmanager
async def fake_bluesky() -> AsyncIterator[FakeBluesky]:
    """A server that listens, with an account "Patrol" on it."""
    fake = FakeBluesky()
    fake.world.person("Patrol")
    await fake.open()
    try:
        yield fake
    finally:
        await fake.close()
