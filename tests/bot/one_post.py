"""One post on its way, and one picture of it, for tests of what is done before anybody decides."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.desk import Desk
from bot.engine import Engine
from bot.settings import Times
from moderation import queue
from moderation.post import PictureState, Post, PostPicture
from moderation.vault import Vault
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState
from shifts.words import Words

LANGUAGES = Path(__file__).parents[2] / "config" / "languages"


def a_desk(database: Database, folder: Path) -> Desk:
    """With its vault in that folder."""
    return Desk(Engine(database), Vault(b"k" * 32, folder), Words.load(LANGUAGES), Times(), {}, 2000, ())


async def a_post(database: Database, desk: Desk) -> int:
    now = utc_now()
    later = now + timedelta(days=1)
    async with database.transaction() as session:
        someone: dict[str, Any] = {"name": "P", "unit": "lima", "roles": ["officer"], "language": "en"}
        session.add(Officer(id="lima-3", call_sign="Lima 3", accredited_until=later, **someone))
        session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=now, ends_at=later))
        await session.flush()
        source = await desk.seal(session, "All quiet.", now)
        times: dict[str, Any] = {"prepare_at": now, "sent_at": now, "received_at": now}
        where: dict[str, Any] = {"app": "a", "chat": "c", "message": "m", "source_id": source, "original_id": source}
        post = Post(number=1, author_id="lima-3", shift_id=1, networks=["page"], **times, **where)
        session.add(post)
        await session.flush()
        return post.id or 0


async def a_picture(database: Database, desk: Desk, kind: str, content: bytes) -> None:
    """A post whose words are clean, with a photo or video that was fetched."""
    post_id = await a_post(database, desk)
    now = utc_now()
    async with database.transaction() as session:
        post = await queue.locked(session, post_id)
        post.drafted, post.text = 1, "All quiet."
        await queue.prepared(session, post, "PASS", now)
        original = await desk.vault.put(session, content, now, now + timedelta(days=1))
        state: dict[str, Any] = {"state": PictureState.HELD, "original_id": original}
        session.add(PostPicture(post_id=post_id, part="1", kind=kind, **state))
