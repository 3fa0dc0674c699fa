"""What only Bluesky does: records by fixed names, bytes, small pictures, threads, sessions that are kept."""

import asyncio
import hashlib
import inspect
import io
import logging
import random
import stat
import tomllib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.bluesky.notifications import PAGE
from bot.bluesky.record import facets
from bot.bluesky.tid import tid
from bot.network import Refused, SignedOut, TryLater, Unclear
from bot.networks import bluesky as adapter
from bot.networks.bluesky import LIMITS
from bot.rendition import rendition
from moderation.release import PublicPicture
from tests.contracts.bluesky_harness import PUT, BlueskyHarness, bluesky_network
from tests.contracts.test_networks import LONG_AGO, NOW, POST
from tests.fake_bluesky.lexicon import TID, check_post
from tests.fake_bluesky.refused import Refused as ServerRefused
from tests.fake_bluesky.server import Fault
from tests.fake_bluesky.world import PASSWORD, Record

DOCS = Path(__file__).parents[2] / "docs"
SIGN_IN = "com.atproto.server.createSession"
UPLOAD = "com.atproto.repo.uploadBlob"


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[BlueskyHarness]:
    async with bluesky_network(tmp_path) as started:
        yield started


def records(harness: BlueskyHarness) -> list[Record]:
    return list(harness.fake.world.person("Patrol").records.values())


def noise(width: int, height: int) -> bytes:
    """A picture that no encoder makes small."""
    pixels = random.Random(7).randbytes(width * height * 3)
    stream = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(stream, "JPEG", quality=90, subsampling=0)
    return stream.getvalue()


def picture(folder: Path, jpeg: bytes, width: int, height: int) -> PublicPicture:
    """A finished picture in the media folder."""
    sha256 = hashlib.sha256(jpeg).hexdigest()
    (folder / f"{sha256}.jpg").write_bytes(jpeg)
    return PublicPicture(sha256, width, height, "A van, plate covered")


# Records


async def test_whoever_publishes_again_writes_the_same_record(harness: BlueskyHarness, tmp_path: Path) -> None:
    post = replace(POST, pictures=(picture(tmp_path, noise(32, 24), 32, 24),))
    first = await harness.network.publish(post, "k1", None)
    (before,) = records(harness)
    async with harness.again() as later:
        assert await later.publish(post, "k1", None) == first
    assert records(harness) == [before]
    assert before.value["createdAt"] == "2026-11-21T21:00:00.000Z"


@given(
    st.text(min_size=1, max_size=30),
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is drawn
)
def test_a_name_is_valid_and_fixed_by_key_and_time(key: str, at: datetime) -> None:
    assert TID.fullmatch(tid(key, at))
    assert tid(key, at) == tid(key, at)
    assert tid(key, at) < tid(key, at + timedelta(seconds=2))


def test_posts_of_one_second_have_names_of_their_own() -> None:
    assert len({tid(f"tp-{number}-n", NOW) for number in range(20_000)}) == 20_000


async def test_links_and_tags_are_placed_by_their_bytes(harness: BlueskyHarness) -> None:
    """The fake refuses a mark that does not stand on exactly its words."""
    text = "Ribera cortada 👮🏽‍♀️: más en https://patrol.example/p/214?a=ñ. #PortAlba, #112 #número2"
    await harness.network.publish(replace(POST, text=text), "k1", None)
    (kept,) = records(harness)
    features = [facet["features"][0] for facet in kept.value["facets"]]
    assert [feature.get("uri") or feature["tag"] for feature in features] == [
        "https://patrol.example/p/214?a=ñ",
        "PortAlba",
        "número2",
    ]


@given(
    st.lists(
        st.sampled_from(["#a", "https://x.example/", ").", " ", "ñ", "👮🏽‍♀️", "#", "\n", "(", "1", "x·-"]), max_size=25
    )
)
def test_every_mark_stands_on_its_words(parts: list[str]) -> None:
    text = "".join(parts)
    found = list(facets(text))
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-11-21T21:00:00Z", "facets": found}
    check_post(record)


