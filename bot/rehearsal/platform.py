"""The rehearsal's platform: one for the program, shared by its chat app, its network and its page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot.chat_app import ChatId
from bot.rehearsal.item import Item
from bot.rehearsal.phones import Phones
from bot.rehearsal.public import Public
from bot.rehearsal.seal import Seal
from bot.rehearsal.store import open_store
from bot.rehearsal.uploads import Uploads
from shifts.database import utc_now

_BACKLOG: Final = 2000


class Page:
    """One open page. `chats` are the phones on it; what happens to them lies in `events` until it is sent."""

    def __init__(self) -> None:
        self.chats: set[ChatId] = set()
        self.events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_BACKLOG)

    def tell(self, event: dict[str, Any] | None) -> None:
        """Put an event into the backlog. A page that does not read is told to come again (None), and resyncs then."""
        while self.events.full():
            self.events.get_nowait()
            event = None
        self.events.put_nowait(event)


class Platform:
    """Phones, uploads and the public of the rehearsal, and the pages that look at them."""

    def __init__(self, phones: Phones, uploads: Uploads, public: Public, clock: Callable[[], datetime]) -> None:
        self.phones = phones
        self.uploads = uploads
        self.public = public
        self.now = clock
        self.closed = False
        self.arrived = asyncio.Event()
        self._pages: set[Page] = set()

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A page is open."""
        page = Page()
        self._pages.add(page)
        try:
            yield page
        finally:
            self._pages.discard(page)

    def tell_item(self, item: Item | None) -> None:
        """An item is new or changed: every page with that phone shows it."""
        if item is not None:
            self._tell(item.chat, {"is": "item", "chat": item.chat, "item": item})

    def tell_gone(self, chat: ChatId, item: str) -> None:
        """An item was taken away."""
        self._tell(chat, {"is": "gone", "chat": chat, "id": item})

    def tell_tapped(self, chat: ChatId, card: str, token: str, sentence: str | None) -> None:
        """A tap was answered, with a passing note or without."""
        self._tell(chat, {"is": "tapped", "chat": chat, "card": card, "token": token, "sentence": sentence})

    def tell_public(self) -> None:
        """Something about the networks changed."""
        for page in self._pages:
            page.tell({"is": "public"})

    def close(self) -> None:
        """End `incoming()` and every page."""
        self.closed = True
        self.arrived.set()
        self._send_away()

    async def end_pages(self, _application: object = None) -> None:
        """For `on_shutdown` of the web application, which would wait for the pages that stay."""
        self._send_away()

    def _send_away(self) -> None:
        """Every page comes back by itself."""
        for page in self._pages:
            page.tell(None)

    def _tell(self, chat: ChatId, event: dict[str, Any]) -> None:
        for page in self._pages:
            if chat in page.chats:
                page.tell(event)


@asynccontextmanager
async def open_platform(path: Path, key: bytes, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Platform]:
    """Open the rehearsal's store (`key`: 32 bytes) and purge what is too old. Raises WrongKey."""
    async with open_store(path, Seal(key)) as store:
        platform = Platform(Phones(store), Uploads(store), Public(store), clock)
        await platform.uploads.purge(clock())
        try:
            yield platform
        finally:
            platform.close()
