"""The calls of the API that a bot for private chats makes."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fake_discord.rules import FILE_BYTES, REQUEST_BYTES, check_commands, check_form, check_message, invalid
from tests.fake_discord.world import APPLICATION, BOT_JSON, EPHEMERAL, RESPONSE_SECONDS, Json, Press, Refused, World

Call = Callable[[World, web.Request], Awaitable[Any]]
MODAL, MESSAGE = 9, 4


async def me(_world: World, _request: web.Request) -> Json:
    return {**BOT_JSON, "mfa_enabled": False, "verified": True, "locale": "en-US", "flags": 0}


async def application(_world: World, _request: web.Request) -> Json:
    return {
        "id": str(APPLICATION),
        "name": "Tweet Patrol",
        "icon": None,
        "description": "",
        "rpc_origins": [],
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "",
        "owner": BOT_JSON,
        "flags": 0,
    }


async def put_commands(world: World, request: web.Request) -> Any:
    commands = await request.json()
    check_commands(commands)
    world.commands, world.commands_told = commands, world.commands_told + 1
    return [{**c, "id": str(world.snowflake()), "application_id": str(APPLICATION), "version": "1"} for c in commands]


async def history(world: World, request: web.Request) -> Any:
    """Newest first, as the platform does; with `after` the oldest ones after it."""
    chat, limit = int(request.match_info["chat"]), int(request.query.get("limit", "50"))
    if not 1 <= limit <= 100:
        raise invalid("limit")
    if chat not in world.messages:
        raise Refused(404, 10003, "Unknown Channel")
    after, before = int(request.query.get("after", "0")), int(request.query.get("before", str(1 << 63)))
    found = [number for number in sorted(world.messages[chat]) if after < number < before]
    found = found[:limit] if "after" in request.query else found[-limit:]
    return [world.signed(world.messages[chat][number]) for number in reversed(found)]


async def get_message(world: World, request: web.Request) -> Json:
    return world.signed(world.find(*place(request)))


async def send(world: World, request: web.Request) -> Json:
    chat = int(request.match_info["chat"])
    payload, files = await body(request)
    writable(world, chat)
    nonce = payload.get("nonce")
    if nonce is not None and payload.get("enforce_nonce") and (chat, nonce) in world.nonces:
        number = world.nonces[chat, nonce]
        if number in world.messages[chat]:
            return world.messages[chat][number]
    attachments = attached(world, payload, files, [])
    check_message({**payload, "attachments": attachments})
    kept = {name: payload[name] for name in ("content", "flags", "components") if payload.get(name) is not None}
    kept["components"] = numbered(payload.get("components", []))
    message = world.new_message(chat, BOT_JSON, attachments=attachments, **kept)
    if nonce is not None:
        world.nonces[chat, nonce] = int(message["id"])
    return message


async def edit(world: World, request: web.Request) -> Json:
    chat, number = place(request)
    payload, files = await body(request)
    writable(world, chat)
    message = world.find(chat, number)
    if message["author"] != BOT_JSON:
        raise Refused(403, 50005, "Cannot edit a message authored by another user")
    attachments = message["attachments"]
    if "attachments" in payload:
        attachments = attached(world, payload, files, attachments)
    check_message({**payload, "attachments": attachments}, before=message)
    kept = {name: payload[name] for name in ("content", "flags", "components") if name in payload}
    if "components" in kept:
        kept["components"] = numbered(kept["components"])
    return world.edited(message, attachments=attachments, **kept)


async def delete(world: World, request: web.Request) -> None:
    chat, number = place(request)
    world.find(chat, number)
    del world.messages[chat][number]


async def respond(world: World, request: web.Request) -> Json:
    """The first answer to a press: once, and within three seconds."""
    press = world.presses.get(int(request.match_info["press"]))
    if press is None or press.token != request.match_info["token"]:
        raise Refused(404, 10062, "Unknown interaction")
    if (datetime.now(UTC) - press.at).total_seconds() > RESPONSE_SECONDS:
        raise Refused(404, 10062, "Unknown interaction")
    if press.answer is not None:
        raise Refused(400, 40060, "Interaction has already been acknowledged.")
    payload = await request.json()
    if payload["type"] == MODAL:
        check_form(payload["data"])
        press.form = payload["data"]
    if payload["type"] == MESSAGE:
        noted(press, payload["data"])
    press.answer = payload["type"]
    told: Json = {"interaction": {"id": str(press.id), "type": 3}}
    if payload["type"] == MESSAGE:
        told["resource"] = {"type": MESSAGE, "message": note_json(world, press, payload["data"])}
    return told


async def follow_up(world: World, request: web.Request) -> Json:
    token = request.match_info["token"]
    press = next((press for press in world.presses.values() if press.token == token), None)
    if press is None or press.answer is None:
        raise Refused(404, 10015, "Unknown Webhook")
    payload = await request.json()
    noted(press, payload)
    return note_json(world, press, payload)


def noted(press: Press, payload: Json) -> None:
    if not payload.get("flags", 0) & EPHEMERAL:
        raise AssertionError("everybody in the chat would see this note")
    if payload["allowed_mentions"].get("parse"):
        raise AssertionError("this note may mention people")
    check_message({**payload, "attachments": []})
    press.notes.append(payload["content"])


def note_json(world: World, press: Press, payload: Json) -> Json:
    quiet = World()
    message = quiet.new_message(press.chat, BOT_JSON, content=payload["content"], flags=EPHEMERAL)
    return {**message, "id": str(world.snowflake()), "webhook_id": str(APPLICATION)}


async def body(request: web.Request) -> tuple[Json, dict[int, tuple[str, bytes]]]:
    """The JSON, and the files by the number in their field's name."""
    if not request.content_type.startswith("multipart/"):
        return await request.json(), {}
    payload: Json = {}
    files: dict[int, tuple[str, bytes]] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read())
        if part.name == "payload_json":
            payload = json.loads(content)
        else:
            files[int((part.name or "")[6:-1])] = (part.filename or "", content)
    sizes = [len(content) for _, content in files.values()]
    if sum(sizes) > REQUEST_BYTES or max(sizes, default=0) > FILE_BYTES:
        raise Refused(413, 40005, "Request entity too large")
    return payload, files


