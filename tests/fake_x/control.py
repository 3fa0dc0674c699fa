"""The control plane over HTTP, for a fake X that runs as a process of its own."""

from typing import Any

from aiohttp import web

from tests.fake_x.server import FakeX

SWITCHES = frozenset({"lag", "credit", "self_threads", "same_words_twice", "passed"})
"""What /control/world sets of the `World`."""


def routes(fake: FakeX) -> list[web.RouteDef]:
    """POST /control/fail, /control/mend, /control/say, /control/world, /control/account; GET /control."""

    async def fail(request: web.Request) -> web.Response:
        fake.fail(**await request.json())
        return web.json_response({})

    async def mend(_request: web.Request) -> web.Response:
        fake.mend()
        return web.json_response({})

    async def say(request: web.Request) -> web.Response:
        return web.json_response({"id": fake.say(**await request.json())})

    async def world(request: web.Request) -> web.Response:
        asked: dict[str, Any] = await request.json()
        if set(asked) - SWITCHES:
            raise web.HTTPBadRequest
        for name, value in asked.items():
            setattr(fake.world, name, value)
        return web.json_response({})

    async def account(request: web.Request) -> web.Response:
        asked: dict[str, Any] = await request.json()
        fake.revoked, fake.suspended = bool(asked.get("revoked")), bool(asked.get("suspended"))
        return web.json_response({})

    async def look(_request: web.Request) -> web.Response:
        posts = [{"id": post.id, "text": post.text, "answers": post.answers} for post in reversed(fake.world.own())]
        return web.json_response({"posts": posts, "calls": fake.calls, "bill": fake.world.bill})

    return [
        web.post("/control/fail", fail),
        web.post("/control/mend", mend),
        web.post("/control/say", say),
        web.post("/control/world", world),
        web.post("/control/account", account),
        web.get("/control", look),
    ]
