"""The rehearsal's page: its files, its uploads and pictures, and its live connection, as routes of the program."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.chat_app import AttachmentRefused, Card, ChatId, Picture
from bot.rehearsal.guard import guarded
from bot.rehearsal.live import Stage, live
from bot.rehearsal.person import Person, owner
from bot.rehearsal.platform import Platform
from bot.rehearsal.uploads import MOST_BYTES, shown_as
from shifts.words import FIRST_LANGUAGE, Words

COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "officer": ("on", "off", "who", "recall", "correct", "tutorial", "help", "start"),
    "sergeant": ("shift", "on", "queue", "who", "freeze", "resume", "recall", "correct", "off", "help", "start"),
    "inspector": ("shift", "queue", "who", "freeze", "resume", "recall", "correct", "on", "off", "help", "start"),
    "press": ("shift", "queue", "who", "freeze", "resume", "recall", "correct", "on", "off", "help", "start"),
}
"""Which commands a phone suggests, by its owner's first role besides officer; other roles get the officer's."""

_STATIC: Final = Path(__file__).with_name("static")
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_DRAINED: Final = 4 * MOST_BYTES

StageView = Callable[[Stage, web.Request], Awaitable[web.StreamResponse]]


def rehearsal_routes(
    platform: Platform,
    people: Sequence[Person],
    words: Words,
    commands: Mapping[str, Sequence[str]] = COMMANDS,
) -> list[web.RouteDef]:
    """The routes to add to the program's web application; each refuses whoever is not on this machine."""
    stage = Stage(platform, people, words, commands)
    views: Sequence[tuple[str, str, StageView]] = (
        ("GET", "/rehearsal", _page),
        ("GET", "/rehearsal/static/{name}", _static),
        ("GET", "/rehearsal/live", live),
        ("POST", "/rehearsal/upload", _upload),
        ("GET", "/rehearsal/upload/{ref}", _uploaded),
        ("GET", "/rehearsal/picture/{item}/{number:\\d+}", _picture),
        ("GET", "/rehearsal/video/{item}/{number:\\d+}", _video),
    )
    refusal = words.say("rehearsal.elsewhere", FIRST_LANGUAGE)
    return [web.route(method, path, guarded(partial(view, stage), refusal)) for method, path, view in views]


async def _page(_stage: Stage, _request: web.Request) -> web.Response:
    return web.Response(text=(_STATIC / "page.html").read_text("utf-8"), content_type="text/html")


async def _static(_stage: Stage, request: web.Request) -> web.StreamResponse:
    path = _STATIC / request.match_info["name"]
    if path.parent != _STATIC or path.suffix not in _TYPES or not path.is_file():
        raise web.HTTPNotFound
    headers = {"Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8", "Cache-Control": "no-cache"}
    return web.FileResponse(path, headers=headers)


async def _upload(stage: Stage, request: web.Request) -> web.Response:
    """Keep the body of a request; a body that is too big is read to its end, so that the page hears why."""
    person = owner(request.query.get("chat", ""), stage.people)
    if person is None:
        raise web.HTTPNotFound
    content = await _body(request)
    if content is None:
        sentence = stage.words.say("rehearsal.too_big", person.language)
        return web.json_response({"sentence": sentence}, status=413)
    chat, now = ChatId(request.query["chat"]), stage.platform.now()
    await stage.platform.uploads.purge(now)
    return web.json_response({"ref": await stage.platform.uploads.add(chat, content, now)})


async def _body(request: web.Request) -> bytes | None:
    """The body of a request; None if it has more bytes than an upload may have."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.content.iter_chunked(1 << 16):
        size += len(piece)
        if size > _DRAINED:
            return None
        if size > MOST_BYTES:
            pieces.clear()
        else:
            pieces.append(piece)
    return b"".join(pieces) if size <= MOST_BYTES else None


async def _uploaded(stage: Stage, request: web.Request) -> web.Response:
    """A person's own picture on their own phone."""
    try:
        content = await stage.platform.uploads.read(request.match_info["ref"])
    except AttachmentRefused as error:
        raise web.HTTPNotFound from error
    kind = shown_as(content)
    if kind is None:
        raise web.HTTPNotFound
    return web.Response(body=content, content_type=kind)


async def _picture(stage: Stage, request: web.Request) -> web.StreamResponse:
    """A covered picture of a card."""
    return _file((await _shown(stage, request)).path, "image/jpeg")


async def _video(stage: Stage, request: web.Request) -> web.StreamResponse:
    """A covered video of a card."""
    return _file((await _shown(stage, request)).video, "video/mp4")


async def _shown(stage: Stage, request: web.Request) -> Picture:
    item = await stage.platform.phones.item(request.match_info["item"])
    number = int(request.match_info["number"])
    if item is None or not isinstance(item.content, Card) or number >= len(item.content.pictures):
        raise web.HTTPNotFound
    return item.content.pictures[number]


def _file(path: Path | None, kind: str) -> web.FileResponse:
    if path is None or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": kind, "Cache-Control": "no-store"})
