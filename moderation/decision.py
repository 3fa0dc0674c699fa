"""Decisions: what a person did about a post, of which exact content, for which reasons."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from moderation.post import Post
from shifts.database import by_value
from shifts.refusal import Refusal


class DecisionKind(StrEnum):
    PUBLISH = "publish"
    FIRST_OF_TWO = "first of two"
    UNDO = "undo"
    SEND_BACK = "send back"
    EDIT = "edit"
    ESCALATE = "escalate"
    CONDITION_MET = "condition met"
    WITHDRAW = "withdraw"
    RECALL = "recall"


class Decision(SQLModel, table=True):
    """One decision. `content` is the hash of what the person saw; `reasons` are codes and ticks."""

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = Field(foreign_key="post.id", index=True)
    kind: DecisionKind = Field(sa_type=by_value(DecisionKind))
    officer_id: str = Field(max_length=64)
    at: datetime
    revision: int
    content: str | None = Field(default=None, max_length=64)
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class NotAllowed(Refusal):
    """A person may not do this to a post, or not now."""


def decision_on(
    post: Post, kind: DecisionKind, officer_id: str, now: datetime, reasons: list[str] | None = None
) -> Decision:
    """What a person has just decided about a post as it is now; without `reasons`, for those that were ticked."""
    return Decision(
        post_id=post.id or 0,
        kind=kind,
        officer_id=officer_id,
        at=now,
        revision=post.revision,
        content=post.content,
        reasons=reasons if reasons is not None else list(post.ticks),
    )
