"""A page without a browser: it speaks to the rehearsal as the real page does, for tests."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse
from yarl import URL

SECONDS = 30.0
Form = dict[str, Any]


class PageClient:
    """One open page with one phone on it; `items` is what stands on it."""

    def __init__(self, session: ClientSession, socket: ClientWebSocketResponse, base: URL, chat: str) -> None:
        self.session = session
        self.socket = socket
        self.base = base
        self.chat = chat
        self.items: dict[str, Form] = {}
        self.notes: list[str] = []
        self.public: Form = {}

    async def ask(self, deed: str, **fields: object) -> Form:
        """Ask for something; gives the program's word that it is done, or refused."""
        nonce = str(fields.setdefault("nonce", secrets.token_hex(8)))
        await self.socket.send_json({"do": deed, "chat": self.chat, **fields})
        return await self.until(lambda event: event.get("nonce") == nonce)

    async def send(self, text: str, files: Sequence[Form] = (), answers: str | None = None) -> Form:
        """Send a message; gives it as it then stands on the phone."""
        nonce = secrets.token_hex(8)
        await self.ask("send", text=text, files=list(files), answers=answers, nonce=nonce)
        return next(item for item in self.items.values() if item.get("nonce") == nonce)

    async def upload(self, content: bytes, headers: Mapping[str, str] | None = None) -> ClientResponse:
        """Upload bytes as the page does."""
        url = (self.base / "rehearsal/upload").with_query(chat=self.chat)
        return await self.session.post(url, data=content, headers=headers or {"Origin": str(self.base.origin())})

    async def photo(self, content: bytes, kind: str = "photo") -> Form:
        """Upload a picture; gives what a message says of it."""
        response = await self.upload(content)
        return {"kind": kind, "ref": (await response.json())["ref"], "name": "night.jpg"}

    async def cards(self) -> list[Form]:
        """The cards on the phone, from top to bottom."""
        await self.catch_up()
        items = sorted(self.items.values(), key=lambda item: int(item["place"]))
        return [item for item in items if item["kind"] == "card"]

    async def catch_up(self) -> None:
        """Hear everything that was said up to now."""
        await self.socket.send_json({"do": "ping"})
        await self.until(lambda event: event["is"] == "pong")

    async def until(self, wanted: Callable[[Form], bool]) -> Form:
        """Hear what the program tells until something wanted comes."""
        while True:
            event: Form = await self.socket.receive_json(timeout=SECONDS)
            self._hear(event)
            if wanted(event):
                return event

    async def when(self, true: Callable[[], bool]) -> None:
        """Hear what the program tells until something is true; it may be so already."""
        while not true():
            self._hear(await self.socket.receive_json(timeout=SECONDS))

    def _hear(self, event: Form) -> None:
        if event["is"] == "history":
            self.items = {item["id"]: item for item in event["items"]}
        elif event["is"] == "item":
            self.items[event["item"]["id"]] = event["item"]
        elif event["is"] == "gone":
            self.items.pop(event["id"], None)
        elif event["is"] == "tapped" and event["sentence"]:
            self.notes.append(event["sentence"])
        elif event["is"] == "public":
            self.public = event


@asynccontextmanager
async def open_page(base: URL, chat: str) -> AsyncIterator[PageClient]:
    """Open a page with one phone on it."""
    origin = str(base.origin())
    async with ClientSession() as session, session.ws_connect(base / "rehearsal/live", origin=origin) as socket:
        page = PageClient(session, socket, base, chat)
        await page.until(lambda event: event["is"] == "hello")
        await socket.send_json({"do": "watch", "chats": [chat]})
        await page.until(lambda event: event["is"] == "public")
        yield page
