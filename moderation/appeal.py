"""An appeal that was written as a patrol post: its author may have it looked at as one. The press office decides."""

from datetime import datetime
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from moderation import audit, countdown, queue
from moderation.decision import NotAllowed
from moderation.policy import PostKind
from moderation.post import POSTS, Post, PostState

_TEMPLATE: Final = "policy.templates.appeal"
"""What the policy sends where a rule asks for an appeal."""


def offered(post: Post) -> bool:
    """Whether a post was diverted because it is an appeal; never a correction, an answer or a practice."""
    plain = post.corrects is None and post.answers_reply is None and not post.lesson
    diverted = post.state is PostState.DIVERTED and post.kind != PostKind.APPEAL.value
    return plain and diverted and any(reason.get("template") == _TEMPLATE for reason in post.reasons)


async def begin(session: AsyncSession, post: Post, now: datetime) -> None:
    """Look at it anew as an appeal, which only the press office can let go. Raises NotAllowed."""
    if not offered(post):
        raise NotAllowed("tap.stale")
    await POSTS.move(session, post, PostState.RECEIVED)
    post.kind, post.kind_chosen, post.ended_at = PostKind.APPEAL.value, True, None
    countdown.stop(post)  # it may have waited before it was diverted; its half hour begins anew
    queue.look_again(post, now)
    await audit.record(session, now, "appeal", f"post {post.number}", post.author_id, revision=post.revision)
