"""A Telegram of its own for each test, an officer's phone, and the adapter."""

from collections.abc import AsyncIterator

import pytest

from bot.chat_apps import telegram
from tests.bot.telegram.stage import OFFICER, connect
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().serving() as started:
        yield started


@pytest.fixture
def phone(fake: FakeTelegram) -> Phone:
    return fake.phone(OFFICER)


@pytest.fixture
async def app(fake: FakeTelegram) -> AsyncIterator[telegram.Telegram]:
    async with connect(fake) as connected:
        yield connected
