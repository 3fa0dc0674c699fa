"""The pages of the public timeline, as a browser without script gets them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from shifts.database import Database
from shifts.shift import ShiftState
from shifts.website.site import make_site, site_runner
from shifts.words import Words
from tests.shifts.night import LANGUAGES, Night, TwoAreas, busy, get, settings, shown, soon

HOSTILE = "<script>alert(1)</script> \u202egnirts\u0007 & <b>bold</b>"
SCENES = ("/", "/shift/1", "/area/riverside", "/p/203", "/about", "/nothing")


@pytest.fixture
async def night(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Night]:
    async with shown(sqlite_database, tmp_path / "media") as night:
        yield night


async def says(night: Night, path: str, words: str, **headers: str) -> bool:
    return words in (await get(night, path, **headers))[1]


async def test_an_approved_post_is_on_every_page_it_belongs_to(database: Database, tmp_path: Path) -> None:
    async with shown(database, tmp_path / "media") as night:
        shift = await night.open_shift()
        await night.post("Four bald tyres on a van.", area="riverside")
        for path in ("/", f"/shift/{shift.id}", "/area/riverside", "/p/201"):
            response, page = await get(night, path)
            assert (response.status, "Four bald tyres on a van." in page) == (200, True), path
        assert "Four bald tyres" not in (await get(night, "/area/old-town"))[1]


async def test_a_new_post_replaces_the_kept_page_at_once(night: Night) -> None:
    await night.open_shift()
    assert "No posts yet" in (await get(night, "/"))[1]
    await night.post("First of the night.")
    assert await soon(lambda: says(night, "/", "First of the night."))


async def test_newest_posts_come_first_and_answers_stand_under_their_post(night: Night) -> None:
    await busy(night)
    _, page = await get(night, "/")
    places = [page.index(words) for words in ("night market opens", "bald tyres", "worn tyres count", "spill")]
    assert places == sorted(places)
    assert '<ol class="answers"' in page


async def test_the_permalink_of_an_answer_shows_its_whole_thread(night: Night) -> None:
    posts = await busy(night)
    _, page = await get(night, f"/p/{posts['answer'].number}")
    assert "four bald tyres" in page
    assert "worn tyres count" in page
    assert "night market" not in page


async def test_an_answer_to_an_earlier_shift_brings_its_thread_back(night: Night) -> None:
    first = await night.open_shift("Night A")
    old = await night.post("Asked for quiet near the harbour.")
    await night.set_state(first, ShiftState.ENDED)
    await night.open_shift("Night B")
    assert "harbour" not in (await get(night, "/"))[1]
    await night.post("It was quiet until four.", answers=old)
    _, page = await get(night, "/")
    assert "Asked for quiet" in page
    assert "quiet until four" in page


async def test_older_posts_are_one_link_away(night: Night) -> None:
    await night.open_shift()
    for number in range(45):
        await night.post(f"Post number {number} of many.")
    _, page = await get(night, "/")
    assert "Post number 44 of" in page
    assert "Post number 4 of" not in page
    older = re.search(r'href="(/\?before=\d+)" rel="next"', page)
    assert older is not None
    _, page = await get(night, older[1])
    assert "Post number 4 of" in page
    assert "Post number 5 of" not in page


async def test_a_withdrawn_post_leaves_a_tombstone_and_no_word_of_it(night: Night) -> None:
    await night.open_shift()
    post = await night.post("Words to be taken back.", pictures=1, byline="Lima 5")
    await get(night, "/")
    await night.withdraw(post)
    for path in ("/", f"/p/{post.number}"):
        _, page = await get(night, path)
        assert re.search(r"This post was withdrawn at <time [^>]+>21:10</time>\.", page), path
        for gone in ("taken back", "/media/", "Lima 5", "Riverside</a>"):
            assert gone not in page.split("<aside")[0], path
    assert "noindex" in (await get(night, f"/p/{post.number}"))[1]


async def test_a_correction_stands_under_the_post_with_its_time(night: Night) -> None:
    await night.open_shift()
    post = await night.post("Four bald tyres.")
    await night.correct(post, "It was three.")
    _, page = await get(night, "/")
    assert re.search(r"Correction <time [^>]+>21:10</time>:</strong> <span[^>]*>It was three\.", page)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (ShiftState.LIVE, "On patrol now"),
        (ShiftState.FROZEN, "Updates are paused."),
        (ShiftState.ENDED, "Nobody is on patrol right now."),
    ],
)
async def test_the_page_says_whether_anybody_is_on_patrol(night: Night, state: ShiftState, sentence: str) -> None:
    shift = await night.open_shift()
    await night.post("Something happened earlier.")
    if state is not ShiftState.LIVE:
        await night.set_state(shift, state)
    _, page = await get(night, "/")
    assert sentence in page
    assert "Something happened earlier." in page


async def test_one_paused_shift_does_not_hide_another_that_is_live(night: Night) -> None:
    first = await night.open_shift("Night A")
    await night.open_shift("Night B")
    await night.set_state(first, ShiftState.FROZEN)
    page = re.sub(r"<[^>]+>", "", (await get(night, "/"))[1])
    assert "On patrol now: Night B" in page
    assert "Updates from Night A are paused." in page


async def test_a_shift_that_has_not_begun_has_no_page(night: Night) -> None:
    shift = await night.open_shift()
    await night.set_state(shift, ShiftState.PLANNED)
    assert (await get(night, f"/shift/{shift.id}"))[0].status == 404


async def test_nothing_that_was_typed_becomes_markup(night: Night) -> None:
    shift = await night.open_shift("<i>Night</i>")
    post = await night.post(HOSTILE, byline="<u>Lima</u>", kind="<kind>", area="<area>", language='en" onx="1')
    await night.correct(post, HOSTILE)
    for path in ("/", f"/shift/{shift.id}", f"/p/{post.number}"):
        _, page = await get(night, path)
        for tag in ("<script>", "<b>", "<i>", "<u>", "<kind", "<area", '" onx="', "\u0007"):
            assert tag not in page, (path, tag)
        assert "&lt;script&gt;alert(1)" in page
        assert "<bdi>&lt;u&gt;Lima" in page
        assert 'dir="auto"' in page


async def test_a_web_address_in_a_post_is_a_link_and_nothing_else_is(night: Night) -> None:
    await night.open_shift()
    await night.post("See https://advice.example/home?a=1&b=2). Not javascript:alert(1) or http:// alone.")
    _, page = await get(night, "/")
    link = re.findall(r'<p class="text".*?<a href="([^"]+)" rel="([^"]+)">', page)
    assert link == [("https://advice.example/home?a=1&amp;b=2", "nofollow ugc noopener")]
    assert 'href="javascript' not in page


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/", "es-MX,es;q=0.9,en;q=0.5", "es"),
        ("/", "de, fr;q=0.3", "fr"),
        ("/", "de", "en"),
        ("/", "fr;q=0, es;q=nonsense", "en"),
        ("/?lang=fr", "es", "fr"),
        ("/?lang=xx", "es", "es"),
    ],
)
async def test_a_page_speaks_the_language_that_was_asked_for(
    night: Night, path: str, accepted: str, language: str
) -> None:
    response, page = await get(night, path, Accept_Language=accepted)
    assert f'<html lang="{language}">' in page
    assert "Accept-Language" in response.headers["Vary"]


async def test_a_chosen_language_is_kept_by_every_link_and_each_post_keeps_its_own(night: Night) -> None:
    await busy(night)
    _, page = await get(night, "/?lang=es")
    assert "Publicación" in page
    assert '<p class="text" lang="en"' in page
    assert '<p class="text" lang="es"' in page
    inside = [link for link in re.findall(r'<a [^>]*href="(/[^"]*)"', page) if not link.startswith("/media")]
    assert len(inside) > 10
    assert all("lang=" in link for link in inside)


async def test_times_are_told_where_the_force_is(night: Night) -> None:
    await night.open_shift()
    await night.post("Dark already.")
    _, page = await get(night, "/")
    assert '<time datetime="2026-11-21T21:09:00+01:00">Sat 21 Nov, 21:09</time>' in page


@pytest.mark.parametrize(
    "path", [*SCENES, "/feed.atom", "/feed.json", "/robots.txt", "/healthz", "/static/nothing.css"]
)
async def test_every_answer_is_locked_down(night: Night, path: str) -> None:
    response, page = await get(night, path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in response.headers
    assert not re.search(r'\sstyle=|\son\w+="|<style|<script>', page)


async def test_a_link_to_a_post_shows_its_words_where_it_is_shared(night: Night) -> None:
    posts = await busy(night)
    _, page = await get(night, f"/p/{posts['van'].number}")
    assert '<meta property="og:description" content="Stopped a van with four bald tyres' in page
    assert f'content="https://patrol.example/media/{posts["van"].pictures[0]["sha256"]}.jpg"' in page
    _, page = await get(night, f"/p/{posts['wrong'].number}")
    assert "og:description" not in page


@pytest.mark.parametrize(
    "path", ["/area/%ff", "/area/" + "a" * 4000, "/p/%31", "/?before=%00", "/?lang=%ff", "//", "/%2e%2e/"]
)
async def test_odd_addresses_do_no_harm(night: Night, path: str) -> None:
    response, _ = await get(night, path)
    assert response.status in {200, 404}


@pytest.mark.parametrize("path", SCENES)
async def test_nothing_is_fetched_from_elsewhere(night: Night, path: str) -> None:
    await busy(night)
    _, page = await get(night, path)
    fetched = re.findall(r'<(?:img|script)[^>]+src="([^"]+)"|<link rel="(?:stylesheet|icon)"[^>]+href="([^"]+)"', page)
    assert len(fetched) >= 3
    assert all((one or other).startswith(("/static/", "/media/")) for one, other in fetched)


async def test_who_has_the_page_gets_304_and_compression_is_real(night: Night) -> None:
    await busy(night)
    etag = ""
    for encoding in ("br", "gzip", "identity"):
        response, page = await get(night, "/", Accept_Encoding=encoding)
        assert response.headers.get("Content-Encoding", "identity") == encoding
        assert "bald tyres" in page
        etag = response.headers["ETag"]
        again, nothing = await get(night, "/", Accept_Encoding=encoding, If_None_Match=etag)
        assert (again.status, nothing) == (304, "")
        assert again.headers["Cache-Control"] == "public, max-age=2, stale-while-revalidate=30"
    await night.post("And something new.")
    assert await soon(lambda: says(night, "/", "And something new.", If_None_Match=etag))


async def test_static_files_are_named_by_content_and_kept_for_good(night: Night) -> None:
    _, page = await get(night, "/")
    files = sorted(set(re.findall(r'"(/static/[^"]+)"', page)))
    assert [path.split(".")[-1] for path in files] == ["svg", "js", "css"]
    for path in files:
        response, _ = await get(night, path)
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]


async def test_there_is_a_page_for_what_is_not_there(night: Night) -> None:
    for path in ("/nothing", "/p/99999", "/shift/77", "/area/nowhere", "/p/abc", "/static/x.js", "/p/999999999"):
        response, page = await get(night, path)
        assert response.status == 404, path
        assert "There is no such page" in page, path


async def test_the_site_can_only_be_read(night: Night) -> None:
    async with aiohttp.ClientSession() as session, session.post(night.address + "/", data=b"x") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, HEAD"
    async with aiohttp.ClientSession() as session, session.head(night.address + "/") as response:
        assert response.status == 200


async def test_our_own_fault_is_told_plainly_and_logged_without_words(
    night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    async with night.database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE timeline_entry RENAME TO secret_words")
    response, page = await get(night, "/")
    assert response.status == 500
    assert "The fault is ours" in page
    assert response.headers["Cache-Control"] == "no-store"
    captured = capsys.readouterr()
    assert "OperationalError" in captured.out + captured.err
    assert "timeline_entry" not in captured.out + captured.err


async def test_about_says_that_this_is_no_emergency_line(night: Night) -> None:
    _, page = await get(night, "/about")
    assert "Not an emergency line" in page
    assert "Your replies" in page
    assert "Shifts are shown from 18:00 to 06:00." in page
    for path in ("/", "/about", "/nothing"):
        assert "In an emergency call 112." in (await get(night, path))[1]


async def test_health_tells_whether_the_database_answers(night: Night) -> None:
    async def status() -> int:
        return (await get(night, "/healthz"))[0].status

    async def well() -> bool:
        return await status() == 200

    async def ill() -> bool:
        return await status() == 503

    assert await soon(well)
    async with night.database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE timeline_change RENAME TO away")
    assert await soon(ill)


async def test_another_application_beside_the_site_keeps_its_own_answers(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async def play(_request: web.Request) -> web.Response:
        return web.Response(text="play", headers={"Content-Security-Policy": "default-src 'self'"})

    rehearsal = web.Application()
    rehearsal.add_routes([web.get("/", play)])
    site = make_site(settings(tmp_path), sqlite_database, TwoAreas(), Words.load(LANGUAGES))
    site.add_subapp("/rehearsal/", rehearsal)
    runner = site_runner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    night = Night(sqlite_database, tmp_path, site, f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        response, body = await get(night, "/rehearsal/")
        assert (response.status, body) == (200, "play")
        assert response.headers["Content-Security-Policy"] == "default-src 'self'"
        assert "no such page" not in (await get(night, "/rehearsal/nothing"))[1]
    finally:
        await runner.cleanup()
