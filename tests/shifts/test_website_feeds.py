"""The timeline as Atom and JSON Feed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import feedparser
import pytest

from shifts.database import Database
from tests.shifts.night import Night, busy, shown


@pytest.fixture
async def night(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Night]:
    async with shown(sqlite_database, tmp_path / "media") as night:
        yield night


async def fetch(night: Night, path: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(night.address + path) as response:
        assert response.status == 200
        return await response.read()


async def atom(night: Night) -> Any:
    feed = feedparser.parse(await fetch(night, "/feed.atom"))
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    return feed


async def json_feed(night: Night) -> dict[str, Any]:
    feed: dict[str, Any] = json.loads(await fetch(night, "/feed.json"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    return feed


async def test_both_feeds_hold_every_post_newest_first(night: Night) -> None:
    await busy(night)
    addresses = [f"https://patrol.example/p/{number}" for number in range(207, 200, -1)]
    assert [entry.link for entry in (await atom(night)).entries] == addresses
    assert [item["url"] for item in (await json_feed(night))["items"]] == addresses


async def test_a_withdrawn_post_is_a_tombstone_without_content(night: Night) -> None:
    posts = await busy(night)
    said = "This post was withdrawn at 21:27."
    entry = next(one for one in (await atom(night)).entries if one.link.endswith(f"/{posts['wrong'].number}"))
    assert (entry.title, entry.get("content"), entry.get("summary", "")) == (said, None, "")
    item = next(one for one in (await json_feed(night))["items"] if one["url"].endswith(f"/{posts['wrong'].number}"))
    assert item["content_text"] == said
    assert "collided" not in json.dumps(item) + str(entry)


async def test_a_correction_makes_the_entry_new_and_stands_in_it(night: Night) -> None:
    posts = await busy(night)
    entry = next(one for one in (await atom(night)).entries if one.link.endswith(f"/{posts['van'].number}"))
    assert entry.updated > entry.published
    assert "Correction 21:22:" in entry.content[0].value
    assert "It was three tyres, not four." in entry.content[0].value
    item = next(one for one in (await json_feed(night))["items"] if one["url"].endswith(f"/{posts['van'].number}"))
    assert item["date_modified"] > item["date_published"]
    assert "It was three tyres, not four." in item["content_html"]


async def test_pictures_come_with_whole_addresses_and_alt_text(night: Night) -> None:
    posts = await busy(night)
    address = f"https://patrol.example/media/{posts['van'].pictures[0]['sha256']}.jpg"
    item = next(one for one in (await json_feed(night))["items"] if one["url"].endswith(f"/{posts['van'].number}"))
    assert item["image"] == address
    assert f'<img src="{address}" alt="White van at night' in item["content_html"]


async def test_hostile_words_break_no_feed(night: Night) -> None:
    await night.open_shift()
    await night.post("]]> <script>alert(1)</script> \x0b\ufffe \u202egnirts & done", byline="<u>")
    entry = (await atom(night)).entries[0]
    assert "<script" not in entry.content[0].value
    assert "\u202e" not in entry.title
    item = (await json_feed(night))["items"][0]
    assert "<script" not in item["content_html"]
    assert "&lt;script&gt;" in item["content_html"]


async def test_an_empty_timeline_is_a_valid_feed(night: Night) -> None:
    assert (await atom(night)).entries == []
    assert (await json_feed(night))["items"] == []


async def test_a_video_is_an_enclosure_and_its_poster_stands_in_the_entry(night: Night) -> None:
    await night.open_shift()
    post = await night.post("A short film.", videos=1)
    address = f"https://patrol.example/media/{post.pictures[0]['video']}.mp4"
    (entry,) = (await atom(night)).entries
    assert [(one.href, one.type) for one in entry.enclosures] == [(address, "video/mp4")]
    assert f'<a href="{address}"><img ' in entry.content[0].value
    (item,) = (await json_feed(night))["items"]
    assert item["attachments"] == [{"url": address, "mime_type": "video/mp4", "duration_in_seconds": 3}]
