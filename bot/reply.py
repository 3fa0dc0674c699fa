"""Replies: what the public answered, and who deals with it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.heard_words import harmless
from bot.network import Heard
from bot.triage_labels import Route, Severity
from shifts.database import by_value, index_where
from shifts.state import Machine

URL: Final = 500


class ReplyState(StrEnum):
    NEW = "new"
    SHOWN = "shown"
    ANSWERED = "answered"
    IGNORED = "ignored"
    ESCALATED = "escalated"


class Reply(SQLModel, table=True):
    """One reply, stored once. `author` is the network's id of a person; nothing else is kept about them.

    What triage said: `about` with its `scores`, `doubt` (a life may be at risk although it does not read so),
    `severity`, the house rule (`ground`) that a person could hide it by, and the `route` it took. `similar` counts the
    replies that say nearly the same and name this one in `similar_to`; `alarm_id` is the alarm that it belongs to.

    The second judge is waited for until `weigh_by`; `alone`: it did not come, and the rules judged alone; `look`: the
    control room should look, it may be an emergency. `mention`: it names us under no post of ours; `aside`: in a
    thread of others, so that people see it only if somebody may be in danger or tells something.

    What became of it on its network: `edited_at`, `gone_at`, and when we looked last (`followed_at`). A person hides
    it by the house rule `hide_rule` (None: shows it again); `hide_due` until that is done, or `hide_refused`.
    `hidden_rule` is the one by which its network has hidden it, as far as we know."""

    __table_args__ = (
        UniqueConstraint("network", "heard_id"),
        Index("ix_reply_heard", "network", "received_at"),
        index_where("ix_reply_unweighed", "received_at", rows="weigh_by IS NOT NULL OR alone IS true"),
    )

    id: int | None = Field(default=None, primary_key=True)
    network: str = Field(max_length=32)
    heard_id: str = Field(max_length=256)
    post_id: int = Field(foreign_key="post.id", index=True)
    answers: str = Field(max_length=256)
    author: str = Field(max_length=256)
    author_name: str = Field(max_length=200)
    text: str
    url: str | None = Field(default=None, max_length=URL)
    state: ReplyState = Field(default=ReplyState.NEW, sa_type=by_value(ReplyState), index=True)
    at: datetime
    received_at: datetime
    officer_id: str | None = Field(default=None, max_length=64)
    about: str = Field(default="other", max_length=24)
    scores: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    route: Route = Field(default=Route.OFFICER, sa_type=by_value(Route))
    severity: Severity = Field(default=Severity.NONE, sa_type=by_value(Severity))
    ground: str | None = Field(default=None, max_length=24)
    doubt: bool = False
    language: str | None = Field(default=None, max_length=8)
    similar_to: int | None = None
    similar: int = 0
    alarm_id: int | None = Field(default=None, index=True)
    weigh_by: datetime | None = Field(default=None, index=True)
    alone: bool = False
    look: bool = False
    mention: bool = False
    aside: bool = False
    edited_at: datetime | None = None
    gone_at: datetime | None = None
    followed_at: datetime | None = None
    hide_rule: str | None = Field(default=None, max_length=24)
    hidden_rule: str | None = Field(default=None, max_length=24)
    hide_by: str | None = Field(default=None, max_length=64)
    hide_due: datetime | None = Field(default=None, index=True)
    hide_refused: str | None = Field(default=None, max_length=64)


class ReplyCursor(SQLModel, table=True):
    """How far we have listened to a network."""

    __tablename__ = "reply_cursor"

    network: str = Field(primary_key=True, max_length=32)
    cursor: str | None = None


REPLIES: Final = Machine(
    "reply",
    Reply,
    ReplyState.NEW,
    {
        ReplyState.NEW: frozenset({ReplyState.SHOWN}),
        ReplyState.SHOWN: frozenset({ReplyState.ANSWERED, ReplyState.IGNORED, ReplyState.ESCALATED}),
        ReplyState.IGNORED: frozenset({ReplyState.SHOWN}),
        ReplyState.ANSWERED: frozenset({ReplyState.SHOWN}),
    },
)


async def store(
    session: AsyncSession, network: str, heard: Heard, post_id: int, now: datetime, *, aside: bool = False
) -> Reply | None:
    """Keep a reply; None if it was there already. `aside`: it stands under nothing of ours."""
    known = select(Reply.id).where(Reply.network == network, col(Reply.heard_id) == heard.id)
    if (await session.exec(known)).first() is not None:
        return None
    reply = Reply(
        network=network,
        heard_id=heard.id,
        post_id=post_id,
        answers=heard.id if aside else heard.answers or heard.id,
        mention=heard.answers is None and not aside,
        aside=aside,
        author=heard.author,
        author_name=harmless(heard.author_name)[:200],
        text=harmless(heard.text),
        url=heard.url if heard.url and len(heard.url) <= URL else None,
        at=heard.at,
        received_at=now,
    )
    session.add(reply)
    await session.flush()
    return reply


async def under(session: AsyncSession, network: str, heard_id: str) -> int | None:
    """The post under which a reply that we know stands."""
    known = select(Reply.post_id).where(Reply.network == network, col(Reply.heard_id) == heard_id)
    return (await session.exec(known.where(col(Reply.aside).is_(False)))).first()
