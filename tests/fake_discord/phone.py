"""A person's app: what they send, press, change and see."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fake_discord.rules import BUTTON, GALLERY, TEXT, walk
from tests.fake_discord.world import APPLICATION, BOT_JSON, Json, Press, World, user_json

FORM = "write"
CHATS = 9_000_000
_MARKUP = re.compile(r"\\([^0-9A-Za-z\s])|\*\*|__|^> ", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """One message of the bot as it reads on the screen."""

    id: int
    text: str
    buttons: dict[str, str]
    pictures: Sequence[str]
    alts: Sequence[str]


class Phone:
    """One person's private chat with the bot."""

    def __init__(self, world: World, person: int, locale: str = "en-GB") -> None:
        self._world = world
        self.person = person
        self.chat = CHATS + person
        self.locale = locale
        world.messages.setdefault(self.chat, {})

    def send(self, text: str = "", answers: int | None = None, files: Sequence[tuple[str, bytes]] = ()) -> int:
        """Gives the message's id."""
        parts: Json = {"content": text, "attachments": [self._world.attach(*file) for file in files]}
        if answers is not None:
            answered = self._world.messages[self.chat].get(answers)
            parts |= {"type": 19, "message_reference": {"message_id": str(answers), "channel_id": str(self.chat)}}
            parts["referenced_message"] = answered
        return int(self._world.new_message(self.chat, user_json(self.person), **parts)["id"])

    def edit(self, number: int, text: str) -> None:
        self._world.edited(self._world.messages[self.chat][number], content=text)

    def link_unfolds(self, number: int) -> None:
        """The platform adds a preview: an update without words of anybody."""
        self._world.told("MESSAGE_UPDATE", self._world.messages[self.chat][number])

    def leave(self) -> None:
        self._world.left.add(self.chat)

    def cards(self) -> list[Shown]:
        """What the bot shows, from top to bottom."""
        found = self._world.messages[self.chat]
        return [shown(found[number]) for number in sorted(found) if found[number]["author"] == BOT_JSON]

    def tap(self, label: str) -> Press:
        """Press the newest button with this label."""
        for card in reversed(self.cards()):
            if label in card.buttons:
                return self.press(card.id, card.buttons[label])
        raise AssertionError("no such button")

    def press(self, message: int, custom_id: str) -> Press:
        data = {"component_type": BUTTON, "custom_id": custom_id}
        return self._interact(3, data, self._world.find(self.chat, message))

    def fill_in(self, press: Press, text: str) -> Press:
        """Write into the form that a press opened, and send it."""
        assert press.form is not None
        filled = [
            {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "words", "value": text}}
            for _ in press.form["components"]
        ]
        data = {"custom_id": press.form["custom_id"], "components": filled}
        message = self._world.messages[self.chat].get(press.message or 0)
        return self._interact(5, data, message)

    def command(self, name: str, **options: str | int) -> Press:
        """Give a slash command, as far as the platform knows it."""
        known = next((command for command in self._world.commands or () if command["name"] == name), None)
        assert known is not None
        told = [
            {"name": key, "type": 4 if isinstance(value, int) else 3, "value": value} for key, value in options.items()
        ]
        assert {part["name"] for part in known.get("options", ()) if part["required"]} <= set(options)
        return self._interact(2, {"id": "1", "type": 1, "name": name, "options": told}, None)

    def _interact(self, kind: int, data: Json, message: Json | None) -> Press:
        press = Press(
            self._world.snowflake(),
            secrets.token_hex(16),
            datetime.now(UTC),
            self.chat,
            int(message["id"]) if message else None,
        )
        self._world.presses[press.id] = press
        told: dict[str, Any] = {
            "id": str(press.id),
            "application_id": str(APPLICATION),
            "type": kind,
            "data": data,
            "channel_id": str(self.chat),
            "channel": {"id": str(self.chat), "type": 1, "recipients": [user_json(self.person)]},
            "user": user_json(self.person),
            "token": press.token,
            "version": 1,
            "locale": self.locale,
            "app_permissions": "0",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 1,
            "attachment_size_limit": 10 << 20,
        }
        self._world.told("INTERACTION_CREATE", {**told, "message": message} if message else told)
        return press


def shown(message: Json) -> Shown:
    """A message as somebody reads it: marks gone, escapes gone."""
    parts = list(walk(message["components"]))
    galleries = [item for part in parts if part["type"] == GALLERY for item in part["items"]]
    return Shown(
        int(message["id"]),
        "\n".join(plain(part["content"]) for part in parts if part["type"] == TEXT),
        {part["label"]: part["custom_id"] for part in parts if part["type"] == BUTTON},
        [item["media"]["url"].removeprefix("attachment://") for item in galleries],
        [item.get("description") or "" for item in galleries],
    )


def plain(markup: str) -> str:
    """What is left to read of the marks that a card uses."""
    return _MARKUP.sub(lambda found: found[1] or "", markup)
