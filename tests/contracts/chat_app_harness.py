"""People and their phones on each platform, for the contract over every chat app. A new chat app adds a harness."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from bot.chat_app import Card, CardGone, CardId, ChatApp, ChatId, Picture
from bot.chat_apps import telegram
from tests.contracts.discord_harness import discord_harness
from tests.contracts.rehearsal_harness import rehearsal_harness
from tests.contracts.simcord_harness import simcord_harness
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram


@dataclass(frozen=True)
class Seen:
    """One card as it stands on a screen."""

    text: str
    labels: tuple[str, ...]
    pictures: int


class Person(Protocol):
    """Somebody with the chat app open."""

    @property
    def chat(self) -> ChatId: ...

    async def writes(self, text: str, answers: CardId | None = None) -> str:
        """Send a text, as an answer to a card if one is given; gives the name that an Edit of it will have."""
        ...

    async def sends_picture(self, picture: bytes, caption: str = "", album: str | None = None) -> str: ...

    async def changes(self, message: str, text: str) -> None: ...

    async def taps(self, label: str) -> None:
        """Tap the newest button with this label."""
        ...

    async def cards(self) -> list[Seen]:
        """The cards on the screen, from top to bottom."""
        ...


class Harness(Protocol):
    """A platform that goes on while our program stops and starts again."""

    def person(self, number: int) -> Person: ...

    def connect(self) -> AbstractAsyncContextManager[ChatApp]:
        """Start our side."""
        ...


class FailingHarness(Harness, Protocol):
    """A platform that can be away, and where a person can leave."""

    def goes_away(self, calls: int) -> None:
        """The next calls fail."""
        ...

    async def leaves(self, number: int) -> None: ...


class TelegramPerson:
    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    @property
    def chat(self) -> ChatId:
        return ChatId(str(self._phone.person))

    async def writes(self, text: str, answers: CardId | None = None) -> str:
        card = int(answers.split("+")[0]) if answers else None
        return str(await self._phone.send_text(text, card))

    async def sends_picture(self, picture: bytes, caption: str = "", album: str | None = None) -> str:
        return str(await self._phone.send_photo(picture, caption, album))

    async def changes(self, message: str, text: str) -> None:
        await self._phone.edit(int(message), text)

    async def taps(self, label: str) -> None:
        await self._phone.tap(label)

    async def cards(self) -> list[Seen]:
        """Photos without words belong to the card under them."""
        seen: list[Seen] = []
        above = 0
        for message in self._phone.cards():
            pictures = above + (message.photo is not None)
            if message.text:
                seen.append(Seen(message.text, tuple(message.labels), pictures))
            above = 0 if message.text else pictures
        return seen


class TelegramHarness:
    def __init__(self, fake: FakeTelegram) -> None:
        self.fake = fake

    def person(self, number: int) -> TelegramPerson:
        return TelegramPerson(self.fake.phone(number))

    def connect(self) -> AbstractAsyncContextManager[ChatApp]:
        return telegram.connect(token=self.fake.token, base_url=self.fake.base_url, poll_seconds=2, first_pause=0.01)

    def goes_away(self, calls: int) -> None:
        self.fake.fail("html", times=calls, status=502)

    async def leaves(self, number: int) -> None:
        await self.fake.phone(number).block()


@asynccontextmanager
async def telegram_harness(_folder: Path) -> AsyncIterator[TelegramHarness]:
    async with FakeTelegram().serving() as fake:
        yield TelegramHarness(fake)


HARNESSES: dict[str, Callable[[Path], AbstractAsyncContextManager[Harness]]] = {
    "telegram": telegram_harness,
    "rehearsal": rehearsal_harness,
    "discord": discord_harness,
    "discord, simulated": simcord_harness,
}
FAILING: dict[str, Callable[[Path], AbstractAsyncContextManager[FailingHarness]]] = {
    "telegram": telegram_harness,
    "discord": discord_harness,
}


def jpeg(colour: str, side: int = 64) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(written, "JPEG")
    return written.getvalue()


async def change(app: ChatApp, card_id: CardId, chat: ChatId, card: Card) -> CardId:
    """As the bot changes a card: in place, anew when the app says that it is gone."""
    try:
        await app.replace(card_id, chat, card)
    except CardGone:
        return await app.show(card, chat, f"anew {card.title}")
    return card_id


def three_pictures(folder: Path) -> tuple[Picture, ...]:
    """Small ones, each of one colour."""
    made = []
    for colour in ("navy", "olive", "maroon"):
        path = folder / f"{colour}.jpg"
        path.write_bytes(jpeg(colour))
        made.append(Picture(path, f"a {colour} square"))
    return tuple(made)
