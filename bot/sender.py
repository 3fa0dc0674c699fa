"""The sender: renders the cards that are no longer true and shows them, each chat in order, chats side by side."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol

from bot import outbox
from bot.chat_app import Card, CardGone, CardId, ChatApp, ChatAppDown, ChatGone, ChatId, Forgets, Sweeps
from bot.outbox import Slot
from bot.render import CutOff
from shifts.database import Database, utc_now

IDLE_SECONDS: Final = 0.15
IN_A_ROW: Final = 8
"""How many cards of a chat are shown before it is asked again what is most urgent there."""
FAILED_SECONDS: Final = 60.0
"""After so long a card is tried again that could not be shown for a reason nobody foresaw."""
_log = logging.getLogger(__name__)


class Renders(Protocol):
    """What knows the card of a slot (`bot.render.Renderer`)."""

    async def card(self, slot: Slot, now: datetime) -> Card | None:
        """The card that is true now; None if there is nothing left to tell. Raises CutOff."""
        ...


class Sender:
    """Shows the slots of the outbox in their chat apps until it is stopped."""

    def __init__(self, database: Database, apps: Mapping[str, ChatApp], renderer: Renders) -> None:
        self._database = database
        self._apps = apps
        self._renderer = renderer
        self.nudge = asyncio.Event()
        self._busy: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Until cancelled. A nudge wakes it at once; another process's changes are seen within the idle time.

        Each app has a loop of its own, and each chat is a task of its own: one that hangs delays nobody in another."""
        self._busy.clear()  # a task that was cancelled before it began never said that it was done
        async with asyncio.TaskGroup() as group:
            for app in self._apps:
                group.create_task(self._run(app, group))

    async def _run(self, app: str, group: asyncio.TaskGroup) -> None:
        while True:
            self.nudge.clear()
            if not await self._begin(app, utc_now(), group):
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self.nudge.wait()

    async def once(self, now: datetime) -> bool:
        """Show what is untrue now; False if there was nothing."""
        async with asyncio.TaskGroup() as group:
            begun = [await self._begin(app, now, group) for app in self._apps]
        return any(begun)

    async def _begin(self, app: str, now: datetime, group: asyncio.TaskGroup) -> bool:
        """Begin with every chat that has something to show and is not at it already; False if there was none."""
        async with self._database.reading() as session:
            slots = await outbox.untrue(session, now, app, [chat for at, chat in self._busy if at == app])
        by_chat: dict[str, list[Slot]] = defaultdict(list)
        for slot in slots:
            by_chat[slot.chat].append(slot)
        for chat, waiting in by_chat.items():
            self._busy.add((app, chat))
            group.create_task(self._chat((app, chat), waiting[:IN_A_ROW], now))
        return bool(by_chat)

    async def _chat(self, chat: tuple[str, str], slots: Sequence[Slot], now: datetime) -> None:
        try:
            for slot in slots:
                if not await self._try(slot, now):
                    return
        finally:
            self._busy.discard(chat)
            self.nudge.set()

    async def _try(self, slot: Slot, now: datetime) -> bool:
        """Show one card; False if its chat takes nothing more now."""
        try:
            await self._slot(slot, now)
        except ChatAppDown as down:
            await self._later(slot, now, down.wait)
            return False
        except ChatGone:
            async with self._database.transaction() as session:
                await outbox.close(session, slot.id or 0)
        except Exception as error:  # noqa: BLE001 - one card that cannot be shown must not hold up all the others
            _log.error("a card could not be shown", extra={"slot": slot.id, "error": type(error).__name__})
            await self._later(slot, now, FAILED_SECONDS)
        return True

    async def _later(self, slot: Slot, now: datetime, wait: float) -> None:
        async with self._database.transaction() as session:
            await outbox.later(session, slot.id or 0, now, wait)

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
            card_id, sent = await self._anew(app, chat, slot, card, now), now
        done = slot.kind is outbox.SlotKind.NOTICE
        async with self._database.transaction() as session:
            await outbox.shown(session, slot.id or 0, slot.wanted, card_id, done, sent)
        if sent is not None and slot.tried_at is not None and isinstance(app, Sweeps):
            try:
                await self._sweep(app, chat, slot, slot.tried_at, CardId(card_id))
            except (ChatAppDown, ChatGone):
                _log.info("a double card was not looked for", extra={"slot": slot.id})

    async def _anew(self, app: ChatApp, chat: ChatId, slot: Slot, card: Card, now: datetime) -> CardId:
        """Show it as a new message. Raises ChatAppDown, ChatGone."""
        async with self._database.transaction() as session:
            await outbox.trying(session, slot.id or 0, now)
        try:
            return await app.show(card, chat, f"slot-{slot.id}-{slot.shows}")
        except ChatAppDown as down:
            if slot.tried_at is None and not down.unclear:
                async with self._database.transaction() as session:
                    await outbox.not_sent(session, slot.id or 0)
            raise

    async def _sweep(self, app: Sweeps, chat: ChatId, slot: Slot, tried_at: datetime, newest: CardId) -> None:
        """It was tried before, and nobody knew what came of it: that card goes. Raises ChatAppDown, ChatGone."""
        async with self._database.reading() as session:
            after, known = await outbox.around(session, slot, tried_at)
        cards = frozenset(CardId(each) for each in known)
        await app.sweep(chat, None if after is None else CardId(after), newest, cards)

    async def _take_away_unnamed(self, app: ChatApp, chat: ChatId, slot: Slot) -> None:
        """It is to go, and may stand there although nobody knows as which message: looked for before a line of ours,
        which goes as well. Raises ChatAppDown, ChatGone."""
        if slot.tried_at is None or not isinstance(app, Sweeps):
            return
        line = await app.show(Card("…"), chat, f"slot-{slot.id}-gone")
        await self._sweep(app, chat, slot, slot.tried_at, line)
        await app.remove(line, chat)

    async def _cut_off(self, app: ChatApp, chat: ChatId, slot: Slot, card: Card) -> None:
        """What stands there becomes one plain line; where the platform can not change it, it goes altogether."""
        if slot.kind is outbox.SlotKind.COPY or slot.card_id is None:
            await self._remove(app, chat, slot)
            return
        try:
            await app.replace(CardId(slot.card_id), chat, card)
        except CardGone:
            await self._remove(app, chat, slot)
            return
        async with self._database.transaction() as session:
            await outbox.close(session, slot.id or 0)

    async def _remove(self, app: ChatApp, chat: ChatId, slot: Slot) -> None:
        if slot.card_id is None:
            await self._take_away_unnamed(app, chat, slot)
        else:
            try:
                if slot.kind is not outbox.SlotKind.COPY:
                    await app.remove(CardId(slot.card_id), chat)
                elif isinstance(app, Forgets):
                    await app.forget(slot.card_id, chat)
            except CardGone:
                _log.warning("a card could no longer be removed", extra={"slot": slot.id})
        async with self._database.transaction() as session:
            await outbox.close(session, slot.id or 0)