async def test_three_thousand_bytes_are_the_limit_as_well(harness: BlueskyHarness) -> None:
    family = "👨‍👩‍👧‍👦"
    most = LIMITS.bytes // len(family.encode()) if LIMITS.bytes else 0
    await harness.network.publish(replace(POST, text=family * most), "k1", None)
    with pytest.raises(Refused, match="too long"):
        await harness.network.publish(replace(POST, text=family * (most + 1)), "k2", None)
    assert most < LIMITS.characters


# Pictures


async def test_a_large_picture_is_made_small_and_keeps_its_shape(harness: BlueskyHarness, tmp_path: Path) -> None:
    large = noise(1600, 1200)
    assert len(large) > LIMITS.picture_bytes
    await harness.network.publish(replace(POST, pictures=(picture(tmp_path, large, 1600, 1200),)), "k1", None)
    (kept,) = records(harness)
    (image,) = kept.value["embed"]["images"]
    assert image["alt"] == "A van, plate covered"
    blob = harness.fake.world.blobs[image["image"]["ref"]["$link"]]
    assert len(blob) <= LIMITS.picture_bytes
    with Image.open(io.BytesIO(blob)) as opened:
        assert image["aspectRatio"] == {"width": opened.width, "height": opened.height}
        assert abs(opened.width / opened.height - 4 / 3) < 0.01
        assert not opened.getexif()


def test_a_rendition_is_made_by_a_recipe_and_always_the_same() -> None:
    large = noise(1200, 900)
    made = rendition(large, 400_000)
    assert made.recipe != "as approved"
    assert made == rendition(large, 400_000)
    assert rendition(made.jpeg, 400_000).recipe == "as approved"


async def test_a_small_picture_leaves_as_it_was_approved(harness: BlueskyHarness, tmp_path: Path) -> None:
    small = noise(64, 48)
    await harness.network.publish(replace(POST, pictures=(picture(tmp_path, small, 64, 48),)), "k1", None)
    assert list(harness.fake.world.blobs.values()) == [small]


async def test_other_bytes_than_were_approved_never_leave(harness: BlueskyHarness, tmp_path: Path) -> None:
    approved = picture(tmp_path, noise(64, 48), 64, 48)
    (tmp_path / f"{approved.sha256}.jpg").write_bytes(noise(48, 64))
    with pytest.raises(Refused, match="picture changed"):
        await harness.network.publish(replace(POST, pictures=(approved,)), "k1", None)
    assert harness.fake.world.blobs == {}


async def test_doubt_about_a_picture_is_no_doubt_about_the_post(harness: BlueskyHarness, tmp_path: Path) -> None:
    harness.fake.fail(Fault("lost", UPLOAD))
    with pytest.raises(TryLater):
        await harness.network.publish(replace(POST, pictures=(picture(tmp_path, noise(9, 9), 9, 9),)), "k1", None)
    assert records(harness) == []


# Threads


async def test_an_answer_stands_in_the_thread_that_the_first_post_opened(harness: BlueskyHarness) -> None:
    opener = await harness.network.publish(POST, "k1", None)
    second = await harness.network.publish(replace(POST, text="Towed."), "k2", opener.id)
    question = harness.fake.world.reply("Ines", second.id, "Where to?")
    answer = await harness.network.publish(replace(POST, text="To the pound."), "k3", question.uri)
    reply = harness.fake.world.at(answer.id).value["reply"]
    assert (reply["root"]["uri"], reply["parent"]["uri"]) == (opener.id, question.uri)


async def test_an_answer_to_what_is_gone_is_refused(harness: BlueskyHarness) -> None:
    opener = await harness.network.publish(POST, "k1", None)
    question = harness.fake.world.reply("Ines", opener.id, "Where to?")
    harness.fake.world.person("Ines").records.clear()
    with pytest.raises(Refused, match="gone"):
        await harness.network.publish(replace(POST, text="To the pound."), "k2", question.uri)


# Sessions


async def test_a_session_outlives_the_program(harness: BlueskyHarness) -> None:
    await harness.network.publish(POST, "k1", None)
    async with harness.again() as later:
        assert await later.find(POST, "k1", LONG_AGO) is not None
    assert harness.fake.world.sessions_made == 1


