"""Pictures and videos of the public timeline: shown, kept, and gone when they are withdrawn."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from shifts.database import Database
from tests.shifts.night import Night, get, shown, soon


@pytest.fixture
async def night(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Night]:
    async with shown(sqlite_database, tmp_path / "media") as night:
        yield night


async def test_pictures_have_alt_text_and_sides_and_are_kept_for_good(night: Night) -> None:
    await night.open_shift()
    post = await night.post("A van.", pictures=1)
    address = f"/media/{post.pictures[0]['sha256']}.jpg"
    _, page = await get(night, "/")
    image = re.search(r"<img src=\"/media[^>]+>", page)
    assert image is not None
    for attribute in (address, 'alt="White van at night', 'width="1200"', 'height="800"', 'loading="lazy"'):
        assert attribute in image[0]
    async with aiohttp.ClientSession() as session, session.get(night.address + address) as response:
        assert response.content_type == "image/jpeg"
        assert "immutable" in response.headers["Cache-Control"]
        assert (await response.read())[:2] == b"\xff\xd8"


async def test_a_picture_that_was_asked_for_too_soon_is_asked_for_again(night: Night) -> None:
    async with aiohttp.ClientSession() as session:
        for address, caching in ((f"/media/{'a' * 64}.jpg", "no-store"), ("/p/999", "public, max-age=5")):
            async with session.get(night.address + address) as response:
                assert (response.status, response.headers["Cache-Control"]) == (404, caching)


async def test_a_withdrawn_picture_is_gone_even_if_its_file_is_not(database: Database, tmp_path: Path) -> None:
    async with shown(database, tmp_path / "media") as night:
        await night.open_shift()
        post = await night.post("A van.", pictures=1)
        address = f"/media/{post.pictures[0]['sha256']}.jpg"

        async def status() -> int:
            async with aiohttp.ClientSession() as session, session.get(night.address + address) as response:
                return response.status

        async def gone() -> bool:
            return await status() == 404

        assert await status() == 200
        assert await night.withdraw(post) == [f"{post.pictures[0]['sha256']}.jpg"]
        assert await soon(gone)


async def test_a_video_plays_from_its_poster_in_pieces_and_goes_with_its_post(
    database: Database, tmp_path: Path
) -> None:
    async with shown(database, tmp_path / "media") as night, aiohttp.ClientSession() as session:
        await night.open_shift()
        post = await night.post("A short film.", videos=1)
        page = await (await session.get(f"{night.address}/p/{post.number}")).text()
        video, poster = post.pictures[0]["video"], post.pictures[0]["sha256"]
        for part in ("controls", 'preload="none"', "playsinline", f'poster="/media/{poster}.jpg"', "aria-label="):
            assert part in page
        films = f"{night.address}/media/{video}.mp4"
        async with session.get(films, headers={"Range": "bytes=100-199"}) as piece:
            assert (piece.status, len(await piece.read()), piece.content_type) == (206, 100, "video/mp4")
        assert "media-src 'self'" in piece.headers["Content-Security-Policy"]
        assert await night.withdraw(post) == [f"{poster}.jpg", f"{video}.mp4"]

        async def gone() -> bool:
            async with session.get(films) as answer:
                return answer.status == 404

        assert await soon(gone)


async def test_a_picture_that_another_post_shows_is_not_purged(database: Database, tmp_path: Path) -> None:
    async with shown(database, tmp_path / "media") as night:
        await night.open_shift()
        first = await night.post("A van.", pictures=1)
        second = await night.post("A van, told better.", pictures=1)
        assert await night.withdraw(first) == []
        assert await night.withdraw(second) == [f"{second.pictures[0]['sha256']}.jpg"]


@pytest.mark.parametrize("name", ["..%2Fsecret", "secret", "A" * 64, "0" * 64, "1" * 64, "%00"])
async def test_only_published_pictures_can_be_had(night: Night, name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"private")
    (tmp_path / "media" / "secret.jpg").write_bytes(b"private")
    (tmp_path / "media" / f"{'1' * 64}.jpg").write_bytes(b"private")
    response, body = await get(night, f"/media/{name}.jpg")
    assert response.status == 404
    assert "private" not in body
