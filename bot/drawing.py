"""Drawings: a covered picture with numbered boxes or a grid over it, made when a card's page shows it."""

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bot import fix_page
from bot.fix_page import FixPage
from moderation.finding import Box, BoxKind
from moderation.media import grid, numbered
from moderation.post import PostPicture

KEPT: Final = timedelta(hours=2)


class Drawings:
    """Draws in a thread (Pillow lets the loop run meanwhile) and keeps what it drew for two hours."""

    def __init__(self, media: Path) -> None:
        self._media = media
        self._folder = media / "drawn"

    async def of(self, page: str, pictures: Sequence[PostPicture], now: datetime) -> Path | None:
        """The drawing of a page of *Fix picture*; None for every other page."""
        wanted = fix_page.read(page)
        picture = next((p for p in pictures if wanted and wanted.picture in (p.id, None) and p.sha256), None)
        if wanted is None or picture is None or (wanted.picture is None and len(pictures) > 1):
            return None
        boxes = [Box(**{**box, "kind": BoxKind(box["kind"])}) for box in [*picture.boxes, *pending(picture)]]
        return await asyncio.to_thread(self._drawn, wanted, picture.sha256 or "", boxes, now)

    def _drawn(self, page: FixPage, sha256: str, boxes: list[Box], now: datetime) -> Path | None:
        told = json.dumps([page.what, page.cell, [(b.kind, b.x1, b.y1, b.x2, b.y2) for b in boxes]])
        path = self._folder / f"{sha256[:32]}-{hashlib.sha256(told.encode()).hexdigest()[:16]}.jpg"
        if path.exists():
            return path
        self._forget(now)
        try:
            covered = (self._media / f"{sha256}.jpg").read_bytes()
        except FileNotFoundError:
            return None
        drawing = grid(covered, page.cell) if page.what == fix_page.ADD else numbered(covered, boxes)
        draft = path.with_suffix(f".{os.getpid()}.part")
        draft.write_bytes(drawing)
        draft.replace(path)
        return path

    def _forget(self, now: datetime) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            if old.stat().st_mtime < (now - KEPT).timestamp():
                old.unlink(missing_ok=True)


def pending(picture: PostPicture) -> list[dict[str, object]]:
    """Boxes that somebody added and that the covered picture does not hold yet."""
    covered = sum(box["kind"] == BoxKind.ADDED.value for box in picture.boxes)
    return picture.added[covered:]
