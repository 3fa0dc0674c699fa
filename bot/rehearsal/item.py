"""What stands on a phone (a sent message or a card), and the forms in which it and what arrives are stored."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.chat_app import (
    AccountId,
    Ask,
    Attachment,
    AttachmentKind,
    Button,
    Card,
    CardId,
    ChatId,
    Choice,
    Edit,
    Incoming,
    Message,
    Picture,
    Tone,
    Weight,
)


@dataclass(frozen=True, slots=True)
class SentFile:
    """Something that a person sent along, as their own phone shows it. `ref` names an upload, where there is one."""

    kind: AttachmentKind
    ref: str = ""
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """What a person wrote on a phone."""

    text: str
    files: tuple[SentFile, ...] = ()
    answers: CardId | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One message on a phone: a person's (`Sent`, whose `nonce` the browser gave it) or ours (a Card).

    `taken` says that everything about it was taken by the program."""

    id: str
    chat: ChatId
    place: int
    at: datetime
    nonce: str
    taken: bool
    content: Sent | Card


def content_bytes(content: Sent | Card) -> bytes:
    """The stored form of what stands on a phone."""
    return _dump(asdict(content))


def sent_from(stored: bytes) -> Sent:
    """The message of a person that `content_bytes` wrote."""
    form = json.loads(stored)
    files = tuple(SentFile(AttachmentKind(f["kind"]), f["ref"], f["name"], f["size"]) for f in form["files"])
    return Sent(form["text"], files, form["answers"], form["edited"])


def card_from(stored: bytes) -> Card:
    """The card that `content_bytes` wrote."""
    form = json.loads(stored)
    return Card(
        title=form["title"],
        tone=Tone(form["tone"]),
        pictures=tuple(
            Picture(Path(p["path"]), p["alt"], Path(p["video"]) if p.get("video") else None) for p in form["pictures"]
        ),
        quote=form["quote"],
        marks=tuple((start, end) for start, end in form["marks"]),
        lines=tuple(form["lines"]),
        ask=Ask(**form["ask"]) if form["ask"] else None,
        rows=tuple(tuple(Button(b["token"], b["label"], Weight(b["weight"])) for b in row) for row in form["rows"]),
    )


def incoming_bytes(incoming: Incoming) -> bytes:
    """The stored form of what arrived."""
    return _dump({"is": type(incoming).__name__} | asdict(incoming))


def incoming_from(stored: bytes) -> Incoming:
    """What arrived, as `incoming_bytes` wrote it."""
    form = json.loads(stored)
    kind = form.pop("is")
    form["account"], form["chat"] = AccountId(form["account"]), ChatId(form["chat"])
    form["sent_at"] = datetime.fromisoformat(form["sent_at"])
    if kind == Choice.__name__:
        return Choice(**form)
    if kind == Edit.__name__:
        return Edit(**form)
    attachments = tuple(Attachment(AttachmentKind(a["kind"]), a["ref"], a["size"]) for a in form.pop("attachments"))
    return Message(**form, attachments=attachments)


def _dump(form: dict[str, Any]) -> bytes:
    return json.dumps(form, ensure_ascii=False, default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no stored form")
