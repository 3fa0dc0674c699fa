"""The style sheet, the script and the icon: read once, named by their content, kept by browsers for good."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from shifts.website.pages import FOREVER, Page, answer, page

FOLDER: Final = Path(__file__).parent / "static"

CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFiles:
    """`addresses` gives the address of each file by its name; `serve` answers for those addresses alone."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._pages: dict[str, Page] = {}
        addresses: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in CONTENT_TYPES:
                text = path.read_text("utf-8")
                name = f"{path.stem}.{hashlib.sha256(text.encode()).hexdigest()[:10]}{path.suffix}"
                addresses[path.name] = f"/static/{name}"
                self._pages[name] = page(text, CONTENT_TYPES[path.suffix], FOREVER)
        self.addresses: Mapping[str, str] = addresses

    async def serve(self, request: web.Request) -> web.Response:
        """A static file, by the name that holds its hash."""
        found = self._pages.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return answer(request, found)
