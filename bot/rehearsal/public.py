"""What the rehearsal's networks received, what people answered there, and the trouble that one can switch on."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from bot.network import Heard
from bot.rehearsal.store import Row, Store, one
from moderation.release import PublicPicture, Release


class Trouble(StrEnum):
    """What can go wrong with a network, as a switch on the page."""

    DOWN = "down"
    SLOW = "slow"
    LOST_REPLY = "lost reply"
    REFUSES = "refuses"
    SIGNED_OUT = "signed out"


@dataclass(frozen=True, slots=True)
class PublicPost:
    """One post as the public would see it. A withdrawn one keeps its words here: this is a training ground."""

    id: str
    at: datetime
    number: int
    text: str
    language: str
    pictures: tuple[PublicPicture, ...]
    answers: str | None
    withdrawn: datetime | None


class Public:
    """The posts and replies of the rehearsal's networks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, release: Release, key: str, answers: str | None, now: datetime) -> tuple[PublicPost, bool]:
        """Publish: the post, and whether it is new. The same key is the same post."""
        body = {
            "number": release.number,
            "text": release.text,
            "language": release.language,
            "pictures": [asdict(picture) for picture in release.pictures],
        }
        async with self._store.writing() as db:
            cursor = await db.execute(
                "INSERT OR IGNORE INTO public_post (id, key, at, answers, body) VALUES (?, ?, ?, ?, ?)",
                (secrets.token_hex(6), key, now.isoformat(), answers, json.dumps(body)),
            )
            row = await one(db, "SELECT * FROM public_post WHERE key = ?", (key,))
        if row is None:
            raise LookupError("the post was not kept")
        return _post(row), cursor.rowcount == 1

    async def by_key(self, key: str) -> PublicPost | None:
        """The post that was published with a key."""
        row = await self._store.row("SELECT * FROM public_post WHERE key = ?", (key,))
        return None if row is None else _post(row)

    async def withdraw(self, post: str, now: datetime) -> None:
        """Strike a post through; fine if it is so already or was never there."""
        async with self._store.writing() as db:
            sql = "UPDATE public_post SET withdrawn = ? WHERE id = ? AND withdrawn IS NULL"
            await db.execute(sql, (now.isoformat(), post))

    async def posts(self) -> list[PublicPost]:
        """All posts, newest first."""
        return [_post(row) for row in await self._store.rows("SELECT * FROM public_post ORDER BY place DESC")]

    async def reply(self, post: str, name: str, text: str, nonce: str, now: datetime) -> None:
        """Somebody answers a post. The same nonce again is the same reply. Raises LookupError for an unknown post."""
        async with self._store.writing() as db:
            if await one(db, "SELECT 1 FROM public_post WHERE id = ?", (post,)) is None:
                raise LookupError("no such post")
            sql = "INSERT OR IGNORE INTO public_reply (id, post, nonce, at, name, text) VALUES (?, ?, ?, ?, ?, ?)"
            await db.execute(sql, (secrets.token_hex(6), post, nonce, now.isoformat(), name, text))

    async def replies(self, after: int) -> tuple[list[Heard], int]:
        """The replies after a place, oldest first, and the place of the last."""
        rows = await self._store.rows("SELECT * FROM public_reply WHERE place > ? ORDER BY place", (after,))
        return [_heard(row) for row in rows], max((row["place"] for row in rows), default=after)

    async def change_reply(self, reply: str, text: str | None) -> None:
        """Whoever wrote a reply changes its words, or deletes it (None)."""
        sql = (
            "INSERT INTO public_fate (id, text, gone) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET text = excluded.text, gone = excluded.gone"
        )
        async with self._store.writing() as db:
            await db.execute(sql, (reply, text, int(text is None)))

    async def hide_reply(self, reply: str, hidden: bool) -> None:
        """Put a reply behind a fold of the panel, or take it out again."""
        sql = (
            "INSERT INTO public_fate (id, hidden) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET hidden = excluded.hidden"
        )
        async with self._store.writing() as db:
            await db.execute(sql, (reply, int(hidden)))

    async def hidden(self) -> set[str]:
        """The replies behind the fold."""
        return {row["id"] for row in await self._store.rows("SELECT id FROM public_fate WHERE hidden = 1")}

    async def now(self, replies: Sequence[str]) -> dict[str, str | None]:
        """The words of replies as they are now; None for those that were deleted."""
        rows = await self._store.rows("SELECT id, text FROM public_reply")
        fates = {row["id"]: row for row in await self._store.rows("SELECT * FROM public_fate")}
        said = {row["id"]: row["text"] for row in rows if row["id"] in set(replies)}
        for reply in said.keys() & fates.keys():
            fate = fates[reply]
            said[reply] = None if fate["gone"] else fate["text"] or said[reply]
        return said

    async def last_reply(self) -> int:
        """The place of the newest reply; 0 if there is none."""
        row = await self._store.row("SELECT max(place) AS last FROM public_reply")
        return 0 if row is None else int(row["last"] or 0)

    async def troubles(self) -> Sequence[Trouble]:
        """The switches that are on."""
        rows = await self._store.rows("SELECT name FROM trouble ORDER BY name")
        return [Trouble(row["name"]) for row in rows]

    async def switch(self, trouble: Trouble, on: bool) -> None:
        """Turn a trouble on or off."""
        async with self._store.writing() as db:
            if on:
                await db.execute("INSERT OR IGNORE INTO trouble VALUES (?)", (trouble,))
            else:
                await db.execute("DELETE FROM trouble WHERE name = ?", (trouble,))


def _post(row: Row) -> PublicPost:
    body = json.loads(row["body"])
    pictures = tuple(PublicPicture(**picture) for picture in body.pop("pictures"))
    withdrawn = datetime.fromisoformat(row["withdrawn"]) if row["withdrawn"] else None
    at = datetime.fromisoformat(row["at"])
    return PublicPost(row["id"], at, answers=row["answers"], withdrawn=withdrawn, pictures=pictures, **body)


def _heard(row: Row) -> Heard:
    author = " ".join(row["name"].casefold().split())
    return Heard(row["id"], row["post"], author, row["name"], row["text"], datetime.fromisoformat(row["at"]))
