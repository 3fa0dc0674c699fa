"""Pages kept as bytes: rendered once, compressed once, dropped when the timeline changes."""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

import brotli
from aiohttp import hdrs, web

from shifts.website.shared_work import SharedWork

PAGE_CACHING: Final = "public, max-age=2, stale-while-revalidate=30"
"""Short enough to be live, long enough that a CDN asks once for a whole crowd."""

FOREVER: Final = "public, max-age=31536000, immutable"
NEVER: Final = "no-store"

MAX_PAGES: Final = 1024
WORTH_COMPRESSING: Final = 600


@dataclass(frozen=True)
class Version:
    """A page in one encoding."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Page:
    """A rendered page in each encoding; `etag` is strong, hence one per encoding."""

    plain: Version
    gzip: Version
    brotli: Version


def page(text: str, content_type: str, caching: str = PAGE_CACHING, **more: str) -> Page:
    """Render down to bytes. `more` are further headers, with underscores for hyphens."""
    body = text.encode("utf-8", "replace")
    headers = {
        hdrs.CONTENT_TYPE: content_type,
        hdrs.CACHE_CONTROL: caching,
        hdrs.VARY: "Accept-Encoding, Accept-Language",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    plain = _version(body, "", body, headers)
    if len(body) < WORTH_COMPRESSING:
        return Page(plain, plain, plain)
    return Page(
        plain,
        _version(body, "gzip", gzip.compress(body, 6, mtime=0), headers),
        _version(body, "br", brotli.compress(body, quality=5), headers),
    )


def _version(body: bytes, encoding: str, encoded: bytes, headers: dict[str, str]) -> Version:
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}{encoding}"'
    named = {hdrs.CONTENT_ENCODING: encoding} if encoding else {}
    return Version(encoded, headers | {hdrs.ETAG: etag} | named)


def answer(request: web.Request, shown: Page, status: int = 200) -> web.Response:
    """The page as this reader takes it, or 304 if the reader has it."""
    version = _taken(request, shown)
    wanted = request.headers.get(hdrs.IF_NONE_MATCH, "")
    if status == 200 and wanted and _matches(wanted, version.headers[hdrs.ETAG]):
        kept = {name: value for name, value in version.headers.items() if name != hdrs.CONTENT_ENCODING}
        return web.Response(status=304, headers=kept)
    return web.Response(body=version.body, status=status, headers=version.headers)


def _taken(request: web.Request, shown: Page) -> Version:
    accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "")
    if "br" in accepted:
        return shown.brotli
    if "gzip" in accepted:
        return shown.gzip
    return shown.plain


def _matches(wanted: str, etag: str) -> bool:
    return any(tag.strip().removeprefix("W/") in {etag, "*"} for tag in wanted.split(","))


class Pages:
    """The pages that were asked for since the last change. Two who ask for one page at a time cause one rendering."""

    def __init__(self) -> None:
        self._pages: dict[Hashable, Page] = {}
        self._rendering = SharedWork[Page]()
        self._age = 0

    def drop(self) -> None:
        """Forget all: the timeline changed. What is being rendered now is still shown, but not kept."""
        self._pages = {}
        self._age += 1

    async def get(self, key: Hashable, render: Callable[[], Awaitable[Page]]) -> Page:
        """The page under `key`, rendered if need be."""
        kept = self._pages.get(key)
        if kept is not None:
            return kept
        pages = self._pages
        return await self._rendering.do((self._age, key), lambda: _render_into(pages, key, render))

    async def finish(self) -> None:
        """Wait for what is being rendered."""
        await self._rendering.finish()


async def _render_into(pages: dict[Hashable, Page], key: Hashable, render: Callable[[], Awaitable[Page]]) -> Page:
    shown = await render()
    if len(pages) >= MAX_PAGES:
        pages.pop(next(iter(pages)))
    pages[key] = shown
    return shown
