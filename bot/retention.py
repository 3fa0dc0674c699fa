"""Retention: everything that holds words of people dies on a clock of its own, counted in the log and in the audit."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import inbox, outbox
from bot.alarm import Alarm
from bot.delivery import Delivery
from bot.due import each
from bot.fixed_answer import FixedAnswer
from bot.inbox import INBOX, InboxItem, InboxState
from bot.media_folder import MediaFolder
from bot.outbox import Slot, SlotKind
from bot.reply import Reply
from bot.settings import Times
from moderation import audit
from moderation.audit import AuditEntry
from moderation.post import Post, PostPicture
from moderation.vault import Vault
from shifts.database import Database
from shifts.officer import Account
from shifts.timeline import Entry, files_of

AT_ONCE: Final = 200
"""How many of a kind die in one transaction: others write in between."""
REACH: Final = timedelta(hours=48)
"""How long after a message a chat app lets a bot delete it, at best."""

UNNAMED: Final = timedelta(hours=1)
"""A covered file that nothing names for so long is not just being made, nor just being read."""

_log = logging.getLogger(__name__)
Named = Callable[[], Awaitable[Collection[str] | None]]
Step = Callable[[AsyncSession, datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where covered pictures and videos lie, and those of them that are public."""

    covered: MediaFolder
    public: MediaFolder


@dataclass(slots=True)
class Spares:
    """The files of a folder that nothing names by their hash; `since` when this has been so, as far as was looked.

    `named` gives None for a database that has never named any: it is not the one that the folder belongs to."""

    folder: MediaFolder
    named: Named
    since: dict[str, datetime] = field(default_factory=dict)

    async def due(self, now: datetime) -> list[str]:
        """What nothing has named for an hour, each time that it was looked."""
        before = now - UNNAMED
        old = await asyncio.to_thread(self.folder.old, before)
        used = await self.named() if old else None
        spare = (name for name in old if used is not None and _is_spare(name, used))
        self.since = {name: self.since.get(name, now) for name in spare}
        return [name for name, since in sorted(self.since.items()) if since <= before]


