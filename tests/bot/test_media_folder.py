"""Covered files that nothing names any more go; whatever is named, new or just kept again stays."""

import hashlib
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.media_folder import MediaFolder
from bot.retention import Retention
from moderation import audit
from moderation.post import PictureState, PostPicture
from moderation.vault import Gone, Vault
from shifts.database import Database, utc_now
from shifts.timeline import Entry
from tests.bot.test_retention import TIMES, a_folders, a_post, a_shift, counted

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
    return Retention(sqlite_database, Vault(b"k" * 32, tmp_path), TIMES, [], a_folders(tmp_path))


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


async def test_what_was_public_and_is_no_more_goes_though_it_was_not_purged_when_it_was_recalled(
    sqlite_database: Database, retention: Retention, tmp_path: Path
) -> None:
    public = tmp_path / "public"
    public.mkdir()
    for name in (f"{POSTER}.jpg", f"{FILM}.mp4", f"{SENT}.jpg"):
        (public / name).write_bytes(b"covered")
        aged(public / name, NOW - 2 * HOUR)
    shown = {"sha256": POSTER, "width": 1, "height": 1, "alt": "A van.", "video": FILM}
    told: dict[str, Any] = {"shift_id": 1, "kind": "patrol", "language": "en", "text": "", "published_at": NOW}
    for after in (NOW, NOW + HOUR):
        await retention.tick(after)
    assert len(names(public)) == 3  # nothing was ever public by this database: the folder is not its own
    async with sqlite_database.transaction() as session:
        session.add(Entry(key="1", number=1, pictures=[shown], **told))
        session.add(Entry(key="2", number=2, pictures=[], withdrawn_at=NOW, **told))
    for after in (NOW + 2 * HOUR, NOW + 3 * HOUR):
        await retention.tick(after)
    assert names(public) == {f"{POSTER}.jpg", f"{FILM}.mp4"}
    async with sqlite_database.transaction() as session:
        entry = (await session.exec(select(Entry).where(Entry.number == 1))).one()
        entry.withdrawn_at, entry.pictures = NOW, []
    for after in (NOW + 4 * HOUR, NOW + 5 * HOUR):
        await retention.tick(after)
    assert names(public) == set()


async def test_a_folder_that_cannot_be_read_keeps_nothing_else_alive(
    sqlite_database: Database, tmp_path: Path, media: Path
) -> None:
    vault, folders = Vault(b"k" * 32, tmp_path / "vault"), a_folders(tmp_path)
    broken = Retention(sqlite_database, vault, TIMES, [], replace(folders, covered=Unreadable(media)))
    async with sqlite_database.transaction() as session:
        name = await vault.put(session, b"words", NOW, NOW)
    with pytest.raises(ExceptionGroup):
        await broken.tick(NOW)
    async with sqlite_database.reading() as session:
        with pytest.raises(Gone):
            await vault.get(session, name)


class Unreadable(MediaFolder):
    def old(self, before: datetime) -> set[str]:
        raise PermissionError


def test_a_copy_is_kept_only_of_what_its_name_says(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    name = f"{hashlib.sha256(b'covered').hexdigest()}.jpg"
    (there / name).write_bytes(b"something else")
    assert not MediaFolder(here).take(name, there / name)
    assert names(here) == set()
    (there / name).write_bytes(b"covered")
    (here / name).write_bytes(b"something else")
    assert MediaFolder(here).take(name, there / name)
    assert (here / name).read_bytes() == b"covered"
