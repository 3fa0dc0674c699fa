"""A platform, a bot and a phone, for what is particular to Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.chat_app import Ask, Button, Card, ChatId, Incoming, Weight
from bot.chat_apps import discord
from bot.discord_app.marks import Marks
from shifts.words import Words
from tests.contracts.discord_harness import WORDS
from tests.fake_discord.phone import Phone
from tests.fake_discord.server import FakeDiscord

OFFICER = 1001
CARD = Card(
    "214 · waiting",
    quote="Road closed",
    rows=((Button("a1", "Publish", Weight.MAIN), Button("a2", "Drop", Weight.DANGER)),),
)
ASKING = Card("214 · edit", ask=Ask("Answer this message with the new text.", "Road *closed* until 22:00"))


@dataclass
class Stage:
    """`state` outlives every connection, as the platform does."""

    fake: FakeDiscord
    phone: Phone
    state: Path

    @property
    def chat(self) -> ChatId:
        return ChatId(str(self.phone.chat))

    @asynccontextmanager
    async def connect(
        self, token: str | None = None, *, wait: bool = True, words: Words = WORDS, **pauses: float
    ) -> AsyncIterator[discord.Discord]:
        pauses = {"first_pause": 0.01, **pauses}
        async with discord.connect(token=token or self.fake.token, state=self.state, words=words, **pauses) as app:
            if token is None and wait:
                await asyncio.wait_for(app.caught_up.wait(), 30)
            yield app

    def knows(self, phone: Phone) -> None:
        """This person has written before."""
        marks = Marks(self.state / "discord.sqlite")
        marks.know(phone.chat, self.fake.world.snowflake(), 0)
        marks.close()


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """An officer who has written before, and a platform of their own."""
    async with FakeDiscord().serving() as fake:
        stage = Stage(fake, fake.phone(OFFICER), folder / "chat_apps")
        stage.knows(stage.phone)
        yield stage


async def nothing_more(incoming: AsyncIterator[Incoming], seconds: float = 0.15) -> bool:
    """Whether nothing else arrives; what was taken last counts as committed."""
    asking = asyncio.ensure_future(anext(incoming))
    done, _ = await asyncio.wait({asking}, timeout=seconds)
    if not done:
        asking.cancel()
        await asyncio.wait({asking})
    return not done
