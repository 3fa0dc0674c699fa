"""What arrives from Discord, in its order, kept until whoever reads it asked for the next.

The platform keeps no queue for us: what was not taken when we stop is read back from the chats' own history."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from bot.chat_app import Choice, Edit, Incoming, Message
from bot.discord_app.marks import Marks

REMEMBERED: Final = 5000


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One item. `number` orders the items of a chat; `at` is when it was written or changed, in microseconds.

    `message` is how far the chat is taken with it, None for what stands in no history. `taken` is awaited when the item
    is committed."""

    item: Incoming
    chat: int
    number: int
    at: int
    message: int | None = None
    taken: Callable[[], Awaitable[None]] = _nothing


class Inbox:
    """One reader at a time; what the last one took without asking for more is given to the next again."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._queue: asyncio.Queue[Arrival] = asyncio.Queue()
        self._held: dict[int, list[Arrival]] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._given: Arrival | None = None

    def hear(self, arrival: Arrival) -> None:
        """Something arrived just now. It waits behind the chat's history while that is being read."""
        if arrival.message is not None:
            self._marks.know(arrival.chat, arrival.message - 1, arrival.at - 1)
        held = self._held.get(arrival.chat)
        if held is not None:
            held.append(arrival)
        else:
            self._add(arrival)

    def hold(self, chats: Iterable[int]) -> None:
        """The histories of these chats are about to be read."""
        for chat in chats:
            self._held.setdefault(chat, [])

    def missed(self, chat: int, arrivals: Iterable[Arrival]) -> None:
        """What a chat's history told; then what arrived meanwhile, each once and in order."""
        for arrival in sorted([*arrivals, *self._held.pop(chat, [])], key=lambda arrival: arrival.number):
            self._add(arrival)

    async def items(self) -> AsyncIterator[Incoming]:
        """Everything, for ever. Asking for the next says that the one before is committed."""
        while True:
            arrival = self._given or await self._queue.get()
            self._given = arrival
            yield arrival.item
            self._given = None
            self._mark(arrival)
            await arrival.taken()

    def _add(self, arrival: Arrival) -> None:
        if arrival.item.id in self._seen:
            return
        self._seen[arrival.item.id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._queue.put_nowait(arrival)

    def _mark(self, arrival: Arrival) -> None:
        match arrival.item:
            case Message():
                if arrival.message is not None:
                    self._marks.take(arrival.chat, arrival.message, arrival.at)
            case Edit():
                self._marks.take(arrival.chat, 0, arrival.at)
            case Choice():
                pass
