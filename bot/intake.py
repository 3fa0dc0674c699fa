"""Intake: everything that arrives is committed to the inbox first, then handled once, each chat in its order."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import answers, commands, inbox, outbox, reception, taps
from bot.chat_app import Card, CardGone, ChatApp, ChatAppDown, ChatGone, ChatId, Choice, Edit, Incoming, Message
from bot.decided import by_name
from bot.desk import Caller, Desk
from bot.inbox import InboxItem, InboxState
from shifts import roster
from shifts.database import Database, utc_now
from shifts.officer import Account
from shifts.refusal import Refusal
from shifts.state import AlreadyMoved

IDLE_SECONDS: Final = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item: the sentence to say (a words key with fields) and in which language."""

    sentence: str | None = None
    fields: Mapping[str, object] | None = None
    language: str = "en"
    known: bool = True


class Intake:
    """Takes what one bot process's chat apps deliver. `changed` is called after every commit."""

    def __init__(
        self, database: Database, apps: Mapping[str, ChatApp], desk: Desk, changed: Callable[[], None]
    ) -> None:
        self._database = database
        self._apps = apps
        self._desk = desk
        self._changed = changed
        self._arrived = asyncio.Event()

    async def listen(self, name: str) -> None:
        """Commit what an app delivers; asking for the next item says that the one before is committed."""
        async for incoming in self._apps[name].incoming():
            async with self._database.transaction() as session:
                await inbox.keep(session, self._desk.vault, name, incoming, utc_now())
            self._arrived.set()

    async def run(self) -> None:
        """Handle the inbox until cancelled."""
        while True:
            self._arrived.clear()
            if not await self.once():
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._arrived.wait()

    async def once(self) -> bool:
        """Handle what is there; False if there was nothing."""
        async with self._database.reading() as session:
            items = await inbox.pending(session, utc_now())
        held_up: set[tuple[str, str]] = set()
        for item in items:
            # What comes after a failure in the same chat waits for it: an edit must not overtake its message.
            if (item.app, item.chat) not in held_up and not await self._handle(item.id or 0):
                held_up.add((item.app, item.chat))
        return bool(items)

    async def _handle(self, item_id: int) -> bool:
        """False if it could not be handled this time."""
        now = utc_now()
        try:
            async with self._database.transaction() as session:
                item = await session.get_one(InboxItem, item_id, with_for_update=True, populate_existing=True)
                if item.state is not InboxState.NEW:
                    return True
                incoming = inbox.unpack(self._desk.vault, item)
                outcome = await self._try(session, item, incoming, now)
        except Exception as error:  # noqa: BLE001 - one item that cannot be handled must not hold up all the others
            await self._put_aside(item_id, error, now)
            return False
        self._changed()
        await self._say(item.app, incoming, outcome)
        if isinstance(incoming, Choice):
            await self._remove_double(item.app, incoming)
        return True

    async def _try(self, session: AsyncSession, item: InboxItem, incoming: Incoming, now: datetime) -> Outcome:
        """One item in a savepoint: a refusal leaves nothing behind but its sentence."""
        caller = await self._caller(session, item.app, incoming)
        language = caller.officer.language if caller else "en"
        try:
            async with session.begin_nested():
                sentence = await self._dispatch(session, item.app, caller, incoming, now)
        except Refusal as refusal:
            await inbox.handled(session, item, InboxState.REFUSED, refusal.sentence, now)
            return await self._refused(session, caller, incoming, await by_name(session, refusal), language)
        except AlreadyMoved:
            await inbox.handled(session, item, InboxState.REFUSED, "tap.already", now)
            return await self._refused(session, caller, incoming, Refusal("tap.already"), language)
        await inbox.handled(session, item, InboxState.HANDLED, None, now)
        return Outcome(sentence, None, language, caller is not None)

    async def _refused(
        self, session: AsyncSession, caller: Caller | None, incoming: Incoming, refusal: Refusal, language: str
    ) -> Outcome:
        if caller is not None and not isinstance(incoming, Choice):
            await outbox.tell(session, [caller.account], refusal.sentence, **refusal.fields)
            return Outcome(None, None, language)
        if isinstance(incoming, Choice):
            await self._show_anew(session, incoming, utc_now())
        return Outcome(refusal.sentence, refusal.fields, language, caller is not None)

    async def _show_anew(self, session: AsyncSession, choice: Choice, now: datetime) -> None:
        """A tap on a stale card: the card is told again as it is now."""
        slot_id = choice.token.partition(".")[0]
        if slot_id.isdecimal():
            slot = await session.get(outbox.Slot, int(slot_id))
            if slot is not None and slot.chat == choice.chat:
                await outbox.tapped(session, slot, now)

    async def _dispatch(
        self, session: AsyncSession, app: str, caller: Caller | None, incoming: Incoming, now: datetime
    ) -> str | None:
        if caller is None:
            if isinstance(incoming, Message) and commands.redeems(self._desk.words, incoming.text):
                return await commands.redeem(session, incoming.text, app, incoming.account, incoming.chat, now)
            raise Refusal("roster.not_enrolled")
        match incoming:
            case Choice():
                return await taps.press(session, self._desk, caller, incoming.token, now)
            case Edit():
                await reception.edit(session, self._desk, caller, incoming, now)
                return None
            case Message():
                await self._message(session, caller, incoming, now)
                return None

    async def _message(self, session: AsyncSession, caller: Caller, heard: Message, now: datetime) -> None:
        if heard.text.startswith("/"):
            await commands.run(session, self._desk, caller, heard.text, now)
            return
        if heard.answers is not None:
            slot = await outbox.by_card(session, caller.account.app, heard.chat, heard.answers)
            if slot is not None and await answers.answer(session, self._desk, caller, slot, heard, now):
                return
        besides = await reception.message(session, self._desk, caller, heard, now)
        if besides is not None:
            await outbox.tell(session, [caller.account], besides)

    async def _caller(self, session: AsyncSession, app: str, incoming: Incoming) -> Caller | None:
        person = await roster.person(session, app, incoming.account)
        if person is None:
            return None
        linked = select(Account).where(
            Account.app == app, Account.account == incoming.account, col(Account.revoked_at).is_(None)
        )
        return Caller(person, (await session.exec(linked)).one())

    async def _say(self, app: str, incoming: Incoming, outcome: Outcome) -> None:
        """Answer a tap at once; tell a stranger why. What is said to people we know stands in the outbox."""
        sentence = None
        if outcome.sentence is not None:
            sentence = self._desk.words.say(outcome.sentence, outcome.language, **self._fields(outcome))
        try:
            if isinstance(incoming, Choice):
                await self._apps[app].answer(incoming, sentence)
            elif sentence is not None and not outcome.known:
                await self._apps[app].show(Card(sentence), ChatId(incoming.chat), f"in-{incoming.id}")
        except (ChatAppDown, ChatGone):
            _log.info("a passing note could not be shown", extra={"app": app})

    def _fields(self, outcome: Outcome) -> dict[str, object]:
        return dict(outcome.fields or {})

    async def _remove_double(self, app: str, choice: Choice) -> None:
        """A process that was killed over showing a card never told which message that became, so it was shown again.

        Nobody can ask the chat app for it; a tap tells us where it stands, and it goes."""
        slot_id = choice.token.partition(".")[0]
        if not slot_id.isdecimal():
            return
        async with self._database.reading() as session:
            slot = await session.get(outbox.Slot, int(slot_id))
        if slot is None or (slot.app, slot.chat) != (app, choice.chat) or slot.card_id in {None, choice.card}:
            return
        try:
            await self._apps[app].remove(choice.card, ChatId(choice.chat))
        except (CardGone, ChatAppDown, ChatGone):
            _log.info("a double card could not be removed", extra={"slot": slot.id})

    async def _put_aside(self, item_id: int, error: Exception, now: datetime) -> None:
        _log.error("an inbox item could not be handled", extra={"item": item_id, "error": type(error).__name__})
        async with self._database.transaction() as session:
            item = await session.get_one(InboxItem, item_id, with_for_update=True, populate_existing=True)
            if await inbox.failed(session, item, type(error).__name__, now):
                await self._give_up(session, item)

    async def _give_up(self, session: AsyncSession, item: InboxItem) -> None:
        """It will never be handled: whoever sent it is told what to do, and so is whoever reads the log."""
        _log.critical("an inbox item was given up; its payload is kept", extra={"item": item.id, "app": item.app})
        there = select(Account).where(
            Account.app == item.app, Account.chat == item.chat, col(Account.revoked_at).is_(None)
        )
        await outbox.tell(session, (await session.exec(there)).all(), "reception.given_up")
