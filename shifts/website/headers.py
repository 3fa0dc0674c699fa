"""The headers that every response carries, errors and files too."""

from collections.abc import Mapping

from aiohttp import hdrs, web


def security_headers(public_url: str, frame_ancestors: str) -> Mapping[str, str]:
    """What a browser must know: nothing from elsewhere, no inline script or style, framed by nobody."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        f"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {frame_ancestors}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if frame_ancestors == "'none'":
        headers["X-Frame-Options"] = "DENY"
    if public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def put_on_every_response(application: web.Application, headers: Mapping[str, str]) -> None:
    """Add them where a response has none of its own, and never say what serves it."""
    pairs = tuple(headers.items())

    async def prepare(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.pop(hdrs.SERVER, None)
        for name, value in pairs:
            if name not in response.headers:
                response.headers[name] = value

    application.on_response_prepare.append(prepare)
