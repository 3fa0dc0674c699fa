"""The line to Discord: one client after the other, for whatever ends one must not end the listening."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

import discord

from bot.chat_app import ChatAppDown
from bot.discord_app.trouble import FIRST_WAIT, SIGNED_OUT_WAIT, reason

LONGEST_PAUSE: Final = 60.0
LONG_ENOUGH: Final = 60.0
"""Seconds; a connection that lasted this long has earned a short pause again."""
LONGEST_RATE_WAIT: Final = 30.0
SIGN_IN_SECONDS: Final = 3.0
"""How long a call waits for a client; longer would hold up the cards of other chat apps."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """`heard_at` is when Discord last said anything to us; `trouble` why it does not now."""

    heard_at: datetime | None = None
    trouble: str | None = "not connected yet"


class Listener(Protocol):
    """Who is told what the client hears, in the platform's order; it notes what it is told before it waits."""

    async def connected(self, client: discord.Client) -> None: ...

    def message(self, client: discord.Client, message: discord.Message) -> None: ...

    def edit(self, client: discord.Client, message: discord.Message) -> None: ...

    async def interaction(self, interaction: discord.Interaction) -> None: ...


class Client(discord.Client):
    """The library's client: private messages only, nothing cached, nothing of what people write in its log."""

    def __init__(self, line: "Line", listener: Listener) -> None:
        intents = discord.Intents.none()
        intents.dm_messages = True
        super().__init__(
            intents=intents,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_RATE_WAIT,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self._line = line
        self._listener = listener

    async def on_connect(self) -> None:
        self._line.well()
        await self._listener.connected(self)

    async def on_resumed(self) -> None:
        self._line.well()

    async def on_disconnect(self) -> None:
        self._line.troubled("unreachable")

    async def on_message(self, message: discord.Message) -> None:
        self._line.well()
        self._listener.message(self, message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self._listener.edit(self, payload.message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self._line.well()
        await self._listener.interaction(interaction)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """The library would log the whole error with what was sent."""
        log.error("an event could not be taken: %s, %s", event_method, type(sys.exception()).__name__)


class Line:
    """Keeps one client connected."""

    def __init__(self, token: str, listener: Listener, clock: Callable[[], datetime], first_pause: float) -> None:
        self._token = token
        self._listener = listener
        self._clock = clock
        self._first_pause = first_pause
        self._client: Client | None = None
        self._signed_in = asyncio.Event()
        self.health = Health()

    async def client(self) -> Client:
        """The client that is signed in, which takes a moment after the start. Raises ChatAppDown if there is none."""
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                await self._signed_in.wait()
        except TimeoutError:
            raise ChatAppDown(SIGNED_OUT_WAIT if self.health.trouble == "signed out" else FIRST_WAIT) from None
        if self._client is None or self._client.is_closed():
            raise ChatAppDown
        return self._client

    def new_client(self) -> Client:
        """A client that tells our listener; `serve` makes its own."""
        return Client(self, self._listener)

    def use(self, client: Client) -> None:
        """Calls are made with this client from now on; it is signed in."""
        self._client = client
        self._signed_in.set()

    def well(self) -> None:
        self.health = Health(self._clock())

    def troubled(self, trouble: str) -> None:
        if trouble != self.health.trouble:
            log.warning("the line is down: %s", trouble)
        self.health = replace(self.health, trouble=trouble)

    async def serve(self) -> None:
        """Until cancelled: connect, and connect anew whatever ended it, after pauses that double up to a minute."""
        pause = self._first_pause
        while True:
            began = asyncio.get_running_loop().time()
            trouble = await self._once()
            self.troubled(trouble)
            if asyncio.get_running_loop().time() - began > LONG_ENOUGH:
                pause = self._first_pause
            await asyncio.sleep(SIGNED_OUT_WAIT if trouble == "signed out" else pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _once(self) -> str:
        """One client's life; gives why it ended. An event that the library can not read ends it, whatever it raises."""
        client = self.new_client()
        try:
            async with client:
                await client.login(self._token)
                self.use(client)
                await client.connect()
        except Exception as error:  # noqa: BLE001 - supervision: whatever ended one connection, there is a next
            return reason(error)
        finally:
            self._client = None
            self._signed_in.clear()
        return "unreachable"


@asynccontextmanager
async def listening(line: Line) -> AsyncIterator[None]:
    """The line is served in the background meanwhile."""
    serving = asyncio.create_task(line.serve())
    try:
        yield
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
