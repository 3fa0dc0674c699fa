"""The methods of the Bot API that a bot calls about messages, with the refusals of the real server."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from PIL import Image

from tests.fake_telegram.markup import Unparsable, parse, trimmed, units
from tests.fake_telegram.world import LINK_SECONDS, TAP_SECONDS, Chat, Key, Refused, Shown, World, message_json

TEXT = 4096
CAPTION = 1024
DATA_BYTES = 64
PHOTO_BYTES = 10 << 20
VIDEO_BYTES = 50 << 20
DOWNLOAD_BYTES = 20 << 20
DELETABLE_SECONDS = 48 * 3600
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)

Params = Mapping[str, Any]
"""Fields of a call: strings as the form had them, bytes where a file was uploaded."""


def send_message(world: World, asked: Params) -> dict[str, Any]:
    chat = world.chat(asked.get("chat_id"))
    text, entities = _words(asked, "text", TEXT)
    if not text:
        raise Refused(400, "Bad Request: message text is empty")
    sent = world.add(
        chat, from_bot=True, text=text, entities=entities, keys=_keys(asked), reply_to=_answered(chat, asked)
    )
    return _told(world, "sendMessage", sent)


def send_photo(world: World, asked: Params) -> dict[str, Any]:
    chat = world.chat(asked.get("chat_id"))
    caption, entities = _words(asked, "caption", CAPTION)
    content, sizes = _photo(world, asked.get("photo"), asked)
    sent = world.add(
        chat,
        from_bot=True,
        text=caption,
        entities=entities,
        photo=content,
        content={"photo": sizes},
        keys=_keys(asked),
        reply_to=_answered(chat, asked),
    )
    return _told(world, "sendPhoto", sent)


def send_video(world: World, asked: Params) -> dict[str, Any]:
    chat = world.chat(asked.get("chat_id"))
    caption, entities = _words(asked, "caption", CAPTION)
    content, shown = _video(world, asked.get("video"), asked)
    sent = world.add(
        chat,
        from_bot=True,
        text=caption,
        entities=entities,
        photo=content,
        content=shown,
        keys=_keys(asked),
        reply_to=_answered(chat, asked),
    )
    return _told(world, "sendVideo", sent)


def send_media_group(world: World, asked: Params) -> list[dict[str, Any]]:
    chat = world.chat(asked.get("chat_id"))
    media = json.loads(asked.get("media", "[]"))
    if not 2 <= len(media) <= 10:
        raise Refused(400, "Bad Request: there must be from 2 to 10 media to send in an album")
    ready = [(*_words(one, "caption", CAPTION), *_medium(world, one, asked)) for one in media]
    reply_to, album = _answered(chat, asked), str(int(world.now * 1e6))
    sent = [
        world.add(
            chat,
            from_bot=True,
            text=caption,
            entities=entities,
            photo=content,
            content=shown,
            reply_to=reply_to,
            album=album,
        )
        for caption, entities, content, shown in ready
    ]
    return [_told(world, "sendMediaGroup", message) for message in sent]


def edit_message_text(world: World, asked: Params) -> dict[str, Any]:
    message = _editable(world, asked)
    text, entities = _words(asked, "text", TEXT)
    if not text:
        raise Refused(400, "Bad Request: message text is empty")
    if message.content:
        raise Refused(400, "Bad Request: there is no text in the message to edit")
    return _changed(world, "editMessageText", message, asked, text=text, entities=entities)


def edit_message_caption(world: World, asked: Params) -> dict[str, Any]:
    message = _editable(world, asked)
    text, entities = _words(asked, "caption", CAPTION)
    if not message.content:
        raise Refused(400, "Bad Request: there is no caption in the message to edit")
    return _changed(world, "editMessageCaption", message, asked, text=text, entities=entities)


def edit_message_media(world: World, asked: Params) -> dict[str, Any]:
    """A text message may become a photo or a video; neither becomes a text again."""
    message = _editable(world, asked)
    media = json.loads(asked.get("media", "{}"))
    text, entities = _words(media, "caption", CAPTION)
    content, shown = _medium(world, media, asked)
    new = {"text": text, "entities": entities, "photo": content, "content": shown}
    return _changed(world, "editMessageMedia", message, asked, **new)


def edit_message_reply_markup(world: World, asked: Params) -> dict[str, Any]:
    return _changed(world, "editMessageReplyMarkup", _editable(world, asked), asked)


def delete_message(world: World, asked: Params) -> bool:
    chat = world.chat(asked.get("chat_id"))
    message = chat.messages.get(int(asked.get("message_id", 0)))
    if message is None:
        raise Refused(400, "Bad Request: message to delete not found")
    if world.now - message.at > DELETABLE_SECONDS:
        raise Refused(400, "Bad Request: message can't be deleted for everyone")
    del chat.messages[message.id]
    world.note("deleteMessage", chat=chat.person, id=message.id)
    return True


def answer_callback_query(world: World, asked: Params) -> bool:
    tap = world.taps.pop(str(asked.get("callback_query_id")), None)
    if tap is None or world.now - tap[1] > TAP_SECONDS:
        raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    note = str(asked.get("text", ""))
    if units(note) > 200:
        raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
    if note:
        world.chats[tap[0]].notes.append(note)
    world.note("answerCallbackQuery", chat=tap[0], text=note)
    return True


def get_file(world: World, asked: Params) -> dict[str, Any]:
    name = str(asked.get("file_id", ""))
    if name not in world.files:
        raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    size = world.sizes[name]
    if size > DOWNLOAD_BYTES:
        raise Refused(400, "Bad Request: file is too big")
    path = f"files/{len(world.links)}.bin"
    world.links[path] = (name, world.now + LINK_SECONDS)
    return {"file_id": name, "file_unique_id": name[-12:], "file_size": size, "file_path": path}


def set_my_commands(world: World, asked: Params) -> bool:
    told = json.loads(asked.get("commands", "[]"))
    names = [command["command"] for command in told]
    if len(told) > 100 or len(set(names)) < len(names):
        raise Refused(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    if not all(re.fullmatch(r"[a-z0-9_]{1,32}", name) for name in names):
        raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
    if not all(1 <= len(command["description"]) <= 256 for command in told):
        raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[str(asked.get("language_code") or "")] = names
    return True


METHODS = {
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "sendvideo": send_video,
    "sendmediagroup": send_media_group,
    "editmessagetext": edit_message_text,
    "editmessagecaption": edit_message_caption,
    "editmessagemedia": edit_message_media,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "getfile": get_file,
    "setmycommands": set_my_commands,
}


def _words(asked: Params, name: str, limit: int) -> tuple[str, list[dict[str, Any]]]:
    written, mode = str(asked.get(name) or ""), asked.get("parse_mode")
    if mode not in {None, "", "HTML"}:
        raise Refused(400, "Bad Request: unsupported parse_mode")
    try:
        text, entities = parse(written) if mode else trimmed(written, [])
    except Unparsable as error:
        raise Refused(400, f"Bad Request: can't parse entities: {error}") from None
    if units(text) > limit:
        raise Refused(400, f"Bad Request: message {'caption ' if name == 'caption' else ''}is too long")
    return text, entities


def _keys(asked: Params) -> list[list[Key]]:
    rows = json.loads(asked.get("reply_markup") or "{}").get("inline_keyboard", [])
    keys = [[Key(key["text"], key.get("callback_data", ""), key.get("style")) for key in row] for row in rows]
    for key in (key for row in keys for key in row):
        if not key.label.strip():
            raise Refused(400, "Bad Request: can't parse inline keyboard button: Text must be non-empty")
        if not 1 <= len(key.token.encode()) <= DATA_BYTES:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
        if key.style not in {None, "primary", "success", "danger"}:
            raise Refused(400, "Bad Request: invalid button style specified")
    if sum(len(row) for row in keys) > 100:
        raise Refused(400, "Bad Request: REPLY_MARKUP_TOO_LONG")
    return keys


def _answered(chat: Chat, asked: Params) -> int | None:
    reply = json.loads(asked.get("reply_parameters") or "{}")
    if not reply:
        return None
    if int(reply["message_id"]) in chat.messages:
        return int(reply["message_id"])
    if reply.get("allow_sending_without_reply"):
        return None
    raise Refused(400, "Bad Request: message to be replied not found")


def _medium(world: World, media: Params, asked: Params) -> tuple[bytes, dict[str, Any]]:
    """What an InputMedia names, with the fields that its message has."""
    if media.get("type") == "video":
        return _video(world, media.get("media"), asked)
    content, sizes = _photo(world, media.get("media"), asked)
    return content, {"photo": sizes}


def _video(world: World, media: object, asked: Params) -> tuple[bytes, dict[str, Any]]:
    content, name = _file(world, media, asked)
    if len(content) > VIDEO_BYTES or content[4:8] != b"ftyp":
        raise Refused(400, "Bad Request: VIDEO_FILE_INVALID")
    name = name or world.store(content)
    size = {"file_id": name, "file_unique_id": name[-12:], "file_size": len(content)}
    return content, {"video": size | {"width": 320, "height": 180, "duration": 1, "mime_type": "video/mp4"}}


def _file(world: World, media: object, asked: Params) -> tuple[bytes, str]:
    """An uploaded file (as a field, or attached), or one that the server has already, with its name then."""
    if isinstance(media, str) and media.startswith("attach://"):
        media = asked.get(media.removeprefix("attach://"))
    if isinstance(media, str):
        if media not in world.files:
            raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
        return world.files[media], media
    if isinstance(media, bytes):
        return media, ""
    raise Refused(400, "Bad Request: there is no photo in the request")


def _photo(world: World, media: object, asked: Params) -> tuple[bytes, list[dict[str, Any]]]:
    content, name = _file(world, media, asked)
    width, height = _sides(content)
    name = name or world.store(content)
    size = {"file_id": name, "file_unique_id": name[-12:], "file_size": len(content)}
    return content, [size | {"width": width, "height": height}]


def _sides(content: bytes) -> tuple[int, int]:
    if len(content) > PHOTO_BYTES:
        raise Refused(
            400, f"Bad Request: file of size {len(content)} bytes is too big for a photo; the maximum is 10 MB"
        )
    try:
        with Image.open(io.BytesIO(content)) as picture:
            width, height = picture.size
    except OSError:
        raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return width, height


def _editable(world: World, asked: Params) -> Shown:
    chat = world.chat(asked.get("chat_id"))
    message = chat.messages.get(int(asked.get("message_id", 0)))
    if message is None:
        raise Refused(400, "Bad Request: message to edit not found")
    if not message.from_bot:
        raise Refused(400, "Bad Request: message can't be edited")
    return message


def _changed(world: World, method: str, message: Shown, asked: Params, **new: Any) -> dict[str, Any]:
    new["keys"] = _keys(asked)
    if all(getattr(message, name) == value for name, value in new.items()):
        raise Refused(400, NOT_MODIFIED)
    for name, value in new.items():
        setattr(message, name, value)
    message.edited_at = world.now
    return _told(world, method, message)


def _told(world: World, method: str, message: Shown) -> dict[str, Any]:
    world.note(method, chat=message.chat, **message.looks())
    return message_json(world, message)