def attached(world: World, payload: Json, files: dict[int, tuple[str, bytes]], before: list[Json]) -> list[Json]:
    """New files are named by their place among the files; what stays is named by its id."""
    known = {part["id"]: part for part in before}
    found = []
    for part in payload.get("attachments", []):
        if str(part["id"]) in known:
            found.append(known[str(part["id"])])
        elif int(part["id"]) in files:
            found.append(world.attach(*files[int(part["id"])]))
        else:
            raise invalid("attachments")
    return found


def numbered(components: list[Json]) -> list[Json]:
    """Every component gets a number, if it has none."""
    for number, part in enumerate(every(components), start=100):
        part.setdefault("id", number)
    return components


def every(components: list[Json]) -> list[Json]:
    return [inner for part in components for inner in (part, *every(part.get("components", [])))]


def writable(world: World, chat: int) -> None:
    if chat not in world.messages:
        raise Refused(404, 10003, "Unknown Channel")
    if chat in world.left:
        raise Refused(403, 50007, "Cannot send messages to this user")


def place(request: web.Request) -> tuple[int, int]:
    return int(request.match_info["chat"]), int(request.match_info["message"])


CALLS: tuple[tuple[str, str, Call], ...] = (
    ("GET", "/users/@me", me),
    ("GET", "/oauth2/applications/@me", application),
    ("PUT", "/applications/{application}/commands", put_commands),
    ("GET", "/channels/{chat}/messages", history),
    ("POST", "/channels/{chat}/messages", send),
    ("GET", "/channels/{chat}/messages/{message}", get_message),
    ("PATCH", "/channels/{chat}/messages/{message}", edit),
    ("DELETE", "/channels/{chat}/messages/{message}", delete),
    ("POST", "/interactions/{press}/{token}/callback", respond),
    ("POST", "/webhooks/{application}/{token}", follow_up),
)
OPEN_TO_ALL = (respond, follow_up)
