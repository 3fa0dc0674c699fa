"""The sender: renders the cards that are no longer true and shows them, each chat in order, chats side by side."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bot import outbox
from bot.chat_app import Card, CardGone, CardId, ChatApp, ChatAppDown, ChatGone, ChatId, Forgets
from bot.outbox import Slot
from bot.render import CutOff, Renderer
from shifts.database import Database, utc_now

IDLE_SECONDS: Final = 0.15
_log = logging.getLogger(__name__)


class Sender:
    """Shows the slots of the outbox in their chat apps until it is stopped."""

    def __init__(self, database: Database, apps: Mapping[str, ChatApp], renderer: Renderer) -> None:
        self._database = database
        self._apps = apps
        self._renderer = renderer
        self.nudge = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. A nudge wakes it at once; another process's changes are seen within the idle time.

        Each app has a loop of its own: one that hangs delays nobody in another."""
        async with asyncio.TaskGroup() as group:
            for app in self._apps:
                group.create_task(self._run(app))

    async def _run(self, app: str) -> None:
        while True:
            self.nudge.clear()
            if not await self._show(app, utc_now()):
                try:
                    await asyncio.wait_for(self.nudge.wait(), IDLE_SECONDS)
                except TimeoutError:
                    continue

    async def once(self, now: datetime) -> bool:
        """Show what is untrue now; False if there was nothing."""
        return any([await self._show(app, now) for app in self._apps])

    async def _show(self, app: str, now: datetime) -> bool:
        async with self._database.reading() as session:
            slots = await outbox.untrue(session, now, app)
        by_chat: dict[str, list[Slot]] = defaultdict(list)
        for slot in slots:
            by_chat[slot.chat].append(slot)
        await asyncio.gather(*(self._chat(chat, now) for chat in by_chat.values()))
        return bool(slots)

    async def _chat(self, slots: Sequence[Slot], now: datetime) -> None:
        for slot in slots:
            try:
                await self._slot(slot, now)
            except ChatAppDown as down:
                async with self._database.transaction() as session:
                    await outbox.later(session, slot.id or 0, now, down.wait)
                return
            except ChatGone:
                async with self._database.transaction() as session:
                    await outbox.close(session, slot.id or 0)

    async def _slot(self, slot: Slot, now: datetime) -> None:
        app, chat = self._apps[slot.app], ChatId(slot.chat)
        if slot.remove_at is not None and slot.remove_at <= now:
            await self._remove(app, chat, slot)
            return
        try:
            card = await self._renderer.card(slot, now)
        except CutOff as cut_off:
            await self._cut_off(app, chat, slot, cut_off.card)
            return
        if card is None:
            await self._remove(app, chat, slot)
            return
        card_id, sent = slot.card_id, None
        if card_id is not None:
            try:
                await app.replace(CardId(card_id), chat, card)
            except CardGone:
                card_id = None
        if card_id is None:
            card_id, sent = await app.show(card, chat, f"slot-{slot.id}-{slot.shows}"), now
        done = slot.kind is outbox.SlotKind.NOTICE
        async with self._database.transaction() as session:
            await outbox.shown(session, slot.id or 0, slot.wanted, card_id, done, sent)

    async def _cut_off(self, app: ChatApp, chat: ChatId, slot: Slot, card: Card) -> None:
        """What stands there becomes one plain line; where the platform can not change it, it goes altogether."""
        if slot.kind is outbox.SlotKind.COPY:
            await self._remove(app, chat, slot)
            return
        if slot.card_id is not None:
            try:
                await app.replace(CardId(slot.card_id), chat, card)
            except CardGone:
                await self._remove(app, chat, slot)
                return
        async with self._database.transaction() as session:
            await outbox.close(session, slot.id or 0)

    async def _remove(self, app: ChatApp, chat: ChatId, slot: Slot) -> None:
        if slot.card_id is not None:
            try:
                if slot.kind is not outbox.SlotKind.COPY:
                    await app.remove(CardId(slot.card_id), chat)
                elif isinstance(app, Forgets):
                    await app.forget(slot.card_id, chat)
            except CardGone:
                _log.warning("a card could no longer be removed", extra={"slot": slot.id})
        async with self._database.transaction() as session:
            await outbox.close(session, slot.id or 0)
