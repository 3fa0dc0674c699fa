"""The moderation queue: every step that a post takes, each in the caller's transaction, each in the audit.

All of them take a post read by `locked`, so that no two people move it at once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from moderation import agreement, approval, audit, countdown
from moderation.decision import Decision, DecisionKind, NotAllowed, decision_on
from moderation.post import OPEN, POSTS, Post, PostState, pictures
from shifts.officer import Officer
from shifts.state import AlreadyMoved


async def next_number(session: AsyncSession, *, lesson: bool = False) -> int:
    """The next running number of the force; lessons count for themselves, downwards from -1."""
    connection, row = await session.connection(), {"id": 2 if lesson else 1}
    await connection.execute(text("INSERT INTO post_counter (id, number) VALUES (:id, 0) ON CONFLICT DO NOTHING"), row)
    counted = text("UPDATE post_counter SET number = number + 1 WHERE id = :id RETURNING number")
    number = int((await connection.execute(counted, row)).scalar_one())
    return -number if lesson else number


async def locked(session: AsyncSession, post_id: int) -> Post:
    """The post as it is now; nobody else changes it until the transaction ends. Raises LookupError."""
    post = await session.get(Post, post_id, with_for_update=True, populate_existing=True)
    if post is None:
        raise LookupError("there is no such post")
    return post


async def locked_all(session: AsyncSession, post_ids: Iterable[int]) -> dict[int, Post]:
    """Several posts at once, by their ids: always the oldest first, and before anything of them is recorded."""
    return {post_id: await locked(session, post_id) for post_id in sorted(post_ids)}


async def receive(session: AsyncSession, post: Post, now: datetime) -> Post:
    """A new post enters; its words are sealed already."""
    post.number = await next_number(session, lesson=post.lesson)
    session.add(post)
    await session.flush()
    await _record(session, now, "received", post, post.author_id, kind=post.kind)
    return post


async def new_words(session: AsyncSession, post: Post, source_id: str, by: str, now: datetime) -> None:
    """Other words for the same post, by its author or by a sergeant: everything is looked at again.

    Raises NotAllowed when it is too late for that."""
    if post.state not in OPEN:
        raise NotAllowed("queue.too_late_to_change")
    if by == post.author_id and post.state is PostState.WAITING:
        approval.check_claim(post, by, now)
    post.from_template = False
    if by == post.author_id and post.wait_by is None:
        # Other words may tell of another scene: whatever was clear before says nothing of it.
        post.wait_over_at, post.words_at = None, now
    post.source_id, post.edited_by = source_id, None if by == post.author_id else by
    if by == post.author_id:
        countdown.stop(post)  # the half hour is of these words
        # A word that somebody vouched for, or covered, in other sentences is asked about anew.
        post.lifted, post.covered = [], []
    else:
        session.add(decision_on(post, DecisionKind.EDIT, by, now))
    look_again(post, now)
    post.before_edit = post.text if by != post.author_id else None
    await _record(session, now, "changed", post, by, revision=post.revision)


def look_again(post: Post, now: datetime) -> None:
    """What the public would see has changed: approvals and ticks no longer count, the detectors look anew.

    Raises NotAllowed when it is too late for that."""
    if post.state not in OPEN:
        raise NotAllowed("queue.too_late_to_change")
    post.revision += 1
    post.prepare_at = now
    post.ticks, post.approvals, post.before_edit = [], [], None
    post.condition_met_by, post.content, post.byline, post.met = None, None, None, []


async def prepared(session: AsyncSession, post: Post, verdict: str, now: datetime) -> None:
    """The detectors have spoken about the words: the post goes where their verdict says."""
    match verdict:
        case "BLOCK":
            to = PostState.BLOCKED
        case "DIVERT":
            to = PostState.DIVERTED
        case _:
            to = PostState.WAITING
    if post.state is not to:
        await POSTS.move(session, post, to)
    post.verdict = verdict
    post.ended_at = now if to is not PostState.WAITING else None
    if to is PostState.WAITING and (post.clock_from is None or countdown.stands_still(post, now)):
        countdown.begin(post, now)
    if post.claimed_by is not None and approval.own_words(post, post.claimed_by):
        release_claim(post)
    reasons = [reason["code"] for reason in post.reasons]
    await _record(session, now, "prepared", post, None, verdict=verdict, reasons=reasons, revision=post.revision)


async def claim(session: AsyncSession, post: Post, officer: Officer, now: datetime, lasts: timedelta) -> None:
    """First tap on anything: this person is on it for so long. Raises NotAllowed."""
    approval.check_decider(post, officer.id, officer.roles)
    if post.state is PostState.WAITING:
        approval.check_claim(post, officer.id, now)
        if post.claimed_by != officer.id:
            await _record(session, now, "claimed", post, officer.id)
        post.claimed_by, post.claimed_until = officer.id, now + lasts


def release_claim(post: Post) -> None:
    """It is for somebody else now, who need not wait until its time is over."""
    post.claimed_by = post.claimed_until = None


async def publish(
    session: AsyncSession, post: Post, officer: Officer, seen: str, now: datetime, undo: timedelta
) -> bool:
    """A yes of one person to what they saw (`approval.seen`). True if it is approved by that, False if a second one is
    needed.

    Raises NotAllowed (own post, changed since, not ready) and AlreadyMoved (somebody else decided)."""
    approval.check_decider(post, officer.id, officer.roles)
    if post.state is not PostState.WAITING:
        raise AlreadyMoved("post", post.id)
    approval.check_claim(post, officer.id, now)
    if approval.own_words(post, officer.id):
        raise NotAllowed("queue.own_words")
    shown, byline = await pictures(session, post), await named(session, post)
    if post.content is None or approval.seen(post, shown, byline) != seen:
        raise NotAllowed("queue.changed_since")
    if approval.missing(post, shown):
        raise NotAllowed("queue.not_ready")
    await agreement.check(session, post, shown)
    post.content = approval.content_of(post, shown, byline)
    before = await _agreed_before(session, post, now)
    if not approval.agreed(post, officer.id, officer.roles, before.roles if before else ()):
        post.approvals = [*post.approvals, officer.id]
        release_claim(post)
        session.add(decision_on(post, DecisionKind.FIRST_OF_TWO, officer.id, now))
        await _record(session, now, "first of two", post, officer.id, content=post.content)
        return False
    await POSTS.move_if(
        session,
        post,
        PostState.APPROVED,
        (col(Post.revision) == post.revision,),
        content=post.content,
        byline=byline,
        approved_at=now,
        approved_by=officer.id,
        undo_until=now + undo,
        claimed_by=None,
        claimed_until=None,
    )
    session.add(decision_on(post, DecisionKind.PUBLISH, officer.id, now))
    await _record(session, now, "approved", post, officer.id, content=post.content, ticks=post.ticks)
    return True


async def named(session: AsyncSession, post: Post) -> str | None:
    """What the public reads of the author, as the roster says now."""
    return (await session.get_one(Officer, post.author_id, populate_existing=True)).byline


async def _agreed_before(session: AsyncSession, post: Post, now: datetime) -> Officer | None:
    """Who has said yes to exactly this and may still say it. The yes of anybody else no longer counts."""
    first = await session.get(Officer, post.approvals[0], populate_existing=True) if post.approvals else None
    statement = select(Decision.content).where(
        Decision.post_id == post.id,
        Decision.kind == DecisionKind.FIRST_OF_TWO,
        Decision.officer_id == (first.id if first else None),
    )
    said_to = (await session.exec(statement.order_by(col(Decision.id).desc()))).first()
    if first is not None and approval.still_counts(first, now) and said_to == post.content:
        return first
    post.approvals = []
    return None


async def undo(session: AsyncSession, post: Post, officer: Officer, now: datetime) -> None:
    """Back into the queue, while nothing has left. Raises NotAllowed when it is too late."""
    approval.check_decider(post, officer.id, officer.roles)
    if post.state is not PostState.APPROVED:
        raise NotAllowed("queue.too_late_to_undo")
    await _unapproved(session, post, now)
    session.add(decision_on(post, DecisionKind.UNDO, officer.id, now))
    await _record(session, now, "undone", post, officer.id)


async def void(session: AsyncSession, post: Post, now: datetime, **facts: Any) -> bool:
    """Before anything of it left, somebody who approved it was cut off or the last look refused it: it waits for a
    decision again. False if it is too late."""
    if post.state is not PostState.APPROVED:
        return False
    await _unapproved(session, post, now)
    await _record(session, now, "approval void", post, None, **facts)
    return True


async def _unapproved(session: AsyncSession, post: Post, now: datetime) -> None:
    await POSTS.move(
        session,
        post,
        PostState.WAITING,
        approved_at=None,
        approved_by=None,
        undo_until=None,
        approvals=[],
        ticks=[],
    )
    countdown.begin(post, now)


async def send_back(
    session: AsyncSession, post: Post, officer: Officer, reason: str, outcome_id: str | None, now: datetime
) -> None:
    """Back to its officer with a reason (a words key; own words are sealed at `outcome_id`)."""
    approval.check_decider(post, officer.id, officer.roles)
    if post.state is not PostState.WAITING:
        raise AlreadyMoved("post", post.id)
    approval.check_claim(post, officer.id, now)
    await POSTS.move(
        session,
        post,
        PostState.SENT_BACK,
        outcome=reason,
        outcome_id=outcome_id,
        claimed_by=None,
        claimed_until=None,
        approvals=[],
        ticks=[],
        inspector_asked=False,
    )
    countdown.stop(post)
    session.add(decision_on(post, DecisionKind.SEND_BACK, officer.id, now, [reason]))
    await _record(session, now, "sent back", post, officer.id, reason=reason)


async def escalate(session: AsyncSession, post: Post, officer: Officer, now: datetime) -> None:
    """An inspector is asked besides everybody else. Its countdown goes on."""
    post.inspector_asked = True
    release_claim(post)
    session.add(decision_on(post, DecisionKind.ESCALATE, officer.id, now, []))
    await _record(session, now, "escalated", post, officer.id)


async def withdraw(session: AsyncSession, post: Post, officer_id: str, now: datetime) -> None:
    """The author takes it back, until something of it is public. Raises NotAllowed."""
    if post.author_id != officer_id:
        raise NotAllowed("queue.not_yours")
    if PostState.WITHDRAWN not in POSTS.moves.get(post.state, frozenset()):
        raise NotAllowed("queue.too_late_to_withdraw")
    await POSTS.move(session, post, PostState.WITHDRAWN, ended_at=now, undo_until=None)
    session.add(decision_on(post, DecisionKind.WITHDRAW, officer_id, now))
    await _record(session, now, "withdrawn", post, officer_id)


async def recall(session: AsyncSession, post: Post, officer: Officer, reason: str, now: datetime) -> None:
    """Off every network again. One sergeant may do it alone, the author too: harm does not wait for four eyes."""
    if post.author_id != officer.id:
        approval.check_decider(post, officer.id, officer.roles)
    if post.state is not PostState.RELEASED:
        raise NotAllowed("queue.nothing_to_recall")
    await POSTS.move(session, post, PostState.RECALLED, ended_at=now, outcome=reason)
    session.add(decision_on(post, DecisionKind.RECALL, officer.id, now, [reason]))
    await _record(session, now, "recalled", post, officer.id, reason=reason)


async def answer_lesson(session: AsyncSession, post: Post, now: datetime) -> None:
    """What a sergeant would say to a post of the tutorial: yes, or another look. Nothing of it can leave either way."""
    if not post.lesson:
        raise NotAllowed("queue.not_approved")
    fine = not approval.missing(post, await pictures(session, post)) and not approval.needs_two(post)
    to, outcome = (PostState.APPROVED, None) if fine else (PostState.SENT_BACK, "lesson")
    await POSTS.move(session, post, to, ended_at=now, outcome=outcome, clock_from=None)
    await _record(session, now, "lesson", post, None, state=to.value)


async def goes_with_it(session: AsyncSession, correction: Post, officer: Officer, reason: str, now: datetime) -> None:
    """A correction goes with the post that it corrects: off the networks, or out of the queue."""
    to = PostState.RECALLED if correction.state is PostState.RELEASED else PostState.WITHDRAWN
    await POSTS.move(session, correction, to, ended_at=now, outcome=reason, undo_until=None)
    session.add(decision_on(correction, DecisionKind.RECALL, officer.id, now, [reason]))
    await _record(session, now, to.value, correction, officer.id, reason=reason)


async def expire(session: AsyncSession, post: Post, now: datetime) -> None:
    """Nobody decided in time. Never approved by time."""
    await POSTS.move(session, post, PostState.EXPIRED, ended_at=now, claimed_by=None, claimed_until=None)
    await _record(session, now, "expired", post, None)


async def note(session: AsyncSession, post: Post, event: str, actor: str | None, now: datetime, **facts: Any) -> None:
    """Something worth keeping that moves nothing: the original was shown, somebody was called."""
    await _record(session, now, event, post, actor, **facts)


async def waiting(session: AsyncSession, shift_id: int | None = None) -> list[Post]:
    """What waits for a decision: safety first (traffic), then the oldest."""
    statement = select(Post).where(Post.state == PostState.WAITING).order_by(col(Post.sent_at), col(Post.id))
    if shift_id is not None:
        statement = statement.where(Post.shift_id == shift_id)
    posts = list((await session.exec(statement)).all())
    return sorted(posts, key=lambda post: post.kind != "traffic")


async def _record(
    session: AsyncSession, now: datetime, event: str, post: Post, actor: str | None, **facts: Any
) -> None:
    await audit.record(session, now, event, f"post {post.number}", actor, **facts)


async def publish_decision(session: AsyncSession, post: Post) -> Decision | None:
    """The last yes: the one that a release binds to."""
    statement = (
        select(Decision)
        .where(Decision.post_id == post.id, Decision.kind == DecisionKind.PUBLISH)
        .order_by(col(Decision.id).desc())
    )
    return (await session.exec(statement)).first()
