"""The live stream: one event encoded once, the same bytes written to every reader (Server-Sent Events)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from shifts.website.edition import Edition

MAX_UNREAD: Final = 256 * 1024
"""Bytes that a slow reader may leave unread; then it is dropped, and comes back with Last-Event-ID."""

READERS_AT_A_TIME: Final = 500
HEARTBEAT: Final = b":\n\n"


class NoRoom(Exception):
    """There are as many readers as we take, in all or from one address."""


@dataclass(frozen=True)
class Frame:
    """One event as bytes: `plain`, and `chunked` as HTTP/1.1 frames it."""

    plain: bytes
    chunked: bytes


def frame(event: bytes) -> Frame:
    """Encode an event once for all readers."""
    return Frame(event, b"%x\r\n%b\r\n" % (len(event), event))


@dataclass(eq=False)
class Reader:
    """One open stream. `gone` is set when there is nobody left to write to."""

    transport: asyncio.Transport
    chunked: bool
    edition: Edition
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, event: Frame) -> None:
        """Hand the bytes to the operating system, or drop a reader who does not read."""
        if self.transport.is_closing():
            self.gone.set()
        elif self.transport.get_write_buffer_size() > MAX_UNREAD:
            self.transport.abort()
            self.gone.set()
        else:
            self.transport.write(event.chunked if self.chunked else event.plain)


class LiveStream:
    """All readers. `position` is the newest change that was sent to them."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self.position = 0
        self._most = most
        self._most_per_address = most_per_address
        self._readers: set[Reader] = set()
        self._by_address: Counter[str] = Counter()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._readers)

    @contextmanager
    def seat(self, address: str) -> Iterator[None]:
        """Take one of the places that an address has. Raises NoRoom."""
        full = self._by_address.total() >= self._most or self._by_address[address] >= self._most_per_address
        if self._stopping or full:
            raise NoRoom
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    async def follow(self, reader: Reader) -> None:
        """Write to a reader what is sent from now on, until it leaves or the stream is stopped."""
        self._readers.add(reader)
        try:
            if not self._stopping:
                await reader.gone.wait()
        finally:
            self._readers.discard(reader)

    async def send(self, position: int, encode: Callable[[Edition], bytes]) -> None:
        """Send the change at `position` to everybody; `encode` is asked once for each edition that is being read."""
        self.position = position
        frames: dict[Edition, Frame] = {}
        readers = tuple(self._readers)
        for number, reader in enumerate(readers, start=1):
            if reader.edition not in frames:
                frames[reader.edition] = frame(encode(reader.edition))
            reader.write(frames[reader.edition])
            if number % READERS_AT_A_TIME == 0:
                await asyncio.sleep(0)

    async def beat(self) -> None:
        """Keep connections open through proxies, and find out who has left."""
        await self.send(self.position, lambda _: HEARTBEAT)

    def stop_streaming(self) -> None:
        """Let every reader go: without this a shutdown waits for each of them."""
        self._stopping = True
        for reader in self._readers:
            reader.gone.set()
