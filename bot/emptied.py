"""Emptied: a post without words of which no picture could be taken ends at once, instead of waiting for a decision."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.desk import Desk
from moderation import queue
from moderation.post import OPEN, POSTS, PictureState, Post, PostPicture, PostState, pictures
from moderation.vault import Gone


async def end(session: AsyncSession, desk: Desk, post: Post, now: datetime) -> bool:
    """End a post of which nothing is left. False if something is, or may still come.

    Why none of its pictures was taken stands on its author's card, and they have been told."""
    if post.state not in OPEN or post.drafted != post.revision or await pictures(session, post):
        return False
    if not await _lost_any(session, post) or await _words(session, desk, post):
        return False
    await POSTS.move(session, post, PostState.WITHDRAWN, ended_at=now, claimed_by=None, claimed_until=None)
    await queue.note(session, post, PostState.WITHDRAWN.value, None, now, reason="no picture could be taken")
    return True


async def _lost_any(session: AsyncSession, post: Post) -> bool:
    refused = PostPicture.state == PictureState.REFUSED
    statement = select(PostPicture.id).where(PostPicture.post_id == post.id, refused).order_by(col(PostPicture.id))
    return (await session.exec(statement)).first() is not None


async def _words(session: AsyncSession, desk: Desk, post: Post) -> str:
    """The words as they were written; what is public of them, if they are not kept any more."""
    try:
        return (await desk.vault.get(session, post.source_id)).decode().strip()
    except Gone:
        return post.text.strip()
