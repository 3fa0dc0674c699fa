"""What the fake Telegram knows: people, their chats, messages, files, and what was not delivered to the bot yet."""

import itertools
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BOT_ID = 7000000001
TOKEN = f"{BOT_ID}:fake-token-for-tests"
MESSAGE_SECONDS = 24 * 3600.0
TAP_SECONDS = 150.0
LINK_SECONDS = 3600.0


class Refused(Exception):
    """An answer of the Bot API that is no success."""

    def __init__(self, code: int, description: str, **parameters: object) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class Key:
    """One button under a message."""

    label: str
    token: str
    style: str | None = None


@dataclass
class Shown:
    """One message as a person sees it. `content` are the fields that a message of this kind has in JSON."""

    id: int
    chat: int
    from_bot: bool
    at: float
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    photo: bytes | None = None
    content: dict[str, Any] = field(default_factory=dict)
    keys: list[list[Key]] = field(default_factory=list)
    reply_to: int | None = None
    album: str | None = None
    edited_at: float | None = None

    @property
    def labels(self) -> list[str]:
        return [key.label for row in self.keys for key in row]

    def looks(self) -> dict[str, Any]:
        """What can be seen, as JSON without the bytes."""
        return {
            "id": self.id,
            "from_bot": self.from_bot,
            "text": self.text,
            "photo": len(self.photo) if self.photo is not None else None,
            "keys": [[key.label for key in row] for row in self.keys],
            "tokens": [[key.token for key in row] for row in self.keys],
            "reply_to": self.reply_to,
            "album": self.album,
        }


@dataclass
class Chat:
    """The private chat of one person with the bot."""

    person: int
    messages: dict[int, Shown] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Passing notes: what taps were answered with."""
    blocked: bool = False


@dataclass
class Waiting:
    """An update that the bot has not confirmed."""

    update: dict[str, Any]
    kind: str
    expires: float


@dataclass
class World:
    """Everything that a server keeps. `now` is the wall clock plus what tests let pass."""

    record: Path | None = None
    chats: dict[int, Chat] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    links: dict[str, tuple[str, float]] = field(default_factory=dict)
    taps: dict[str, tuple[int, float]] = field(default_factory=dict)
    allowed: list[str] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    """What the list beside the field shows, by language; "" for everybody else."""
    passed: float = 0.0
    _messages: "itertools.count[int]" = field(default_factory=lambda: itertools.count(101))
    _updates: "itertools.count[int]" = field(default_factory=lambda: itertools.count(500_000))

    @property
    def now(self) -> float:
        return time.time() + self.passed

    def chat(self, chat_id: object) -> Chat:
        """The chat of a call. Raises Refused as the server does."""
        if chat_id in {None, ""}:
            raise Refused(400, "Bad Request: chat_id is empty")
        known = self.chats.get(int(str(chat_id)))
        if known is None:
            raise Refused(400, "Bad Request: chat not found")
        if known.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return known

    def add(self, chat: Chat, **seen: Any) -> Shown:
        """A new message; its id grows over all chats of the bot."""
        message = Shown(next(self._messages), chat.person, at=self.now, **seen)
        chat.messages[message.id] = message
        return message

    def deliver(self, kind: str, payload: dict[str, Any], lives: float = MESSAGE_SECONDS) -> int:
        """Make an update; one of a kind that was not asked for is never made. Gives its id."""
        update_id = next(self._updates)
        if not self.allowed or kind in self.allowed:
            self.waiting.append(Waiting({"update_id": update_id, kind: payload}, kind, self.now + lives))
        return update_id

    def restart_update_ids(self, first: int) -> None:
        self._updates = itertools.count(first)

    def pending(self, limit: int) -> list[dict[str, Any]]:
        self.waiting = [each for each in self.waiting if each.expires > self.now]
        return [each.update for each in self.waiting[:limit]]

    def confirm(self, offset: int) -> None:
        """Forget what lies before an offset; a negative one keeps only so many of the newest."""
        if offset < 0:
            self.waiting = self.waiting[offset:]
            return
        still: list[Waiting] = []
        for each in self.waiting:
            number = each.update.get("update_id", offset)
            if number < offset:
                self.confirmed.append(number)
            else:
                still.append(each)
        self.waiting = still

    def store(self, content: bytes, size: int | None = None) -> str:
        """Keep a file under a new name; `size` pretends that it is bigger than it is."""
        name = "file-" + secrets.token_urlsafe(24)
        self.files[name] = content
        self.sizes[name] = len(content) if size is None else size
        return name

    def note(self, method: str, **seen: object) -> None:
        """Write down what happened, one JSON object a line, for who reads it from outside."""
        if self.record is not None:
            with self.record.open("a") as file:
                file.write(json.dumps({"at": self.now, "method": method} | seen, ensure_ascii=False) + "\n")


def person_json(person: int) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": "Invented"}


BOT_JSON = {"id": BOT_ID, "is_bot": True, "first_name": "Patrol", "username": "patrol_test_bot"}


def message_json(world: World, message: Shown, *, inner: bool = False) -> dict[str, Any]:
    """A message as the Bot API tells it; `inner` ones (answered messages) do not tell what they answer."""
    private = {"id": message.chat, "type": "private", "first_name": "Invented"}
    told: dict[str, Any] = {
        "message_id": message.id,
        "date": int(message.at),
        "chat": private,
        "from": BOT_JSON if message.from_bot else person_json(message.chat),
    } | message.content
    if message.text:
        words = "caption" if message.content.keys() - {"text"} else "text"
        told[words] = message.text
        if message.entities:
            told["entities" if words == "text" else "caption_entities"] = message.entities
    optional = {"media_group_id": message.album, "edit_date": message.edited_at and int(message.edited_at)}
    told |= {name: value for name, value in optional.items() if value}
    if message.keys:
        rows = [[{"text": key.label, "callback_data": key.token} for key in row] for row in message.keys]
        told["reply_markup"] = {"inline_keyboard": rows}
    answered = world.chats[message.chat].messages.get(message.reply_to or 0)
    if answered is not None and not inner:
        told["reply_to_message"] = message_json(world, answered, inner=True)
    return told
