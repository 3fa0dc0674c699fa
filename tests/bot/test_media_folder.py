"""Covered files that nothing names any more go; whatever is named, new or just kept again stays."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.media_folder import MediaFolder
from bot.retention import Retention
from moderation import audit
from moderation.post import PictureState, PostPicture
from moderation.vault import Vault
from shifts.database import Database, utc_now
from tests.bot.test_retention import TIMES, a_post, a_shift, counted

NOW = utc_now()
HOUR = timedelta(hours=1)
POSTER, FILM, SENT, WEAKER, WEAKER_FILM, HALF = ("a" * 64, "b" * 64, "c" * 64, "d" * 64, "e" * 64, "f" * 64)
NAMED = {f"{POSTER}.jpg", f"{FILM}.mp4", f"{SENT}.jpg"}
UNNAMED = {f"{WEAKER}.jpg", f"{WEAKER_FILM}.mp4", f"{HALF}.71.part", f"{FILM}.71.part"}


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "drawn").mkdir(parents=True)
    for name in (*NAMED, *UNNAMED, "drawn/x.jpg"):
        (folder / name).write_bytes(b"covered")
        aged(folder / name, NOW - 2 * HOUR)
    return folder


@pytest.fixture
async def retention(sqlite_database: Database, tmp_path: Path, media: Path) -> Retention:
    async with sqlite_database.transaction() as session:
        await a_shift(session)
        session.add(a_post(app="elsewhere"))
        await session.flush()
        shown: dict[str, Any] = {"state": PictureState.FINISHED, "sha256": POSTER, "video": FILM}
        session.add(PostPicture(post_id=1, part="1", kind="video", **shown))
        await audit.record(session, NOW, "rendition", "post 1", network="x", recipes={SENT: "1600 q75"})
    return Retention(sqlite_database, Vault(b"k" * 32, tmp_path), TIMES, [], MediaFolder(media))


def aged(path: Path, at: datetime) -> None:
    os.utime(path, (at.timestamp(), at.timestamp()))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


async def test_what_nothing_has_named_for_an_hour_goes_and_is_counted(
    sqlite_database: Database, retention: Retention, media: Path
) -> None:
    assert await retention.tick(NOW) is False
    assert await retention.tick(NOW + HOUR - timedelta(seconds=1)) is False
    assert names(media) == NAMED | UNNAMED
    assert await retention.tick(NOW + HOUR) is True
    assert (names(media), (media / "drawn" / "x.jpg").exists()) == (NAMED, True)
    assert await retention.tick(NOW + 3 * HOUR) is False
    assert await counted(sqlite_database) == {"covered files": 4}


async def test_what_is_kept_again_while_it_is_about_to_go_stays(
    sqlite_database: Database, retention: Retention, media: Path
) -> None:
    await retention.tick(NOW)
    MediaFolder(media).keep(f"{WEAKER}.jpg", b"covered")
    await retention.tick(NOW + HOUR)
    assert names(media) == NAMED | {f"{WEAKER}.jpg"}
    assert await counted(sqlite_database) == {"covered files": 3}


async def test_what_a_post_names_again_stays(sqlite_database: Database, retention: Retention, media: Path) -> None:
    await retention.tick(NOW)
    async with sqlite_database.transaction() as session:
        (await session.get_one(PostPicture, 1)).sha256 = WEAKER
    await retention.tick(NOW + HOUR)
    # What it named before has not been without a name for an hour.
    assert names(media) == NAMED | {f"{WEAKER}.jpg"}
    await retention.tick(NOW + 2 * HOUR)
    assert names(media) == NAMED - {f"{POSTER}.jpg"} | {f"{WEAKER}.jpg"}


def test_what_was_kept_between_the_look_and_the_deed_is_not_forgotten(media: Path) -> None:
    folder = MediaFolder(media)
    (old,) = folder.old(NOW - HOUR) & {f"{WEAKER}.jpg"}
    folder.keep(old, b"covered")
    assert folder.forget([old, "never-there.jpg"], NOW - HOUR) == 0
    assert folder.kept(old) is not None
