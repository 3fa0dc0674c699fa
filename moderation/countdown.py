"""The countdown of a post that waits for a decision: from when its reminders and its expiry count."""

from datetime import datetime

from moderation.post import Post, Wait


def start(post: Post, now: datetime) -> datetime | None:
    """From when its reminders and its expiry count: they stand still while something that it waits for is unmet."""
    unmet = post.wait is Wait.SCENE and post.wait_over_at is None and (post.wait_until is None or post.wait_until > now)
    return None if unmet else max(now, post.embargo_until or now)
