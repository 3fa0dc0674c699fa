"""Discord's phones for the contract over every chat app."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.chat_app import CardId, ChatApp, ChatId
from bot.chat_apps import discord
from bot.discord_app.marks import Marks
from shifts.words import Words
from tests.fake_discord.phone import FORM, Phone
from tests.fake_discord.server import FakeDiscord

if TYPE_CHECKING:
    from tests.contracts.chat_app_harness import Seen

PEOPLE = (1001, 1002)
WORDS = Words.load(Path(__file__).parents[2] / "config" / "languages")


class DiscordPerson:
    """Somebody in the app. Pictures of an album leave as one message."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._album: list[tuple[str, bytes]] = []
        self._caption = ""
        self._album_name: str | None = None

    @property
    def chat(self) -> ChatId:
        return ChatId(str(self._phone.chat))

    async def writes(self, text: str, answers: CardId | None = None) -> str:
        self._flush()
        return str(self._phone.send(text, int(answers) if answers else None))

    async def sends_picture(self, picture: bytes, caption: str = "", album: str | None = None) -> str:
        if album != self._album_name:
            self._flush()
        if album is None:
            return str(self._phone.send(caption, files=[("photo.jpg", picture)]))
        self._album_name = album
        self._caption = self._caption or caption
        self._album.append(("photo.jpg", picture))
        return ""

    async def changes(self, message: str, text: str) -> None:
        self._phone.edit(int(message), text)

    async def taps(self, label: str) -> None:
        self._phone.tap(label)

    async def cards(self) -> "list[Seen]":
        """The button that opens a form belongs to the platform, not to the card."""
        from tests.contracts.chat_app_harness import Seen

        return [
            Seen(card.text, tuple(label for label, name in card.buttons.items() if name != FORM), len(card.pictures))
            for card in self._phone.cards()
        ]

    def _flush(self) -> None:
        album, self._album, self._album_name = self._album, [], None
        if album:
            self._phone.send(self._caption, files=album)
        self._caption = ""


class DiscordHarness:
    """The platform goes on, and the adapter's own file stays; both people have written before."""

    def __init__(self, fake: FakeDiscord, state: Path) -> None:
        self.fake = fake
        self._state = state
        marks = Marks(state / "discord.sqlite")
        for number in PEOPLE:
            marks.know(fake.phone(number).chat, fake.world.snowflake(), 0)
        marks.close()
        self._people = {number: DiscordPerson(fake.phone(number)) for number in PEOPLE}

    def person(self, number: int) -> DiscordPerson:
        return self._people[number]

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[ChatApp]:
        async with discord.connect(token=self.fake.token, state=self._state, words=WORDS, first_pause=0.01) as app:
            await asyncio.wait_for(app.caught_up.wait(), 30)
            yield app

    def goes_away(self, calls: int) -> None:
        self.fake.fail("status", times=calls, status=503)

    async def leaves(self, number: int) -> None:
        self.fake.phone(number).leave()


@asynccontextmanager
async def discord_harness(folder: Path) -> AsyncIterator[DiscordHarness]:
    """Start a platform of its own for a test."""
    async with FakeDiscord().serving() as fake:
        yield DiscordHarness(fake, folder / secrets.token_hex(4))
