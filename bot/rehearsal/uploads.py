"""What people sent from a phone's disk: unredacted originals, sealed, kept until removed or for a day."""

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Final

from bot.chat_app import AttachmentRefused, ChatId
from bot.rehearsal.store import Store

MOST_BYTES: Final = 30 * 1000 * 1000
"""What one upload may have at most."""

KEPT: Final = timedelta(hours=24)

_PICTURES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}


class Uploads:
    """The uploads of all phones."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, chat: ChatId, content: bytes, now: datetime) -> str:
        """Keep some bytes; gives the name by which they are fetched. Raises AttachmentRefused if they are too many."""
        if len(content) > MOST_BYTES:
            raise AttachmentRefused("too big")
        ref = secrets.token_hex(16)
        sealed = await asyncio.to_thread(self._store.seal.close, content, f"upload {ref}")
        async with self._store.writing() as db:
            values = (ref, chat, len(content), now.isoformat(), sealed)
            await db.execute("INSERT INTO upload (ref, chat, size, at, sealed) VALUES (?, ?, ?, ?, ?)", values)
        return ref

    async def read(self, ref: str) -> bytes:
        """The bytes of an upload. Raises AttachmentRefused if they are no longer kept."""
        row = await self._store.row("SELECT sealed FROM upload WHERE ref = ?", (ref,))
        if row is None:
            raise AttachmentRefused("no longer kept")
        return await asyncio.to_thread(self._store.seal.open, row["sealed"], f"upload {ref}")

    async def size(self, ref: str, chat: ChatId) -> int | None:
        """How many bytes an upload of this phone has; None if it is not there."""
        row = await self._store.row("SELECT size FROM upload WHERE ref = ? AND chat = ?", (ref, chat))
        return None if row is None else int(row["size"])

    async def remove(self, ref: str, chat: ChatId) -> None:
        """Forget an upload of a phone."""
        async with self._store.writing() as db:
            await db.execute("DELETE FROM upload WHERE ref = ? AND chat = ?", (ref, chat))

    async def purge(self, now: datetime) -> int:
        """Forget what is older than a day; gives how many went."""
        async with self._store.writing() as db:
            cursor = await db.execute("DELETE FROM upload WHERE at <= ?", ((now - KEPT).isoformat(),))
        return cursor.rowcount


def shown_as(content: bytes) -> str | None:
    """The content type under which a browser may show an upload; None for what is not plainly a picture."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _PICTURES.items() if content.startswith(start)), None)
