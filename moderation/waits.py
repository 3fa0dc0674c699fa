"""Waits: what has to be true before a post leaves. A scene that is clear, a time that has come, a condition met.

All of them take a post read by `queue.locked`."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from moderation import approval, countdown, queue
from moderation.decision import DecisionKind, NotAllowed, decision_on
from moderation.post import OPEN, Happened, Post, PostState, Wait, pictures
from shifts.officer import Officer
from shifts.state import AlreadyMoved


async def clear_scene(session: AsyncSession, post: Post, by: str | None, now: datetime) -> None:
    """The officer is clear of the scene (or the time for it is up, `by` is None then)."""
    if post.wait is not Wait.SCENE or post.wait_over_at is not None:
        return
    post.wait_over_at = now
    if post.state is PostState.WAITING:
        countdown.begin(post, now)
    await queue.note(session, post, "scene clear", by, now)


async def wait_for_scene(session: AsyncSession, post: Post, officer: Officer, until: datetime, now: datetime) -> None:
    """A decider wants the officer clear of the scene first, `until` at the latest. Raises NotAllowed."""
    _check_wait(post, officer, now)
    post.wait, post.wait_by = Wait.SCENE, officer.id
    post.wait_until, post.wait_over_at = until, None
    countdown.begin(post, now)
    await _another_time(session, post)
    await queue.note(session, post, "waits for scene", officer.id, now)


async def embargo(session: AsyncSession, post: Post, officer: Officer, until: datetime | None, now: datetime) -> None:
    """It leaves at `until` at the earliest; None: as soon as it may. Raises NotAllowed."""
    _check_wait(post, officer, now)
    post.embargo_until = until
    countdown.begin(post, now)
    await _another_time(session, post)
    told = until.isoformat() if until else None
    await queue.note(session, post, "embargo", officer.id, now, until=told)


async def _another_time(session: AsyncSession, post: Post) -> None:
    """An approval is of the time, too: who said yes before has to look again."""
    post.approvals = []
    if post.content is not None:
        post.content = approval.content_of(post, await pictures(session, post), await queue.named(session, post))


def _check_wait(post: Post, officer: Officer, now: datetime) -> None:
    approval.check_decider(post, officer.id, officer.roles)
    if post.state is not PostState.WAITING:
        raise AlreadyMoved("post", post.id)
    approval.check_claim(post, officer.id, now)


async def say_when(session: AsyncSession, post: Post, happened: Happened, now: datetime) -> None:
    """The author says how long ago it happened. Raises NotAllowed when it is too late for that."""
    if post.state not in OPEN:
        raise NotAllowed("queue.too_late_to_change")
    approval.check_claim(post, post.author_id, now)
    post.happened = happened
    await queue.note(session, post, "happened", post.author_id, now, happened=happened.value)


async def condition_met(session: AsyncSession, post: Post, officer: Officer, now: datetime) -> None:
    """The person with the named role says that what the post was held for is settled: their holds, and no others.

    Raises NotAllowed, also while something is still being examined that could be held too."""
    approval.check_decider(post, officer.id, officer.roles)
    held = approval.unmet(post)
    if not held or post.state is not PostState.WAITING:
        raise NotAllowed("queue.nothing_held")
    if post.prepared != post.revision:
        raise NotAllowed("queue.not_ready")
    theirs = [reason["code"] for reason in held if (reason.get("role") or approval.SECOND_ROLE) in officer.roles]
    if not theirs:
        raise NotAllowed("queue.condition_role")
    post.met = [*post.met, *theirs]
    post.condition_met_by = officer.id
    queue.release_claim(post)  # whoever publishes it may be somebody else
    if not approval.unmet(post):
        countdown.begin(post, now)
    session.add(decision_on(post, DecisionKind.CONDITION_MET, officer.id, now, theirs))
    await queue.note(session, post, "condition met", officer.id, now, codes=theirs)
