"""What Discord remembers, whoever is connected: private chats, messages, presses, commands, files."""

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BOT = 700_001
APPLICATION = 700_002
TOKEN = "discord.fake.token"
EPOCH = 1_420_070_400_000
COMPONENTS_V2 = 1 << 15
EPHEMERAL = 1 << 6
RESPONSE_SECONDS = 3.0

Json = dict[str, Any]


class Refused(Exception):
    """What the API answers instead."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Press:
    """One interaction; `answer` is the type of the first response, `notes` what only the presser sees."""

    id: int
    token: str
    at: datetime
    chat: int
    message: int | None = None
    answer: int | None = None
    form: Json | None = None
    notes: list[str] = field(default_factory=list)


class World:
    """Everything but the connections. `told` is called with each event that the gateway has to bring."""

    def __init__(self) -> None:
        self.messages: dict[int, dict[int, Json]] = defaultdict(dict)
        self.nonces: dict[tuple[int, str], int] = {}
        self.presses: dict[int, Press] = {}
        self.files: dict[str, bytes] = {}
        self.commands: list[Json] | None = None
        self.commands_told = 0
        self.left: set[int] = set()
        self.base_url = ""
        self.signature = 1
        self.told: Callable[[str, Json], None] = lambda _event, _data: None
        self._counter = itertools.count(1)
        self._last = 0

    def snowflake(self) -> int:
        """An id as the platform makes them: of this millisecond, and later than every other."""
        now = int(datetime.now(UTC).timestamp() * 1000) - EPOCH
        self._last = max(self._last + 1, now << 22)
        return self._last

    def new_message(self, chat: int, author: Json, **parts: Any) -> Json:
        number = self.snowflake()
        message = {
            "id": str(number),
            "channel_id": str(chat),
            "author": author,
            "content": "",
            "timestamp": now_text(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "components": [],
            "pinned": False,
            "type": 0,
            "flags": 0,
            **parts,
        }
        self.messages[chat][number] = message
        self.told("MESSAGE_CREATE", message)
        return message

    def edited(self, message: Json, **parts: Any) -> Json:
        message.update(parts, edited_timestamp=now_text())
        self.told("MESSAGE_UPDATE", message)
        return message

    def attach(self, name: str, content: bytes) -> Json:
        number = self.snowflake()
        path = f"{number}/{name}"
        self.files[path] = content
        kind = {"jpg": "image/jpeg", "ogg": "audio/ogg", "mp4": "video/mp4"}.get(name.rsplit(".", 1)[-1])
        return {
            "id": str(number),
            "filename": name,
            "size": len(content),
            "content_type": kind,
            "url": f"{self.base_url}/cdn/{path}?ex={self.signature}",
            "proxy_url": f"{self.base_url}/cdn/{path}?ex={self.signature}",
        }

    def signed(self, message: Json) -> Json:
        """A message as a call gives it now: links carry today's signature."""
        fresh = [
            {
                **part,
                **{
                    name: part[name].split("?")[0] + f"?ex={self.signature}"
                    for name in ("url", "proxy_url")
                    if name in part
                },
            }
            for part in message["attachments"]
        ]
        return {**message, "attachments": fresh}

    def find(self, chat: int, number: int) -> Json:
        if chat not in self.messages:
            raise Refused(404, 10003, "Unknown Channel")
        if number not in self.messages[chat]:
            raise Refused(404, 10008, "Unknown Message")
        return self.messages[chat][number]


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def user_json(number: int, *, bot: bool = False) -> Json:
    return {
        "id": str(number),
        "username": f"user{number}",
        "global_name": None,
        "discriminator": "0",
        "avatar": None,
        "bot": bot,
    }


BOT_JSON = user_json(BOT, bot=True)