async def test_only_we_can_read_the_session(harness: BlueskyHarness, tmp_path: Path) -> None:
    await harness.network.publish(POST, "k1", None)
    (kept,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PASSWORD not in kept.read_text()


async def test_a_session_that_ended_is_renewed_once_for_all_calls(harness: BlueskyHarness) -> None:
    await harness.network.publish(POST, "k1", None)
    harness.fake.world.expire()
    await asyncio.gather(*(harness.network.publish(replace(POST, text=f"{n}"), f"n{n}", None) for n in range(5)))
    assert (harness.fake.world.sessions_made, harness.fake.world.sessions_renewed) == (1, 1)
    assert len(records(harness)) == 6


async def test_a_session_that_another_process_renewed_is_taken_over(harness: BlueskyHarness) -> None:
    await harness.network.publish(POST, "k1", None)
    async with harness.again() as other:
        harness.fake.world.expire()
        await other.publish(replace(POST, text="Other."), "k2", None)
        await harness.network.publish(replace(POST, text="Third."), "k3", None)
    assert (harness.fake.world.sessions_made, harness.fake.world.sessions_renewed) == (1, 1)


async def test_a_session_that_can_not_be_renewed_is_made_anew(harness: BlueskyHarness) -> None:
    await harness.network.publish(POST, "k1", None)
    harness.fake.world.expire()
    harness.fake.world.refresh.clear()
    assert await harness.network.find(POST, "k1", LONG_AGO) is not None
    assert harness.fake.world.sessions_made == 2


async def test_a_refused_password_is_not_tried_again_and_again(harness: BlueskyHarness) -> None:
    async with harness.again("wrong") as network:
        for _ in range(5):
            with pytest.raises(SignedOut):
                await network.publish(POST, "k1", None)
    assert harness.fake.called(SIGN_IN) == 1


async def test_a_broken_session_file_is_made_anew(harness: BlueskyHarness, tmp_path: Path) -> None:
    await harness.network.publish(POST, "k1", None)
    (kept,) = (tmp_path / "state").iterdir()
    kept.write_text('{"did": "did:')
    async with harness.again() as later:
        assert await later.find(POST, "k1", LONG_AGO) is not None


# Trouble


@pytest.mark.parametrize("kind", ["lost", "after", "half", "html", "drop"])
async def test_what_may_be_there_is_unclear(harness: BlueskyHarness, kind: Any) -> None:
    harness.fake.fail(Fault(kind, PUT))
    with pytest.raises(Unclear):
        await harness.network.publish(POST, "k1", None)
    there = await harness.network.find(POST, "k1", LONG_AGO)
    assert (there is not None) == (kind in {"lost", "after", "half"})


async def test_the_network_says_when_to_come_back(harness: BlueskyHarness) -> None:
    harness.fake.fail(Fault("busy", PUT, wait=240))
    with pytest.raises(TryLater) as told:
        await harness.network.publish(POST, "k1", None)
    assert 200 < told.value.wait <= 240


async def test_an_account_that_was_taken_down_needs_a_person(harness: BlueskyHarness) -> None:
    harness.fake.fail(Fault("error", PUT, status=400, error="AccountTakedown"))
    with pytest.raises(SignedOut):
        await harness.network.publish(POST, "k1", None)


@pytest.mark.parametrize("error", ["InvalidRequest", "NotFound"])
async def test_a_question_that_is_refused_is_asked_again_later(harness: BlueskyHarness, error: str) -> None:
    published = await harness.network.publish(POST, "k1", None)
    harness.fake.fail(Fault("error", status=400, error=error, times=9))
    with pytest.raises(TryLater):
        await harness.network.replies(None)
    if error == "InvalidRequest":
        with pytest.raises(TryLater):
            await harness.network.find(POST, "k1", LONG_AGO)
        with pytest.raises(TryLater):
            await harness.network.withdraw(published)


def test_the_page_in_docs_says_what_connect_takes(tmp_path: Path) -> None:
    page = (DOCS / "bluesky.md").read_text(encoding="utf-8")
    table = tomllib.loads(page.split("```toml")[1].split("```")[0])["networks"]["bluesky"]
    inspect.signature(adapter.connect).bind(**table, media=tmp_path, state=tmp_path)
    assert adapter.limits(**table) == LIMITS


async def test_a_page_from_something_on_the_way_is_no_refusal(harness: BlueskyHarness) -> None:
    harness.fake.fail(Fault("html", PUT, status=403))
    with pytest.raises(TryLater):
        await harness.network.publish(POST, "k1", None)


async def test_a_lost_confirmation_of_a_withdrawal_is_tried_again(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    harness.fake.fail(Fault("lost", "com.atproto.repo.deleteRecord"))
    with pytest.raises(TryLater):
        await harness.network.withdraw(published)
    await harness.network.withdraw(published)
    assert records(harness) == []


async def test_no_log_holds_the_password_the_tokens_or_the_words(
    harness: BlueskyHarness, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    post = replace(POST, pictures=(picture(tmp_path, noise(32, 24), 32, 24),))
    await harness.network.publish(post, "k1", None)
    harness.fake.fail(Fault("half", PUT))
    with pytest.raises(Unclear) as unclear:
        await harness.network.publish(post, "k2", None)
    assert any(entry.message == "picture made" for entry in caplog.records)
    secrets = [PASSWORD, *harness.fake.world.access, *harness.fake.world.refresh, "bald"]
    assert not [secret for secret in secrets if secret in caplog.text + str(unclear.value)]


# Replies


async def test_replies_behind_the_newest_page_are_not_left_out(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    for number in range(2 * PAGE + 10):
        await harness.answer(published, "Ines", f"{number}")
    page = await harness.network.replies(start)
    assert [heard.text for heard in page.replies] == [f"{number}" for number in range(2 * PAGE + 10)]
    assert (await harness.network.replies(page.cursor)).replies == ()


async def test_a_reply_by_somebody_whose_clock_is_slow_is_heard_once(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    for number in range(PAGE + 5):
        await harness.answer(published, "Ines", f"{number}")
    page = await harness.network.replies(None)
    slow = harness.fake.world.now - timedelta(milliseconds=5)
    harness.fake.world.reply("Marlow", published.id, "My clock is slow", indexed=slow)
    page = await harness.network.replies(page.cursor)
    assert [heard.text for heard in page.replies] == ["My clock is slow"]
    assert (await harness.network.replies(page.cursor)).replies == ()


async def test_a_deleted_reply_brings_no_old_one_back(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    for number in range(PAGE + 5):
        await harness.answer(published, "Ines", f"{number}")
    page = await harness.network.replies(None)
    harness.fake.world.person("Patrol").notifications.pop()
    assert (await harness.network.replies(page.cursor)).replies == ()


async def test_a_reply_to_a_reply_belongs_to_our_post_above_it(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    first = harness.fake.world.reply("Marlow", published.id, "Is it open?")
    harness.fake.world.reply("Ines", first.uri, "I want to know\x00 as well")
    heard = (await harness.network.replies(start)).replies
    assert [(one.text, one.answers) for one in heard] == [
        ("Is it open?", published.id),
        ("I want to know as well", published.id),
    ]


async def test_what_people_say_to_each_other_and_name_us_is_an_aside(harness: BlueskyHarness) -> None:
    start = (await harness.network.replies(None)).cursor
    harness.fake.world.name("Ines", "Patrol", "Look at that", "at://did:plc:marlow/app.bsky.feed.post/3marlow")
    (heard,) = (await harness.network.replies(start)).replies
    assert (heard.answers, heard.aside, heard.text) == (None, True, "Look at that")


async def test_a_record_in_another_shape_stops_nobody(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    harness.fake.world.reply("Marlow", published.id, "Odd").value["reply"] = "nothing of the kind"
    await harness.answer(published, "Ines", "Is it open?")
    texts = [heard.text for heard in (await harness.network.replies(start)).replies]
    assert texts == ["Odd", "Is it open?"]


def test_the_fake_refuses_what_is_no_post() -> None:
    with pytest.raises(ServerRefused):
        check_post({"$type": "app.bsky.feed.post", "text": "x" * 301, "createdAt": "2026-11-21T21:00:00Z"})
    with pytest.raises(ServerRefused):
        check_post({"$type": "app.bsky.feed.post", "text": "x", "createdAt": "now"})
