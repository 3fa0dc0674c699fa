"""Phones over HTTP, for a fake Telegram that runs as a process of its own: the server's side and the client's."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from tests.fake_telegram.server import FakeTelegram

ACTIONS = frozenset(
    "send_text reply send_photo send_document send_voice send_video send_video_note send_sticker send_location "
    "send_venue send_contact send_poll edit tap delete block".split()
)
"""What a phone can do from outside. Bytes travel as {"base64": "..."}."""


def routes(fake: FakeTelegram) -> list[web.RouteDef]:
    """POST /control/phone/ID/ACTION (JSON arguments), /control/fail, /control/advance; GET /control[/phone/ID]."""

    async def act(request: web.Request) -> web.Response:
        action = request.match_info["action"]
        if action not in ACTIONS:
            raise web.HTTPNotFound
        phone = fake.phone(int(request.match_info["person"]))
        asked = {name: _decoded(value) for name, value in (await request.json()).items()}
        try:
            return web.json_response({"result": await getattr(phone, action)(**asked)})
        except (LookupError, ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=409)

    async def look(request: web.Request) -> web.Response:
        phone = fake.phone(int(request.match_info["person"]))
        screen = [message.looks() for message in phone.screen()]
        return web.json_response({"screen": screen, "notes": phone.notes})

    async def state(_request: web.Request) -> web.Response:
        return web.json_response(
            {"pending": fake.pending, "confirmed": len(fake.world.confirmed), "polls": fake.called("getUpdates")}
        )

    return [
        web.post("/control/phone/{person:\\d+}/{action}", act),
        web.get("/control/phone/{person:\\d+}", look),
        web.get("/control", state),
        web.post("/control/fail", _call(fake.fail)),
        web.post("/control/advance", _call(fake.advance)),
    ]


def _call(call: Callable[..., None]) -> Callable[[web.Request], Any]:
    async def asked(request: web.Request) -> web.Response:
        call(**await request.json())
        return web.json_response({})

    return asked


def _decoded(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


class RemotePhone:
    """A phone of a fake Telegram in another process: `await phone.act("send_text", text="...")`."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, person: int) -> None:
        self._session = session
        self._url = f"{base_url}/control/phone/{person}"

    async def act(self, action: str, **asked: Any) -> Any:
        """Do what `Phone` does under this name. Raises LookupError for what it refuses."""
        told = {name: _encoded(value) for name, value in asked.items()}
        async with self._session.post(f"{self._url}/{action}", json=told) as answer:
            result = await answer.json()
        if "error" in result:
            raise LookupError(result["error"])
        return result["result"]

    async def screen(self) -> list[dict[str, Any]]:
        """The chat from top to bottom, as `Shown.looks` tells it."""
        async with self._session.get(self._url) as answer:
            told: dict[str, Any] = await answer.json()
        screen: list[dict[str, Any]] = told["screen"]
        return screen

    async def notes(self) -> list[str]:
        async with self._session.get(self._url) as answer:
            told: dict[str, Any] = await answer.json()
        notes: list[str] = told["notes"]
        return notes

    async def wait_for(self, words: str, seconds: float = 30.0) -> dict[str, Any]:
        """The newest card with these words, as soon as it is there. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                screen = await self.screen()
                found = [message for message in screen if message["from_bot"] and words in message["text"]]
                if found:
                    return found[-1]
                await asyncio.sleep(0.05)


def _encoded(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
