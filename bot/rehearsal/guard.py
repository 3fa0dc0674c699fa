"""The door of the rehearsal: this machine only, by a name of this machine, and never from another site's page."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
        "connect-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

View = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(view: View, refusal: str) -> View:
    """A view behind the door; `refusal` is said to others. What it answers carries the page's strict headers."""

    async def behind(request: web.Request) -> web.StreamResponse:
        if not is_here(request):
            raise web.HTTPForbidden(text=refusal, headers=HEADERS)
        response = await view(request)
        if not response.prepared:
            response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
        return response

    return behind


def is_here(request: web.Request) -> bool:
    """Whether a request comes from this machine, names it so, and (when it says one) has the origin of this page.

    A forwarded request is refused: behind a proxy everybody's address is the proxy's."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not peer or not _is_loopback(str(peer[0])):
        return False
    if _name(request.headers.get("Host", "")) not in _NAMES:
        return False
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP")):
        return False
    return not _changes(request) or same_origin(request)


def same_origin(request: web.Request) -> bool:
    """Whether the request says that a page of this very address made it."""
    return request.headers.get("Origin", "") == f"http://{request.headers.get('Host', '')}"


def _changes(request: web.Request) -> bool:
    return request.method != "GET" or "Upgrade" in request.headers


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
