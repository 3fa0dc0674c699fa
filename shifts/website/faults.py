"""What a reader is told when there is no such page, or when we failed."""

from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from shifts.website.edition import Editions
from shifts.website.pages import NEVER, answer, page
from shifts.website.reading import NotThere
from shifts.website.templates import Templates

NOT_FOUND_CACHING: Final = "public, max-age=5"

_log = structlog.get_logger(__name__)


def plain_faults(site: web.Application, templates: Templates, editions: Editions) -> Middleware:
    """A middleware that turns faults of the site's own pages into pages; applications added to it keep theirs."""

    def told(request: web.Request, fault: str, status: int, caching: str) -> web.Response:
        edition = editions.wanted(request.query, request.headers)
        text = templates.page("fault.html", edition, "", fault=fault)
        return answer(request, page(text, "text/html; charset=utf-8", caching), status)

    @web.middleware
    async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.apps[-1] is not site:
            return await handler(request)
        try:
            return await handler(request)
        except (NotThere, web.HTTPNotFound):
            return told(request, "not_found", 404, NEVER if _is_media(request) else NOT_FOUND_CACHING)
        except web.HTTPMethodNotAllowed as error:
            response = told(request, "not_allowed", 405, NEVER)
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
            return response
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - the reader is told; only its kind is logged, its words may be private
            _log.error("website.page_failed", route=_route(request), error=type(error).__name__)
            return told(request, "error", 500, NEVER)

    return faults


def _is_media(request: web.Request) -> bool:
    """A picture that was asked for a moment too soon must be there when the page asks again."""
    return request.path.startswith("/media/")


def _route(request: web.Request) -> str:
    """The pattern of the address, not the address itself."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
