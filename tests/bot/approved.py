"""Approved posts, as the publisher finds them: made here without anybody who wrote or decided."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import delivery
from moderation import approval
from moderation.decision import Decision, DecisionKind
from moderation.post import POSTS, Post, PostState
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState

DAY = timedelta(days=1)


async def begin(session: AsyncSession, nights: Iterable[str], now: datetime) -> None:
    """An officer, and a live shift for each of these names."""
    officer = Officer(
        id="lima-3", call_sign="Lima 3", name="P", unit="lima", roles=["officer"], language="en",
        accredited_until=now + DAY,
    )  # fmt: skip
    session.add(officer)
    for number, night in enumerate(nights, start=1):
        live = ShiftState.LIVE
        session.add(Shift(id=number, unit="lima", name=night, state=live, starts_at=now, ends_at=now + DAY))
    await session.flush()


async def approve(
    session: AsyncSession, number: int, text: str, networks: Sequence[str], now: datetime, leaves: datetime,
    shift: int = 1, **values: Any,
) -> None:  # fmt: skip
    """One post, approved now and due on these networks when its undo window is over; `values`: what else it is."""
    post = Post(
        number=number, author_id="lima-3", shift_id=shift, state=PostState.APPROVED, app="a", chat="c",
        message=f"{number}", source_id="s", original_id="s", prepared=1, drafted=1, prepare_at=now, text=text,
        sent_at=now, received_at=now, networks=list(networks), undo_until=leaves, approved_at=now,
        approved_by="sergeant-1", **values,
    )  # fmt: skip
    session.add(post)
    await session.flush()
    post.content = approval.content_of(post, [], None)
    yes = Decision(
        post_id=post.id or 0, kind=DecisionKind.PUBLISH, officer_id="sergeant-1", at=now, revision=1,
        content=post.content,
    )  # fmt: skip
    session.add(yes)
    await delivery.plan(session, post, list(networks), leaves, {})


async def recall(session: AsyncSession, posts: Iterable[Post], now: datetime) -> None:
    """Take posts off every network."""
    for post in posts:
        await POSTS.move(session, post, PostState.RECALLED)
        await delivery.recall(session, post, now)
