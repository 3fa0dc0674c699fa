"""Which pictures and videos may be shown: those of posts that stand, whatever still lies in the folder."""

import re
from pathlib import Path
from typing import Final

from shifts.database import Database
from shifts.timeline import picture_is_public
from shifts.website.changes import Changes
from shifts.website.shared_work import SharedWork

MAX_KNOWN: Final = 4096

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Pictures:
    """The public media folder. What is known of a picture is forgotten when the timeline changes."""

    def __init__(self, folder: Path, database: Database, changes: Changes) -> None:
        self._folder = folder
        self._database = database
        self._changes = changes
        self._asking = SharedWork[bool]()
        self._known: dict[str, bool] = {}
        self._known_at = -1

    async def path(self, sha256: str, suffix: str = "jpg") -> Path | None:
        """The file of a public picture, or of a video ("mp4"); None for any other."""
        path = self._folder / f"{sha256}.{suffix}"
        if not _SHA256.fullmatch(sha256) or not path.is_file():
            return None
        if self._known_at != self._changes.latest or len(self._known) > MAX_KNOWN:
            self._known, self._known_at = {}, self._changes.latest
        known = self._known
        if sha256 not in known:
            known[sha256] = await self._asking.do((self._known_at, sha256), lambda: self._ask(sha256))
        return path if known[sha256] else None

    async def finish(self) -> None:
        """Wait for what is being read."""
        await self._asking.finish()

    async def _ask(self, sha256: str) -> bool:
        async with self._database.reading() as session:
            return await picture_is_public(session, sha256)
