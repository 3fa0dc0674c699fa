"""Recalling: who may take down what is public, or stop what waits to leave. It only ever stops something: whose
accreditation has lapsed may still do it to what they agreed to themselves."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, String
from sqlmodel import and_, cast, col, or_

from bot.outbox import Slot
from moderation.decision import NotAllowed
from moderation.post import Post, PostState
from shifts.officer import LEADERS, Officer

AGREED: Final = (PostState.APPROVED, PostState.RELEASED, PostState.RECALLED)


def check(post: Post, person: Officer, now: datetime) -> None:
    """Raises NotAllowed unless this person may recall this post: its author, whoever leads, on that shift or not, and
    whoever agreed to it."""
    if post.author_id == person.id or person.leads(now) or _agreed(post, person):
        return
    raise NotAllowed("shift.lapsed_decider" if person.has(*LEADERS) else "queue.not_a_decider")


def keeps_card(post: Post, person: Officer) -> bool:
    """Whether somebody who decides no more keeps the card for deciding, because they may recall from it."""
    return post.author_id == person.id or (post.state in AGREED and _agreed(post, person))


def kept() -> ColumnElement[bool]:
    """The same, of a slot, its officer and the post that it shows."""
    roles, yes = cast(col(Officer.roles), String), cast(col(Post.approvals), String)
    theirs = or_(col(Post.approved_by) == col(Slot.officer_id), yes.contains('"' + col(Slot.officer_id) + '"'))
    leader = or_(*(roles.contains(f'"{role}"') for role in LEADERS))
    return or_(col(Post.author_id) == col(Slot.officer_id), and_(col(Post.state).in_(AGREED), theirs, leader))


def _agreed(post: Post, person: Officer) -> bool:
    return person.has(*LEADERS) and person.id in (post.approved_by, *post.approvals)
