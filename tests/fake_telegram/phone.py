"""A person's phone: what they send, tap, change and see."""

import io
import secrets
from typing import Any

from PIL import Image

from tests.fake_telegram.markup import units
from tests.fake_telegram.world import TAP_SECONDS, Chat, Key, Shown, World, message_json, person_json

THUMBNAIL = 90


class Phone:
    """One person's private chat with the bot. What it sends becomes an update at once."""

    def __init__(self, world: World, person: int, woken: Any) -> None:
        self._world = world
        self._woken = woken
        self.person = person
        world.chats.setdefault(person, Chat(person))

    @property
    def chat(self) -> Chat:
        return self._world.chats[self.person]

    def screen(self) -> list[Shown]:
        """The chat from top to bottom."""
        return [self.chat.messages[number] for number in sorted(self.chat.messages)]

    def cards(self) -> list[Shown]:
        """What the bot shows, from top to bottom."""
        return [message for message in self.screen() if message.from_bot]

    @property
    def notes(self) -> list[str]:
        return self.chat.notes

    async def send_text(self, text: str, reply_to: int | None = None) -> int:
        """Gives the message's id, like every `send_...`."""
        if not 0 < units(text) <= 4096:
            raise ValueError("the app sends 1 to 4096 characters a message")
        return self._send(text=text, reply_to=reply_to)

    async def reply(self, text: str, to: int | None = None) -> int:
        """Answer a message of the bot: the newest, or one by its id."""
        return await self.send_text(text, to if to is not None else self.cards()[-1].id)

    async def send_photo(
        self, picture: bytes, caption: str = "", album: str | None = None, reply_to: int | None = None
    ) -> int:
        """As a photo: the app makes it a JPEG without metadata, in several sizes."""
        if len(caption.encode("utf-16-le")) > 2048:
            raise ValueError("the app takes captions of 1024 characters")
        with Image.open(io.BytesIO(picture)) as opened:
            plain = opened.convert("RGB")
        sizes = [self._size(plain, THUMBNAIL), self._size(plain, max(plain.size))]
        content = self._world.files[sizes[-1]["file_id"]]
        return self._send(text=caption, photo=content, content={"photo": sizes}, album=album, reply_to=reply_to)

    async def send_document(
        self,
        content: bytes,
        name: str = "file.bin",
        mime: str = "application/octet-stream",
        caption: str = "",
        size: int | None = None,
        album: str | None = None,
    ) -> int:
        """As a file, byte for byte; `size` pretends that it is bigger."""
        document = {"file_name": name, "mime_type": mime, **self._file(content, size)}
        return self._send(text=caption, content={"document": document}, album=album)

    async def send_voice(self, content: bytes = b"OggS") -> int:
        return self._send(content={"voice": {"duration": 3, **self._file(content)}})

    async def send_video(self, content: bytes = b"mp4", caption: str = "") -> int:
        film = {"duration": 3, "width": 64, "height": 64, **self._file(content)}
        return self._send(text=caption, content={"video": film})

    async def send_video_note(self, content: bytes = b"mp4") -> int:
        return self._send(content={"video_note": {"duration": 3, "length": 64, **self._file(content)}})

    async def send_sticker(self) -> int:
        sides = {"width": 64, "height": 64, "is_animated": False, "is_video": False, "type": "regular"}
        return self._send(content={"sticker": sides | self._file(b"webp")})

    async def send_location(self, latitude: float, longitude: float) -> int:
        return self._send(content={"location": {"latitude": latitude, "longitude": longitude}})

    async def send_venue(self, latitude: float, longitude: float, title: str, address: str) -> int:
        place = {"latitude": latitude, "longitude": longitude}
        venue = {"location": place, "title": title, "address": address}
        return self._send(content={"location": place, "venue": venue})

    async def send_contact(self, number: str, name: str) -> int:
        return self._send(content={"contact": {"phone_number": number, "first_name": name}})

    async def send_poll(self, question: str) -> int:
        poll = {"id": "1", "question": question, "options": [], "total_voter_count": 0, "is_closed": False}
        rules = {
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        }
        return self._send(content={"poll": poll | rules})

    async def edit(self, message_id: int, text: str) -> None:
        """Change the text (or caption) of a message of one's own."""
        message = self.chat.messages[message_id]
        message.text, message.edited_at = text, self._world.now
        self._deliver("edited_message", message)

    async def tap(self, label: str, message_id: int | None = None, *, inaccessible: bool = False) -> str:
        """Tap the button with this label (or token), on the newest message that has it. Gives the tap's id.

        `inaccessible`: Telegram says no more of the message than its number, as it does for very old ones."""
        message, key = self._key(label, message_id)
        told = message_json(self._world, message)
        if inaccessible:
            told = {"chat": told["chat"], "message_id": message.id, "date": 0}
        tap = str(secrets.randbits(62))
        self._world.taps[tap] = (self.person, self._world.now)
        query = {"id": tap, "from": person_json(self.person), "chat_instance": "1", "message": told, "data": key.token}
        self._world.deliver("callback_query", query, TAP_SECONDS)
        self._woken()
        return tap

    async def delete(self, message_id: int) -> None:
        """The bot is not told."""
        del self.chat.messages[message_id]

    async def block(self) -> None:
        self.chat.blocked = True

    def _key(self, label: str, message_id: int | None) -> tuple[Shown, Key]:
        for message in reversed(self.cards()):
            for key in (key for row in message.keys for key in row):
                if label in {key.label, key.token} and message_id in {None, message.id}:
                    return message, key
        raise LookupError("no message on this phone has such a button")

    def _send(self, **seen: Any) -> int:
        message = self._world.add(self.chat, from_bot=False, **seen)
        self._deliver("message", message)
        return message.id

    def _deliver(self, kind: str, message: Shown) -> None:
        self._world.deliver(kind, message_json(self._world, message))
        self._woken()

    def _file(self, content: bytes, size: int | None = None) -> dict[str, Any]:
        name = self._world.store(content, size)
        return {"file_id": name, "file_unique_id": name[-12:], "file_size": self._world.sizes[name]}

    def _size(self, picture: Image.Image, side: int) -> dict[str, Any]:
        smaller, written = picture.copy(), io.BytesIO()
        smaller.thumbnail((side, side))
        smaller.save(written, "JPEG", quality=87)
        return {"width": smaller.width, "height": smaller.height, **self._file(written.getvalue())}
