"""Approving: a yes to a post as it was shown, and the deliveries that follow from it."""

import secrets
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import delivery
from bot.reply import Reply
from bot.tap import Tap
from moderation import approval, queue
from moderation.post import Post, Wait


async def approve(session: AsyncSession, tap: Tap, post: Post, seen: str) -> bool:
    """The presser's yes to what they saw. True if it is approved by that, False if a second person has to agree.

    Raises NotAllowed, AlreadyMoved."""
    done = await queue.publish(session, post, tap.caller.officer, seen, tap.now, tap.desk.times.undo)
    if done:
        due = delivery.due_at(post, jitter(tap, post)) or tap.now
        await tap.desk.plan(session, post, due, await _answers(session, post))
    await tap.desk.changed(session, post, tap.now)
    if not done:
        roles, first = approval.second_roles(post), tap.caller.officer
        await tap.desk.ask(session, post, tap.now, first, "tap.second_wanted", () if roles & {*first.roles} else roles)
    return done


def jitter(tap: Tap, post: Post) -> timedelta:
    """Up to five minutes after a scene is clear, so that the time of publication does not tell where a patrol is."""
    most = timedelta(minutes=tap.desk.times.jitter_minutes)
    return most * (secrets.randbelow(1001) / 1000) if post.wait is Wait.SCENE else timedelta()


async def _answers(session: AsyncSession, post: Post) -> dict[str, str]:
    """What each network has to thread an answer under: the reply itself, or our own post on a page of our own."""
    if post.answers_reply is None:
        return {}
    reply = await session.get_one(Reply, post.answers_reply)
    answers = {
        row.network: row.published_id for row in await delivery.of_post(session, reply.post_id) if row.published_id
    }
    return {**answers, reply.network: reply.heard_id}