class Retention:
    """What is past its clock goes. Each step is one transaction with its audit line and can be repeated.

    `forgetful`: the chat apps that let a bot delete what a person sent."""

    def __init__(
        self, database: Database, vault: Vault, times: Times, forgetful: Collection[str], folders: Folders
    ) -> None:
        self._database = database
        self._vault = vault
        self._times = times
        self._forgetful = tuple(forgetful)
        self._covered = Spares(folders.covered, self._named)
        self._public = Spares(folders.public, self._shown)

    async def tick(self, now: datetime) -> bool:
        """Let die what is due; False if there was nothing."""
        steps: dict[str, Step] = {
            "originals": self._originals,
            "inbox payloads": self._payloads,
            "replies": self._replies,
            "cards": self._cards,
            "messages": self._messages,
            "covered files": self._files(self._covered),
            "public files": self._files(self._public),
        }
        return any(await each(steps.items(), lambda one: self._done(*one, now)))

    async def _done(self, what: str, step: Step, now: datetime) -> int:
        async with self._database.transaction() as session:
            count = await step(session, now)
            if count:
                await audit.record(session, now, "retention", what, None, count=count)
        if count:
            _log.info("past its clock", extra={"what": what, "count": count})
        return count

    async def _originals(self, session: AsyncSession, now: datetime) -> int:
        return await self._vault.purge(session, now, now - timedelta(days=self._times.originals_days))

    def _files(self, spares: Spares) -> Step:
        """What nothing has named for an hour: an earlier, weaker covering, or what was public and was recalled."""

        async def step(session: AsyncSession, now: datetime) -> int:
            due = (await spares.due(now))[:AT_ONCE]
            return await asyncio.to_thread(spares.folder.forget, due, now - UNNAMED)

        return step

    async def _named(self) -> set[str] | None:
        """The hashes of all covered files that a picture of a post names, or the audit."""
        async with self._database.reading() as session:
            pictures = (await session.exec(select(PostPicture.sha256, PostPicture.video))).all()
            made = (await session.exec(select(AuditEntry.facts).where(AuditEntry.event == "rendition"))).all()
        if not pictures:
            return None
        return {name for names in (*pictures, *(facts["recipes"] for facts in made)) for name in names if name}

    async def _shown(self) -> set[str] | None:
        """The hashes of all files that the public may see."""
        async with self._database.reading() as session:
            if (await session.exec(select(Entry.id).limit(1))).first() is None:
                return None
            entries = (await session.exec(select(Entry.pictures).where(col(Entry.withdrawn_at).is_(None)))).all()
        return {name.partition(".")[0] for pictures in entries for one in pictures for name in files_of(one)}

    async def _payloads(self, session: AsyncSession, now: datetime) -> int:
        """Of what could not be handled: the payload goes, its id and the reason stay."""
        due = InboxItem.received_at <= now - timedelta(days=self._times.inbox_days)
        items = await session.exec(select(InboxItem).where(due, col(InboxItem.payload).is_not(None)).limit(AT_ONCE))
        found = items.all()
        for item in found:
            if item.state is InboxState.NEW:
                await INBOX.move(session, item, InboxState.FAILED, reason=inbox.TOO_OLD, handled_at=now)
            item.payload = None
        return len(found)

    async def _replies(self, session: AsyncSession, now: datetime) -> int:
        """The words and the author go, also out of ids, which name people on some networks; that there was a reply,
        what it was about and who dealt with it stays."""
        due = Reply.received_at <= now - timedelta(days=self._times.replies_days)
        statement = select(Reply).where(due, or_(Reply.text != "", Reply.author != ""))
        found = (await session.exec(statement.order_by(col(Reply.id)).limit(AT_ONCE))).all()
        ids = [reply.id for reply in found]
        said = select(Delivery).join(Post, col(Post.id) == col(Delivery.post_id))
        answered = (col(Post.answers_reply).in_(ids), col(Delivery.answers).is_not(None))
        for row in (await session.exec(said.where(*answered))).all():
            row.answers = _unnamed(row.answers or "")
        for fixed in (await session.exec(select(FixedAnswer).where(col(FixedAnswer.reply_id).in_(ids)))).all():
            fixed.author, fixed.answers = "", _unnamed(fixed.answers)
        for alarm in (await session.exec(select(Alarm).where(col(Alarm.reply_id).in_(ids)))).all():
            alarm.author = ""
        await session.flush()  # deliveries and alarms before replies: the order of docs/architecture.md
        for reply in found:
            reply.text = reply.author = reply.author_name = ""
            reply.url = None
            reply.heard_id, reply.answers = _unnamed(reply.heard_id), _unnamed(reply.answers)
        return len(found)

    async def _cards(self, session: AsyncSession, now: datetime) -> int:
        """Cards with words of people: the sender takes them away. An alarm stays until somebody has acknowledged it."""
        open_alarms = select(Alarm.id).where(col(Alarm.acknowledged_at).is_(None))
        statement = select(Slot).where(
            col(Slot.shown_at) <= self._before(now),
            col(Slot.card_id).is_not(None),
            col(Slot.closed).is_(False),
            col(Slot.remove_at).is_(None),
            col(Slot.kind).in_(outbox.WITH_WORDS),
            or_(col(Slot.kind) != SlotKind.ALARM, col(Slot.subject).not_in(open_alarms)),
        )
        found = (await session.exec(statement.order_by(col(Slot.id)).limit(AT_ONCE))).all()
        for slot in found:
            slot.remove_at = now
        return len(found)

    async def _messages(self, session: AsyncSession, now: datetime) -> int:
        """What people sent, where a bot may delete it: each message becomes a card of ours that is to be removed."""
        statement = select(InboxItem).where(
            col(InboxItem.message).is_not(None),
            col(InboxItem.app).in_(self._forgetful),
            InboxItem.received_at <= self._before(now),
            InboxItem.received_at > now - REACH,
        )
        items = (await session.exec(statement.order_by(col(InboxItem.id)).limit(AT_ONCE))).all()
        for item in items:
            session.add(await _copy(session, item, now))
            item.message = None
        return len(items)

    def _before(self, now: datetime) -> datetime:
        return now - timedelta(hours=self._times.chat_copies_hours)


def _is_spare(name: str, used: Collection[str]) -> bool:
    return name.endswith(".part") or name.partition(".")[0] not in used


async def _copy(session: AsyncSession, item: InboxItem, now: datetime) -> Slot:
    theirs = select(Account.officer_id).where(Account.app == item.app, Account.chat == item.chat)
    officer_id = (await session.exec(theirs.limit(1))).first() or ""  # a stranger's message goes as well
    return Slot(
        officer_id=officer_id, app=item.app, chat=item.chat, kind=SlotKind.COPY, card_id=item.message, shown=1,
        remove_at=now,
    )  # fmt: skip


def _unnamed(name: str) -> str:
    """What stands for an id that may name its author: the same for the same, and nothing that anybody can look up."""
    return f"gone-{hashlib.sha256(name.encode()).hexdigest()[:40]}"
