"""What arrives from a chat app, one at a time."""

import asyncio
from collections.abc import AsyncIterator

from bot.chat_app import Incoming, Message


async def take(incoming: AsyncIterator[Incoming]) -> Incoming:
    return await asyncio.wait_for(anext(incoming), 30)


async def take_message(incoming: AsyncIterator[Incoming]) -> Message:
    item = await take(incoming)
    assert isinstance(item, Message)
    return item
