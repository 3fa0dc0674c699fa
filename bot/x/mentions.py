"""Mentions: what the public answers on X, asked for by the newest id that we know."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.network import Heard, HeardPage, TryLater
from bot.x.budget import Budget
from bot.x.line import Line
from bot.x.wording import heard

SPENT_SECONDS: Final = 900.0
NONE_YET: Final = "0"
"""The cursor of an account that nobody has mentioned."""


class Mentions:
    """Every mention that is read is charged: asked seldom, and not at all once the night's budget is spent."""

    def __init__(self, line: Line, budget: Budget, every: float) -> None:
        self._line = line
        self._budget = budget
        self._every = every
        self._next = 0.0

    async def since(self, cursor: str | None) -> HeardPage:
        """Answers to our posts after `cursor`, oldest first; None: from now on. Raises TryLater, SignedOut."""
        loop = asyncio.get_running_loop()
        if cursor is None:
            return await self._from_now_on()
        if loop.time() < self._next:
            return HeardPage((), cursor)
        if await self._budget.left() <= 0:
            raise TryLater(SPENT_SECONDS)
        posts, names = await self._line.mentions(None if cursor == NONE_YET else cursor)
        self._next = loop.time() + self._every
        tariff = self._budget.tariff
        await self._budget.count(len(posts) * tariff.read + len(names) * tariff.user)
        oldest_first = sorted(posts, key=lambda post: int(post["id"]))
        replies = [_reply(post, names) for post in oldest_first if post["author_id"] != self._line.user_id]
        return HeardPage(tuple(replies), _newest(posts, cursor))

    async def _from_now_on(self) -> HeardPage:
        posts = await self._line.newest_mentions()
        await self._budget.count(len(posts) * self._budget.tariff.read)
        return HeardPage((), _newest(posts, NONE_YET))


def _newest(posts: list[Mapping[str, Any]], otherwise: str) -> str:
    return max((str(post["id"]) for post in posts), key=int, default=otherwise)


def _reply(post: Mapping[str, Any], names: Mapping[str, str]) -> Heard:
    """A mention as a reply; under no post if it answers none."""
    answered = [str(ref["id"]) for ref in post.get("referenced_tweets", []) if ref["type"] == "replied_to"]
    author = str(post["author_id"])
    name = names.get(author, author)
    at = datetime.fromisoformat(str(post["created_at"]))
    post_id = str(post["id"])
    under = answered[0] if answered else None
    language = str(post["lang"]) if post.get("lang") else None
    thread = str(post["conversation_id"]) if post.get("conversation_id") else None
    url = f"https://x.com/i/status/{post_id}"
    return Heard(post_id, under, author, name, heard(post), at, url, language, thread)
