"""The inbox: what a chat app delivers is committed here, sealed, before it is confirmed to the platform."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, exists, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.chat_app import AccountId, Attachment, AttachmentKind, CardId, ChatId, Choice, Edit, Incoming, Message
from moderation.vault import Vault
from shifts.database import by_value, index_where
from shifts.state import Machine

TRIES: Final = 8
TOO_OLD: Final = "too old"
"""Why an item failed that nobody could handle in all the time that its payload may be kept."""


class InboxState(StrEnum):
    NEW = "new"
    HANDLED = "handled"
    REFUSED = "refused"
    FAILED = "failed"


class InboxItem(SQLModel, table=True):
    """One thing that arrived. The sealed payload goes when it is handled; id and reason stay.

    `message` is the chat app's id of what a person wrote, until that is taken out of the chat."""

    __tablename__ = "inbox_item"
    __table_args__ = (
        UniqueConstraint("app", "item"),
        index_where("ix_inbox_item_copy", "app", "received_at", rows="message IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    app: str = Field(max_length=32)
    item: str = Field(max_length=160)
    chat: str = Field(max_length=128)
    message: str | None = Field(default=None, max_length=160)
    state: InboxState = Field(default=InboxState.NEW, sa_type=by_value(InboxState), index=True)
    payload: bytes | None = None
    reason: str | None = Field(default=None, max_length=80)
    received_at: datetime
    handled_at: datetime | None = None
    not_before: datetime | None = None
    tries: int = 0


async def keep(session: AsyncSession, vault: Vault, app: str, incoming: Incoming, now: datetime) -> bool:
    """Commit-ready: the item is in the inbox once, however often the platform sends it. False if it was there."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {
        "app": app,
        "item": incoming.id,
        "chat": incoming.chat,
        "message": incoming.message if isinstance(incoming, Message) else None,
        "state": InboxState.NEW,
        "payload": vault.seal(json.dumps(_pack(incoming)).encode(), _name(app, incoming.id)),
        "received_at": now,
        "tries": 0,
    }
    result: Any = await session.exec(insert(InboxItem).values(row).on_conflict_do_nothing())
    return bool(result.rowcount == 1)


INBOX: Final = Machine(
    "inbox item",
    InboxItem,
    InboxState.NEW,
    {InboxState.NEW: frozenset({InboxState.HANDLED, InboxState.REFUSED, InboxState.FAILED})},
)


async def pending(session: AsyncSession, now: datetime, limit: int = 100) -> list[InboxItem]:
    """What is still to be handled, oldest first; of each chat only what nothing older stands before."""
    late = aliased(InboxItem)
    failed = exists().where(
        col(late.state) == InboxState.NEW,
        col(late.not_before) > now,
        col(late.app) == col(InboxItem.app),
        col(late.chat) == col(InboxItem.chat),
    )
    statement = select(InboxItem).where(InboxItem.state == InboxState.NEW, ~failed)
    return list((await session.exec(statement.order_by(col(InboxItem.id)).limit(limit))).all())


def unpack(vault: Vault, item: InboxItem) -> Incoming:
    """What arrived, as the chat app told it. Raises VaultLocked, LookupError if the payload is gone."""
    if item.payload is None:
        raise LookupError("the payload of a handled item is gone")
    return _unpack(json.loads(vault.unseal(item.payload, _name(item.app, item.item))))


async def handled(session: AsyncSession, item: InboxItem, state: InboxState, reason: str | None, now: datetime) -> None:
    """Done with it: the payload is erased."""
    await INBOX.move(session, item, state, reason=reason, handled_at=now, payload=None)


async def failed(session: AsyncSession, item: InboxItem, reason: str, now: datetime) -> bool:
    """It did not work this time. After several tries it is given up, payload kept, for somebody to look: True then."""
    item.tries += 1
    item.reason = reason
    item.not_before = now + timedelta(seconds=min(60, 2**item.tries))
    await session.flush()
    if item.tries >= TRIES:
        await INBOX.move(session, item, InboxState.FAILED, handled_at=now)
    return item.state is InboxState.FAILED


async def given_up(session: AsyncSession) -> int:
    """How many items nobody could handle and whose payload is still there."""
    statement = select(func.count(col(InboxItem.id))).where(InboxItem.state == InboxState.FAILED)
    return (await session.exec(statement.where(col(InboxItem.payload).is_not(None)))).one()


def _name(app: str, item: str) -> str:
    return f"inbox:{app}:{item}"


def _pack(incoming: Incoming) -> dict[str, Any]:
    packed = asdict(incoming)
    packed["sent_at"] = incoming.sent_at.isoformat()
    packed["what"] = type(incoming).__name__
    return packed


def _unpack(packed: dict[str, Any]) -> Incoming:
    what = packed.pop("what")
    packed["sent_at"] = datetime.fromisoformat(packed["sent_at"])
    packed["account"], packed["chat"] = AccountId(packed["account"]), ChatId(packed["chat"])
    match what:
        case "Edit":
            return Edit(**packed)
        case "Choice":
            packed["card"] = CardId(packed["card"])
            return Choice(**packed)
        case _:
            packed["attachments"] = tuple(
                Attachment(AttachmentKind(a["kind"]), a["ref"], a["size"]) for a in packed["attachments"]
            )
            return Message(**packed)
