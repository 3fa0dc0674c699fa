"""The countdown of a post that waits for a decision: from when its reminders and its expiry count (`clock_from`), and
how many of its reminders have been said (`level`). Whatever sets it going begins both anew."""

from datetime import datetime

from moderation.post import Post, Wait


def begin(post: Post, now: datetime) -> None:
    """From now on, or from the end of its embargo; it stands still while its officer is not clear of the scene."""
    post.clock_from = None if stands_still(post, now) else max(now, post.embargo_until or now)
    post.level = 0


def stop(post: Post) -> None:
    """Nobody is waited for: it begins anew when there is something to decide."""
    post.clock_from, post.level = None, 0


def stands_still(post: Post, now: datetime) -> bool:
    """Whether it waits for its officer to be clear of the scene."""
    unmet = post.wait is Wait.SCENE and post.wait_over_at is None
    return unmet and (post.wait_until is None or post.wait_until > now)
