from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import col, select

from bot.chat_app import Attachment, AttachmentKind, ChatApp
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
    """A chat app of which one photo fails in a way that nobody foresaw, and the others are there."""

    async def fetch(self, attachment: Attachment) -> bytes:
        if attachment.ref == "broken":
            raise ZeroDivisionError("Maria Lopez")
        return JPEG


async def test_a_photo_that_fails_holds_up_no_other_and_is_tried_again(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = utc_now()
    desk = Desk(
        Engine(sqlite_database), Vault(b"k" * 32, tmp_path), Words.load(CONFIG / "languages"), Times(), {}, 500, ()
    )
    async with sqlite_database.transaction() as session:
        session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=now, ends_at=now))
        named = {"call_sign": "Lima 3", "name": "P", "unit": "lima", "language": "en", "accredited_until": now}
        session.add(Officer.model_validate({"id": "lima-3", "roles": ["officer"], **named}))
        await session.flush()
        times = {"prepare_at": now, "sent_at": now, "received_at": now, "shift_id": 1, "author_id": "lima-3"}
        where = {"app": "chat", "chat": "c3", "message": "m1", "source_id": "s", "original_id": "s"}
        session.add(Post.model_validate({"id": 1, "number": 214, **times, **where}))
        await session.flush()
        for number, ref in enumerate(["broken", "fine", "broken", "fine", "fine"]):
            part = f"m1-{number}"
            sealed = desk.vault.seal(ref.encode(), f"ref:1:{part}")
            session.add(PostPicture(id=number + 1, post_id=1, part=part, kind="photo", ref=sealed, fetch_at=now))
    fetcher = Fetcher(sqlite_database, cast(Mapping[str, ChatApp], {"chat": Photos()}), desk)
    while await fetcher.once(now):
        pass
    async with sqlite_database.reading() as session:
        found = (await session.exec(select(PostPicture).order_by(col(PostPicture.id)))).all()
    wanted, held = PictureState.WANTED, PictureState.HELD
    assert [picture.state for picture in found] == [wanted, held, wanted, held, held]
    assert [picture.tries for picture in found if picture.state is wanted] == [1, 1]
    assert "Maria" not in caplog.text
