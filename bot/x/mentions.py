"""Mentions: what the public answers on X, asked for by the newest id that we know, within the budget."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.network import Heard, HeardPage, SignedOut, TryLater
from bot.x.budget import Budget, Spent, micros_of
from bot.x.line import PAGE, PAGES, Json, Line, Page
from bot.x.wording import heard

SPENT_SECONDS: Final = 900.0
NONE_YET: Final = "0"
"""The cursor of an account that nobody has mentioned."""
FEWEST: Final = 5
"""X gives no fewer at a time, so that many have to be paid for."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was read: everything up to `newest`, but for what lies between the ids `after` and `before`.

    X tells the newest first, and there may be more than a night can pay for."""

    newest: str
    after: str | None = None
    before: str | None = None

    @classmethod
    def of(cls, cursor: str) -> "Known":
        return cls(*cursor.split())

    def __str__(self) -> str:
        return " ".join(part for part in (self.newest, self.after, self.before) if part)


class Mentions:
    """Every mention that is read is charged: asked seldom, and for no more than is left of the night's budget."""

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
        known = Known.of(cursor)
        if known.before is None:
            known = replace(known, after=known.newest)
        pages, whole = await self._read(known)
        self._next = loop.time() + self._every
        posts = {str(post["id"]): (post, page.names) for page in pages for post in page.posts}
        ids = sorted(posts, key=int)
        newest = max(known.newest, *ids, key=int) if ids else known.newest
        seen = Known(newest) if whole else Known(newest, known.after, ids[0] if ids else known.before)
        replies = [_reply(*posts[one]) for one in ids if posts[one][0]["author_id"] != self._line.user_id]
        return HeardPage(tuple(replies), str(seen) if ids or whole else cursor)

    async def _from_now_on(self) -> HeardPage:
        read = micros_of(self._budget.tariff.read)
        try:
            async with self._budget.at_most(FEWEST * read) as bill:
                posts = await self._line.newest_mentions()
                bill.append(len(posts) * read)
        except Spent:
            raise TryLater(SPENT_SECONDS) from None
        return HeardPage((), max((str(post["id"]) for post in posts), key=int, default=NONE_YET))

    async def _read(self, known: Known) -> tuple[list[Page], bool]:
        """Pages of what is not known, newest first, and whether nothing was left. What is paid for is never thrown
        away, although the next page may fail. Raises TryLater, SignedOut."""
        pages: list[Page] = []
        for _ in range(PAGES):
            try:
                pages.append(await self._page(known, pages[-1].more if pages else None))
            except (TryLater, SignedOut):
                if not pages:
                    raise
                return pages, False
            if pages[-1].more is None:
                return pages, True
        return pages, False

    async def _page(self, known: Known, token: str | None) -> Page:
        """As many as can be paid for. Raises TryLater, SignedOut."""
        read, user = micros_of(self._budget.tariff.read), micros_of(self._budget.tariff.user)
        most = PAGE if read + user == 0 else min(PAGE, await self._budget.left() // (read + user))
        if most < FEWEST:
            raise TryLater(SPENT_SECONDS)
        after = None if known.after == NONE_YET else known.after
        try:
            async with self._budget.at_most(most * (read + user)) as bill:
                page = await self._line.mentions(after, known.before, most, token)
                bill.append(len(page.posts) * read + len(page.names) * user)
        except Spent:
            raise TryLater(SPENT_SECONDS) from None
        return page


def _reply(post: Json, names: Mapping[str, str]) -> Heard:
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
