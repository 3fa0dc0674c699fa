"""The page's live connection: what the page asks for, and what it is told, as JSON over one WebSocket."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

from bot.chat_app import AccountId, AttachmentKind, CardId, ChatId
from bot.rehearsal.item import Sent, SentFile
from bot.rehearsal.person import Person, owner
from bot.rehearsal.platform import Page, Platform
from bot.rehearsal.public import Trouble
from bot.rehearsal.view import hello, item_view, public_view
from shifts.words import Words

HEARTBEAT: Final = 20.0
MOST_FILES: Final = 10
_MOST_WORDS: Final = 1 << 20
_NONCE: Final = re.compile(r"[A-Za-z0-9-]{8,40}")

Form = dict[str, Any]


class NotUnderstood(Exception):
    """The page asked for something that makes no sense here; it is told so and nothing else happens."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the page is made of."""

    platform: Platform
    people: Sequence[Person]
    words: Words
    commands: Mapping[str, Sequence[str]]


async def live(stage: Stage, request: web.Request) -> web.WebSocketResponse:
    """Serve one page until it goes."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=_MOST_WORDS)
    await socket.prepare(request)
    with stage.platform.page() as page:
        teller = asyncio.create_task(_tell(stage, page, socket))
        try:
            await socket.send_json(hello(stage.people, stage.commands, stage.words))
            await _listen(stage, page, socket)
        finally:
            teller.cancel()
            await asyncio.gather(teller, return_exceptions=True)
    return socket


async def _tell(stage: Stage, page: Page, socket: web.WebSocketResponse) -> None:
    while (event := await page.events.get()) is not None:
        try:
            await socket.send_json(await _told(stage, event))
        except ConnectionError:
            return
    await socket.close(code=WSCloseCode.GOING_AWAY)


async def _told(stage: Stage, event: Form) -> Form:
    match event["is"]:
        case "item":
            return event | {"item": item_view(event["item"])}
        case "public":
            return await public_view(stage.platform.public)
        case _:
            return event


async def _listen(stage: Stage, page: Page, socket: web.WebSocketResponse) -> None:
    async for frame in socket:
        if frame.type is not WSMsgType.TEXT:
            continue
        form = _form(frame.data)
        try:
            await _hear(stage, page, form)
        except (NotUnderstood, KeyError, TypeError, ValueError):
            page.tell({"is": "refused", "chat": form.get("chat"), "nonce": form.get("nonce")})


def _form(frame: str) -> Form:
    try:
        form = json.loads(frame)
    except ValueError:
        return {}
    return form if isinstance(form, dict) else {}


async def _hear(stage: Stage, page: Page, form: Form) -> None:
    asked = str(form.get("do"))
    if asked == "ping":
        page.tell({"is": "pong"})
    elif asked == "watch":
        await _watch(stage, page, form)
    elif asked in _DEEDS:
        await _DEEDS[asked](stage, form)
        page.tell({"is": "done", "nonce": form.get("nonce")})
    else:
        raise NotUnderstood


async def _watch(stage: Stage, page: Page, form: Form) -> None:
    """The page says which phones are on it, and is told everything that stands on the new ones."""
    chats = {ChatId(_account(stage, account)) for account in form["chats"]}
    page.chats = chats
    for chat in sorted(chats):
        items = [item_view(item) for item in await stage.platform.phones.history(chat)]
        page.tell({"is": "history", "chat": chat, "items": items})
    page.tell({"is": "public"})


async def _send(stage: Stage, form: Form) -> None:
    account = _account(stage, form["chat"])
    if len(form["files"]) > MOST_FILES:
        raise NotUnderstood
    files = tuple([await _file(stage, account, file) for file in form["files"]])
    answers = CardId(str(form["answers"])) if form.get("answers") else None
    sent = Sent(str(form["text"]), files, answers)
    item = await stage.platform.phones.send(account, sent, _nonce(form), stage.platform.now())
    stage.platform.arrived.set()
    stage.platform.tell_item(item)


async def _file(stage: Stage, account: AccountId, file: Form) -> SentFile:
    kind, ref = AttachmentKind(file["kind"]), str(file.get("ref", ""))
    if not ref:
        return SentFile(kind)
    size = await stage.platform.uploads.size(ref, ChatId(account))
    if size is None:
        raise NotUnderstood
    return SentFile(kind, ref, str(file.get("name", ""))[:120], size)


async def _edit(stage: Stage, form: Form) -> None:
    account = _account(stage, form["chat"])
    phones, now = stage.platform.phones, stage.platform.now()
    item = await phones.edit(account, str(form["message"]), str(form["text"]), _nonce(form), now)
    stage.platform.arrived.set()
    stage.platform.tell_item(item)


async def _tap(stage: Stage, form: Form) -> None:
    account = _account(stage, form["chat"])
    card, token = CardId(str(form["card"])), str(form["token"])
    await stage.platform.phones.tap(account, card, token, _nonce(form), stage.platform.now())
    stage.platform.arrived.set()


async def _remove(stage: Stage, form: Form) -> None:
    """A person removes their own message: its words and files are forgotten here."""
    chat = ChatId(_account(stage, form["chat"]))
    item = str(form["message"])
    for file in await stage.platform.phones.remove_sent(chat, item):
        await stage.platform.uploads.remove(file.ref, chat)
    stage.platform.tell_gone(chat, item)


async def _switch(stage: Stage, form: Form) -> None:
    await stage.platform.public.switch(Trouble(form["trouble"]), bool(form["on"]))
    stage.platform.tell_public()


async def _reply(stage: Stage, form: Form) -> None:
    name, text = str(form["name"]).strip()[:80], str(form["text"]).strip()[:2000]
    if not name or not text:
        raise NotUnderstood
    try:
        await stage.platform.public.reply(str(form["post"]), name, text, _nonce(form), stage.platform.now())
    except LookupError as error:
        raise NotUnderstood from error
    stage.platform.tell_public()


_DEEDS: Final[Mapping[str, Callable[[Stage, Form], Awaitable[None]]]] = {
    "send": _send,
    "edit": _edit,
    "tap": _tap,
    "remove": _remove,
    "switch": _switch,
    "reply": _reply,
}


def _account(stage: Stage, account: object) -> AccountId:
    if not isinstance(account, str) or owner(account, stage.people) is None:
        raise NotUnderstood
    return AccountId(account)


def _nonce(form: Form) -> str:
    nonce = form["nonce"]
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise NotUnderstood
    return nonce
