import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from sqlmodel import col, select

from bot.chat_app import Attachment, AttachmentKind, ChatApp, ChatAppDown
from bot.desk import Desk
from bot.engine import Engine
from bot.fetching import Fetcher, kind_of
from bot.settings import Times
from moderation.post import PictureState, Post, PostPicture
from moderation.vault import Vault
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState
from shifts.words import Words

CONFIG = Path(__file__).parents[2] / "config"

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


@pytest.mark.parametrize(
    ("sent_as", "data", "kind"),
    [
        (AttachmentKind.FILE, MP4, AttachmentKind.VIDEO),
        (AttachmentKind.PHOTO, MP4, AttachmentKind.VIDEO),
        (AttachmentKind.VIDEO, MP4, AttachmentKind.VIDEO),
        (AttachmentKind.VIDEO, b"RIFF....AVI LIST", AttachmentKind.VIDEO),
        (AttachmentKind.VIDEO, b"GIF89a....", AttachmentKind.PHOTO),
        (AttachmentKind.FILE, JPEG, AttachmentKind.PHOTO),
        (AttachmentKind.FILE, b"RIFF....AVI LIST", AttachmentKind.PHOTO),
    ],
)
def test_its_content_says_what_an_attachment_is(sent_as: AttachmentKind, data: bytes, kind: AttachmentKind) -> None:
    assert kind_of(sent_as, data) is kind


class Photos:
    """A chat app of which some photos fail in a way that nobody foresaw, some are away or slow, others are there."""

    def __init__(self) -> None:
        self.slow = asyncio.Event()

    async def fetch(self, attachment: Attachment) -> bytes:
        if attachment.ref == "broken":
            raise ZeroDivisionError("Maria Lopez")
        if attachment.ref == "away":
            raise ChatAppDown
        if attachment.ref == "slow":
            await self.slow.wait()
        return JPEG


@dataclass
class Night:
    database: Database
    fetcher: Fetcher
    photos: Photos

    async def pictures(self) -> list[PostPicture]:
        async with self.database.reading() as session:
            return list((await session.exec(select(PostPicture).order_by(col(PostPicture.id)))).all())


async def a_night(database: Database, folder: Path, *refs: str, tries: int = 0) -> Night:
    """A post with these photos, which nobody has fetched yet."""
    now = utc_now()
    desk = Desk(Engine(database), Vault(b"k" * 32, folder), Words.load(CONFIG / "languages"), Times(), {}, 500, ())
    async with database.transaction() as session:
        session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=now, ends_at=now))
        named = {"call_sign": "Lima 3", "name": "P", "unit": "lima", "language": "en", "accredited_until": now}
        session.add(Officer.model_validate({"id": "lima-3", "roles": ["officer"], **named}))
        await session.flush()
        times = {"prepare_at": now, "sent_at": now, "received_at": now, "shift_id": 1, "author_id": "lima-3"}
        where = {"app": "chat", "chat": "c3", "message": "m1", "source_id": "s", "original_id": "s"}
        session.add(Post.model_validate({"id": 1, "number": 214, **times, **where}))
        await session.flush()
        for number, ref in enumerate(refs):
            part = f"m1-{number}"
            sealed = desk.vault.seal(ref.encode(), f"ref:1:{part}")
            told: dict[str, Any] = {"post_id": 1, "part": part, "kind": "photo", "fetch_at": now, "tries": tries}
            session.add(PostPicture(id=number + 1, ref=sealed, **told))
    photos = Photos()
    return Night(database, Fetcher(database, cast(Mapping[str, ChatApp], {"chat": photos}), desk), photos)


async def test_a_photo_that_fails_holds_up_no_other_and_is_tried_again(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    night = await a_night(sqlite_database, tmp_path, "broken", "fine", "broken", "fine", "fine")
    now = utc_now()
    while await night.fetcher.once(now):
        pass
    found = await night.pictures()
    wanted, held = PictureState.WANTED, PictureState.HELD
    assert [picture.state for picture in found] == [wanted, held, wanted, held, held]
    assert [picture.tries for picture in found if picture.state is wanted] == [1, 1]
    assert "Maria" not in caplog.text


async def test_photos_that_were_away_for_days_hold_up_no_other(sqlite_database: Database, tmp_path: Path) -> None:
    night = await a_night(sqlite_database, tmp_path, "away", "away", "away", "fine", tries=2_000)
    now = utc_now()
    while await night.fetcher.once(now):
        pass
    found = await night.pictures()
    assert found[3].state is PictureState.HELD
    assert all(picture.fetch_at is not None and picture.fetch_at > now for picture in found[:3])


async def until(true: Callable[[list[PostPicture]], bool], night: Night) -> None:
    while not true(await night.pictures()):  # noqa: ASYNC110 - the rows are what says it
        await asyncio.sleep(0.01)


async def test_a_slow_photo_holds_up_none_that_comes_after_it(sqlite_database: Database, tmp_path: Path) -> None:
    night = await a_night(sqlite_database, tmp_path, "slow", *(4 * ["fine"]))
    running = asyncio.create_task(night.fetcher.run())
    try:
        async with asyncio.timeout(30):
            await until(lambda pictures: {one.state for one in pictures[1:]} == {PictureState.HELD}, night)
            assert (await night.pictures())[0].state is PictureState.WANTED
            night.photos.slow.set()
            await until(lambda pictures: pictures[0].state is PictureState.HELD, night)
    finally:
        running.cancel()
        await asyncio.wait([running])
