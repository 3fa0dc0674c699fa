"""What Discord refuses in a message, a form or a command."""

import re
from collections.abc import Iterator
from typing import Any

from tests.fake_discord.world import COMPONENTS_V2, Json, Refused

ROW, BUTTON, FIELD, TEXT, GALLERY, BOX, LABEL = 1, 2, 4, 10, 12, 17, 18
FILE_BYTES = 10 << 20
REQUEST_BYTES = 25 << 20


def invalid(why: str) -> Refused:
    return Refused(400, 50035, f"Invalid Form Body: {why}")


def check_message(message: Json, *, before: Json | None = None) -> None:
    """A message to be sent or, with `before`, to be changed."""
    flags: int = message["flags"] if "flags" in message else before["flags"] if before else 0
    if before is not None and before["flags"] & COMPONENTS_V2 and not flags & COMPONENTS_V2:
        raise invalid("the flag can not be removed")
    if len(str(message.get("nonce", ""))) > 25:
        raise invalid("nonce")
    if len(message.get("content") or "") > 2000:
        raise invalid("content")
    components = message.get("components", before["components"] if before else [])
    if flags & COMPONENTS_V2:
        if message.get("content") or message.get("embeds"):
            raise invalid("content with components of the second version")
        if not components:
            raise Refused(400, 50006, "Cannot send an empty message")
        check_components(components, {part["filename"] for part in message["attachments"]})
    elif not (message.get("content") or message["attachments"]):
        raise Refused(400, 50006, "Cannot send an empty message")


def check_components(components: list[Json], names: set[str]) -> None:
    parts = list(walk(components))
    if len(parts) > 40:
        raise invalid("more than 40 components")
    texts = [part["content"] for part in parts if part["type"] == TEXT]
    if any(not text.strip() for text in texts):
        raise invalid("a text display is empty")
    if sum(len(text.encode("utf-16-le")) // 2 for text in texts) > 4000:
        raise invalid("more than 4000 characters")
    ids = [part["custom_id"] for part in parts if "custom_id" in part]
    if len(ids) != len(set(ids)) or any(not 1 <= len(name) <= 100 for name in ids):
        raise invalid("custom_id")
    for part in parts:
        check_part(part, names)


def check_part(part: Json, names: set[str]) -> None:
    match part["type"]:
        case 1 if not 1 <= len(part["components"]) <= 5:
            raise invalid("a row has one to five buttons")
        case 2 if not part["label"].strip() or len(part["label"]) > 80:
            raise invalid("a label has 1 to 80 characters")
        case 12:
            items = part["items"]
            used = [item["media"]["url"].removeprefix("attachment://") for item in items]
            if not 1 <= len(items) <= 10 or not set(used) <= names:
                raise invalid("the gallery names a file that is not there")
            if any(len(item.get("description") or "") > 1024 for item in items):
                raise invalid("a description is too long")
        case _:
            return


def check_form(form: Json) -> None:
    if not 1 <= len(form["title"]) <= 45 or not 1 <= len(form["custom_id"]) <= 100:
        raise invalid("title or custom_id")
    if not 1 <= len(form["components"]) <= 5:
        raise invalid("components")
    for part in form["components"]:
        if part["type"] != LABEL or not 1 <= len(part["label"]) <= 45:
            raise invalid("label")
        if len(part["component"].get("value") or "") > 4000:
            raise invalid("value")


def check_commands(commands: Any) -> None:
    names = [command["name"] for command in commands]
    if len(names) != len(set(names)):
        raise invalid("two commands of one name")
    for command in commands:
        for part in (command, *command.get("options", ())):
            if not re.fullmatch(r"[-_\w]{1,32}", part["name"]):
                raise invalid("name")
            said = [part["description"], *part.get("description_localizations", {}).values()]
            if any(not 1 <= len(sentence) <= 100 for sentence in said):
                raise invalid("description")


def walk(components: list[Json]) -> Iterator[Json]:
    for part in components:
        yield part
        yield from walk(part.get("components", []))
