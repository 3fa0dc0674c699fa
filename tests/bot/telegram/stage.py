"""What tests of the Telegram adapter have in common."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from PIL import Image

from bot.chat_app import (
    Button,
    Card,
    ChatId,
    Picture,
)
from bot.chat_apps import telegram
from tests.fake_telegram.server import FakeTelegram

OFFICER = 1001
CHAT = ChatId("1001")
CARD = Card("214 · waiting", quote="Road closed", rows=((Button("a1", "Publish"),),))


def connect(fake: FakeTelegram, poll_seconds: int = 2) -> AbstractAsyncContextManager[telegram.Telegram]:
    return telegram.connect(token=fake.token, base_url=fake.base_url, poll_seconds=poll_seconds, first_pause=0.01)


def picture(folder: Path, name: str = "navy", size: tuple[int, int] = (64, 64)) -> Picture:
    path = folder / f"{name}.jpg"
    Image.new("RGB", size, name).save(path)
    return Picture(path, "a square")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  the platform is told from elsewhere
            await asyncio.sleep(0.01)
