"""Discord's phones once more, over a simulation that others wrote: a second opinion on what the platform does."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import discord as library
import simcord
from simcord.builders import UserHandle

from bot.chat_app import CardId, ChatApp, ChatId
from bot.chat_apps import discord
from bot.discord_app.marks import Marks
from tests.contracts.discord_harness import PEOPLE, WORDS
from tests.fake_discord.phone import FORM, plain
from tests.fake_discord.rules import BUTTON, GALLERY, TEXT, walk
from tests.fake_discord.world import Json

if TYPE_CHECKING:
    from tests.contracts.chat_app_harness import Seen


class SimcordPerson:
    """Somebody in the simulated app. Pictures of an album leave as one message."""

    def __init__(self, env: simcord.Env, user: UserHandle) -> None:
        self._env = env
        self._user = user
        self._album: list[tuple[str, bytes]] = []
        self._caption = ""
        self._album_name: str | None = None

    @property
    def user(self) -> UserHandle:
        return self._user

    @property
    def chat(self) -> ChatId:
        return ChatId(str(self._user.dm_channel.id))

    async def writes(self, text: str, answers: CardId | None = None) -> str:
        await self._flush()
        return await self._send(text, (), answers)

    async def sends_picture(self, picture: bytes, caption: str = "", album: str | None = None) -> str:
        if album != self._album_name:
            await self._flush()
        if album is None:
            return await self._send(caption, [("photo.jpg", picture)])
        self._album_name = album
        self._caption = self._caption or caption
        self._album.append(("photo.jpg", picture))
        return ""

    async def changes(self, message: str, text: str) -> None:
        (found,) = [shown for shown in self._user.dm_channel.history() if shown.id == int(message)]
        await self._env.advance_time(1)
        await self._user.edit(found, text)

    async def taps(self, label: str) -> None:
        for message in reversed(self._user.dm_channel.history()):
            names = [part["custom_id"] for part in parts(message) if part.get("label") == label]
            if names:
                await self._user.click(message, custom_id=names[-1])
                return
        raise AssertionError("no such button")

    async def cards(self) -> "list[Seen]":
        from tests.contracts.chat_app_harness import Seen

        found = []
        for message in self._user.dm_channel.history():
            if message.author.bot:
                shown = list(parts(message))
                text = "\n".join(plain(part["content"]) for part in shown if part["type"] == TEXT)
                labels = [part["label"] for part in shown if part["type"] == BUTTON and part["custom_id"] != FORM]
                pictures = [item for part in shown if part["type"] == GALLERY for item in part["items"]]
                found.append(Seen(text, tuple(labels), len(pictures)))
        return found

    async def _send(self, text: str, files: Any, answers: CardId | None = None) -> str:
        chat = self._user.dm_channel.id
        reference = None
        if answers is not None:
            told = {"channel_id": str(chat), "message_id": answers}
            reference = self._env.backend.normalize_message_reference(chat, told)
        stored = self._env.backend.store_attachments(chat, files)
        return str((await self._user.send_dm(text, reference=reference, attachments=stored)).id)

    async def _flush(self) -> None:
        album, self._album, self._album_name = self._album, [], None
        if album:
            await self._send(self._caption, album)
        self._caption = ""


class SimcordHarness:
    """The simulation goes on while our client is exchanged for another, or for one that hears nothing."""

    def __init__(self, env: simcord.Env, state: Path) -> None:
        self._env = env
        self._state = state
        users = {number: env.create_user(f"user{number}") for number in PEOPLE}
        marks = Marks(state / "discord.sqlite")
        for user in users.values():
            marks.know(user.dm_channel.id, user.dm_channel.id, 0)
        marks.close()
        self._people = {number: SimcordPerson(env, user) for number, user in users.items()}

    def person(self, number: int) -> SimcordPerson:
        return self._people[number]

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[ChatApp]:
        marks = Marks(self._state / "discord.sqlite")
        app = discord.Discord("simulated.discord.token", marks, WORDS, 0.01, patience=0)
        client = app.line.new_client()
        await self._env.restart_bot(client)
        app.line.use(client)
        await self._env.settle()
        try:
            yield app
        finally:
            await self._env.restart_bot(nobody())
            marks.close()


def nobody() -> library.Client:
    """A client that hears nothing."""
    return library.Client(intents=library.Intents.none())


def parts(message: library.Message) -> Iterator[Json]:
    components: Any = [component.to_dict() for component in message.components]
    return walk(components)


@asynccontextmanager
async def simcord_harness(folder: Path) -> AsyncIterator[SimcordHarness]:
    """Start a simulation of its own for a test."""
    env = simcord.Env(nobody())
    await env.start()
    try:
        yield SimcordHarness(env, folder / secrets.token_hex(4))
    finally:
        await env.shutdown()
    env.raise_errors()
