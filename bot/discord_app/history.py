"""Back-fill: what was written and changed in the known chats while nobody listened."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.chat_app import CardGone, ChatAppDown, ChatGone
from bot.discord_app.inbox import Arrival, Inbox
from bot.discord_app.marks import Mark, Marks
from bot.discord_app.reading import POISON, changed, damaged, written
from bot.discord_app.trouble import FIRST_WAIT, translated

PAGE: Final = 100
EDITS_AMONG: Final = 25
"""So many of the latest messages are looked at for changes."""
SIDE_BY_SIDE: Final = 5
LONGEST_PAUSE: Final = 30.0

log = logging.getLogger(__name__)


class History:
    """Reads every known chat from its mark on. Each chat waits for its own history alone."""

    def __init__(self, marks: Marks, inbox: Inbox, first_pause: float) -> None:
        self._marks = marks
        self._inbox = inbox
        self._first_pause = first_pause

    def begin(self) -> dict[int, Mark]:
        """At once after every new session: what arrives from now on stands behind what was missed."""
        marks = self._marks.chats()
        self._inbox.hold(marks)
        return marks

    async def catch_up(self, client: discord.Client, marks: Mapping[int, Mark]) -> None:
        """Read what `begin` gave. A chat that can not be read now is read again until it can, or is gone."""
        turns = asyncio.Semaphore(SIDE_BY_SIDE)
        async with asyncio.TaskGroup() as group:
            for chat, mark in marks.items():
                group.create_task(self._chat(client, chat, mark, turns))

    async def _chat(self, client: discord.Client, chat: int, mark: Mark, turns: asyncio.Semaphore) -> None:
        pause = self._first_pause
        while True:
            try:
                async with turns:
                    found = await self._read(client, chat, mark)
            except ChatAppDown as down:
                if client.is_closed():
                    return
                await asyncio.sleep(max(pause, down.wait) if down.wait > FIRST_WAIT else pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            except (ChatGone, CardGone):
                self._inbox.missed(chat, ())
                return
            else:
                self._inbox.missed(chat, found)
                return

    async def _read(self, client: discord.Client, chat: int, mark: Mark) -> list[Arrival]:
        found: list[Arrival] = []
        after = mark.after
        while True:
            page = await self._page(client, chat, PAGE, after=after)
            found += self._arrivals(client, chat, page)
            if len(page) < PAGE:
                break
            after = max((int(raw["id"]) for raw in page if str(raw.get("id")).isdecimal()), default=after)
        if mark.after:
            earlier = await self._page(client, chat, EDITS_AMONG, before=mark.after + 1)
            found += self._changes(client, chat, earlier, mark)
        return found

    async def _page(
        self, client: discord.Client, chat: int, limit: int, before: int | None = None, after: int | None = None
    ) -> list[Mapping[str, Any]]:
        async with translated():
            found: object = await client.http.logs_from(chat, limit, before=before, after=after)
        return [raw for raw in found if isinstance(raw, dict)] if isinstance(found, list) else []

    def _arrivals(self, client: discord.Client, chat: int, page: list[Mapping[str, Any]]) -> list[Arrival]:
        found = []
        for raw in page:
            try:
                arrival = self._arrival(client, chat, raw)
            except POISON as error:
                log.error("a message can not be read: %s", type(error).__name__)
                continue
            if arrival is not None:
                found.append(arrival)
        return found

    def _arrival(self, client: discord.Client, chat: int, raw: Mapping[str, Any]) -> Arrival | None:
        try:
            return written(_message(client, chat, raw), ours(client))
        except POISON:
            return damaged(raw, chat, ours(client))

    def _changes(self, client: discord.Client, chat: int, page: list[Mapping[str, Any]], mark: Mark) -> list[Arrival]:
        found = []
        for raw in page:
            try:
                arrival = changed(_message(client, chat, raw), ours(client))
            except POISON as error:
                log.error("a change can not be read: %s", type(error).__name__)
                continue
            if arrival is not None and arrival.at > mark.edits_after:
                found.append(arrival)
        return found


def ours(client: discord.Client) -> int:
    """The bot's own account."""
    return client.user.id if client.user else 0


def _message(client: discord.Client, chat: int, raw: Any) -> discord.Message:
    channel: Any = client.get_partial_messageable(chat)
    return discord.Message(state=client._connection, channel=channel, data=raw)
