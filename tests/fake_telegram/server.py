"""A strict fake of the Bot API server, on loopback: what a bot may count on, and what goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp
from aiohttp import web

from tests.fake_telegram.methods import METHODS, Params
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.world import BOT_JSON, TOKEN, Refused, World

LONGEST_POLL = 50
HTML_PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"


Kind = Literal["status", "html", "busy", "hang", "drop", "lost", "garbage"]


@dataclass
class Fault:
    """Something that goes wrong with the next `times` calls of a method ("*": of any).

    status: an answer of Telegram's with this status; html: a proxy's page with this status; busy: 429 with `wait`;
    hang: `wait` seconds, then as usual; drop: closed before anything happened; lost: it happened, the answer did not
    arrive; garbage: 200, half a JSON body."""

    kind: Kind
    method: str = "*"
    times: int = 1
    status: int = 500
    wait: float = 1.0


class FakeTelegram:
    """One bot's server. `calls` names every call in its order; `phone` gives a person."""

    def __init__(self, record: Path | None = None, token: str = TOKEN) -> None:
        self.token = token
        self.world = World(record)
        self.calls: list[str] = []
        self.bodies: list[dict[str, str]] = []
        self.base_url = ""
        self.webhook: dict[str, str] | None = None
        self.webhook_failures = 0
        self._faults: list[Fault] = []
        self._polls = 0
        self._woken = asyncio.Event()
        self._hook_task: asyncio.Task[None] | None = None

    def phone(self, person: int) -> Phone:
        """The phone of a person who has started the bot."""
        return Phone(self.world, person, self._wake)

    def fail(self, kind: Kind, method: str = "*", *, times: int = 1, status: int = 500, wait: float = 1.0) -> None:
        """Let something go wrong; see `Fault`."""
        self._faults.append(Fault(kind, method.lower(), times, status, wait))

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def advance(self, seconds: float) -> None:
        """Let time pass: taps expire after 150 s, messages after a day."""
        self.world.passed += seconds
        self._wake()

    def restart_update_ids(self, first: int) -> None:
        """As after a week without updates: the ids start again anywhere, lower ones too."""
        self.world.restart_update_ids(first)

    def send_raw(self, kind: str, payload: dict[str, Any]) -> int:
        """An update as a test writes it (a group, a channel, something broken). Gives its id."""
        update_id = self.world.deliver(kind, payload)
        self._wake()
        return update_id

    @property
    def pending(self) -> list[int]:
        """The ids of the updates that the bot has not confirmed."""
        return [update["update_id"] for update in self.world.pending(100_000)]

    def called(self, method: str) -> int:
        return sum(call == method.lower() for call in self.calls)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/bot{token}/{method}", self._call)
        app.router.add_get("/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.*}", self._download)
        return app

    @asynccontextmanager
    async def serving(self, port: int = 0, app: web.Application | None = None) -> AsyncIterator["FakeTelegram"]:
        """Serve on loopback; `base_url` says where."""
        runner = web.AppRunner(
            app or self.application(), handler_cancellation=True, shutdown_timeout=0.2, access_log=None
        )
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            if self._hook_task:
                self._hook_task.cancel()
            await runner.cleanup()

    def _wake(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        self.calls.append(method)
        asked = await _asked(request)
        self.bodies.append({name: value for name, value in asked.items() if isinstance(value, str)})
        fault = self._fault(method)
        broken = await _broken(request, fault) if fault else None
        if broken is not None:
            return broken
        try:
            self._let_in(request.match_info["token"])
            answer = _json({"ok": True, "result": await self._result(method, asked)})
        except Refused as refused:
            answer = _refusal(refused)
        if fault is not None and fault.kind == "lost":
            return _cut(request)
        return answer

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.method in {"*", method}:
                fault.times -= 1
                return fault
        return None

    def _let_in(self, token: str) -> None:
        if ":" not in token:
            raise Refused(404, "Not Found")
        if token != self.token:
            raise Refused(401, "Unauthorized")

    async def _result(self, method: str, asked: Params) -> Any:
        if method == "getupdates":
            return await self._updates(asked)
        if method == "setwebhook":
            return self._set_webhook(asked)
        if method == "deletewebhook":
            return self._drop_webhook(asked)
        if method == "getme":
            return BOT_JSON
        if method not in METHODS:
            raise Refused(404, "Not Found: method not found")
        return METHODS[method](self.world, asked)

    async def _updates(self, asked: Params) -> list[dict[str, Any]]:
        """A newer poll ends an older one with 409, as does a webhook."""
        if self.webhook:
            use = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise Refused(409, f"Conflict: {use}")
        if "allowed_updates" in asked:
            self.world.allowed = json.loads(asked["allowed_updates"])
        self.world.confirm(int(asked.get("offset") or 0))
        self._polls += 1
        mine = self._polls
        self._wake()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(float(asked.get("timeout") or 0), LONGEST_POLL)
        while not (batch := self.world.pending(int(asked.get("limit") or 100))) and loop.time() < deadline:
            woken = self._woken
            try:
                async with asyncio.timeout_at(deadline):
                    await woken.wait()
            except TimeoutError:
                pass
            if self._polls != mine:
                only = "make sure that only one bot instance is running"
                raise Refused(409, f"Conflict: terminated by other getUpdates request; {only}")
        return batch

    def _set_webhook(self, asked: Params) -> bool:
        if "allowed_updates" in asked:
            self.world.allowed = json.loads(asked["allowed_updates"])
        self.webhook = {"url": str(asked.get("url", "")), "secret": str(asked.get("secret_token", ""))}
        self._hook_task = asyncio.get_running_loop().create_task(self._deliver_by_webhook())
        return True

    def _drop_webhook(self, asked: Params) -> bool:
        self.webhook = None
        if asked.get("drop_pending_updates") == "true":
            self.world.waiting.clear()
        return True

    async def _deliver_by_webhook(self) -> None:
        """One at a time, again until it is answered with 2xx."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:
            while self.webhook:
                woken = self._woken
                batch = self.world.pending(1)
                if not batch:
                    await woken.wait()
                    continue
                headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret"]}
                try:
                    async with session.post(self.webhook["url"], json=batch[0], headers=headers) as answer:
                        taken = answer.status // 100 == 2
                except aiohttp.ClientError:
                    taken = False
                if taken:
                    self.world.confirm(batch[0]["update_id"] + 1)
                else:
                    self.webhook_failures += 1
                    await asyncio.sleep(0.05)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self.calls.append("download")
        fault = self._fault("download")
        broken = await _broken(request, fault) if fault else None
        if broken is not None:
            return broken
        name, until = self.world.links.get(request.match_info["path"], ("", 0.0))
        if request.match_info["token"] != self.token or name not in self.world.files or self.world.now > until:
            return _refusal(Refused(404, "Not Found"))
        return web.Response(body=self.world.files[name], content_type="application/octet-stream")


async def _asked(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        told: dict[str, Any] = await request.json()
        return {n: v if isinstance(v, str) else json.dumps(v) for n, v in told.items()} | dict(request.query)
    form = await request.post()
    fields: dict[str, Any] = dict(request.query)
    for name, value in form.items():
        fields[name] = value.file.read() if isinstance(value, web.FileField) else value
    return fields


async def _broken(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    match fault.kind:
        case "status":
            return _refusal(Refused(fault.status, "Internal Server Error"))
        case "busy":
            return _refusal(Refused(429, f"Too Many Requests: retry after {fault.wait:g}", retry_after=fault.wait))
        case "html":
            return web.Response(status=fault.status, text=HTML_PAGE, content_type="text/html")
        case "garbage":
            return web.Response(text='{"ok": true, "resu', content_type="application/json")
        case "drop":
            return _cut(request)
        case "hang":
            await asyncio.sleep(fault.wait)
            return None
        case "lost":
            return None


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _refusal(refused: Refused) -> web.Response:
    told: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        told["parameters"] = refused.parameters
    return _json(told, refused.code)


def _json(told: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(text=json.dumps(told), status=status, content_type="application/json")
