"""What only Mastodon does: pictures, limits of the instance, keys that nobody looks at, replies in HTML."""

import asyncio
import hashlib
import inspect
import io
import logging
import tomllib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.mastodon_network.line import a_line
from bot.mastodon_network.mentions import PAGE
from bot.network import Refused, SignedOut, TryLater, Unclear
from bot.networks import mastodon as adapter
from moderation.release import PublicPicture
from tests.contracts.fault_proxy import Fault
from tests.contracts.mastodon_harness import STATUSES, MastodonHarness, mastodon_network
from tests.contracts.test_networks import LONG_AGO, POST

DOCS = Path(__file__).parents[2] / "docs"
MEDIA = "/api/v2/media"
INSTANCE = "/api/v2/instance/"


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[MastodonHarness]:
    async with mastodon_network(tmp_path) as started:
        yield started


def picture(folder: Path, alt: str = "A van, plate covered") -> PublicPicture:
    """A finished picture in the media folder."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(stream, "JPEG")
    sha256 = hashlib.sha256(stream.getvalue()).hexdigest()
    (folder / f"{sha256}.jpg").write_bytes(stream.getvalue())
    return PublicPicture(sha256, 64, 48, alt)


async def test_pictures_go_with_their_descriptions(harness: MastodonHarness, tmp_path: Path) -> None:
    post = replace(POST, pictures=(picture(tmp_path), picture(tmp_path, "The same van")))
    await harness.network.publish(post, "k1", None)
    (status,) = await harness.statuses()
    assert [media.description for media in status.media_attachments] == ["A van, plate covered", "The same van"]


async def test_a_description_is_as_long_as_the_instance_takes(harness: MastodonHarness, tmp_path: Path) -> None:
    def small(told: Any) -> Any:
        told["configuration"]["media_attachments"]["description_limit"] = 10
        return told

    harness.proxy.retold[f"GET {INSTANCE}"] = small
    await harness.network.publish(replace(POST, pictures=(picture(tmp_path),)), "k1", None)
    (status,) = await harness.statuses()
    assert status.media_attachments[0].description == "A van, pl…"


async def test_a_picture_is_posted_when_the_instance_is_done_with_it(harness: MastodonHarness, tmp_path: Path) -> None:
    looks = 0

    def later(told: Any) -> Any:
        nonlocal looks
        looks += 1
        return told if looks > 1 else {**told, "url": None}

    harness.proxy.retold[f"POST {MEDIA}"] = lambda told: {**told, "url": None}
    harness.proxy.retold["GET /api/v1/media/"] = later
    await harness.network.publish(replace(POST, pictures=(picture(tmp_path),)), "k1", None)
    assert looks == 2
    assert len((await harness.statuses())[0].media_attachments) == 1


async def test_another_try_does_not_upload_again(harness: MastodonHarness, tmp_path: Path) -> None:
    post = replace(POST, pictures=(picture(tmp_path),))
    harness.proxy.fail(Fault("busy", "POST", STATUSES))
    with pytest.raises(TryLater):
        await harness.network.publish(post, "k1", None)
    await harness.network.publish(post, "k1", None)
    assert harness.proxy.called("POST", MEDIA) == 1
    assert len((await harness.statuses())[0].media_attachments) == 1


async def test_other_bytes_than_were_approved_never_leave(harness: MastodonHarness, tmp_path: Path) -> None:
    approved = picture(tmp_path)
    (tmp_path / f"{approved.sha256}.jpg").write_bytes(b"something else")
    with pytest.raises(Refused, match="picture changed"):
        await harness.network.publish(replace(POST, pictures=(approved,)), "k1", None)
    assert harness.proxy.called("POST", MEDIA) == 0
    assert await harness.texts() == []


async def test_language_and_visibility_are_told(harness: MastodonHarness) -> None:
    await harness.network.publish(replace(POST, language="es", text="Calle cortada en Ribera."), "k1", None)
    (status,) = await harness.statuses()
    assert (status.language, status.visibility) == ("es", "public")


async def test_an_instance_that_takes_less_is_not_sent_more(harness: MastodonHarness) -> None:
    def small(told: Any) -> Any:
        told["configuration"]["statuses"]["max_characters"] = 40
        return told

    harness.proxy.retold[f"GET {INSTANCE}"] = small
    with pytest.raises(Refused, match="too long"):
        await harness.network.publish(POST, "k1", None)
    assert harness.network.limits.characters == 40
    assert harness.proxy.called("POST", STATUSES) == 0


async def test_an_instance_that_takes_more_gets_what_the_sergeant_was_shown(harness: MastodonHarness) -> None:
    def large(told: Any) -> Any:
        told["configuration"]["statuses"]["max_characters"] = 5000
        return told

    harness.proxy.retold[f"GET {INSTANCE}"] = large
    await harness.network.publish(POST, "k1", None)
    assert harness.network.limits.characters == adapter.limits().characters == 500


async def test_an_instance_that_moves_its_answers_is_followed_for_questions_alone(harness: MastodonHarness) -> None:
    """GoToSocial answers addresses that end in a slash with a redirect."""
    harness.proxy.fail(Fault("moved", "GET", INSTANCE, headers={"Location": "/api/v2/instance"}))
    harness.proxy.fail(Fault("moved", "POST", STATUSES, headers={"Location": STATUSES}))
    with pytest.raises(Unclear):
        await harness.network.publish(POST, "k1", None)
    assert harness.proxy.called("GET", "/api/v2/instance") == 1
    assert harness.proxy.called("GET", STATUSES) == 0


async def test_the_network_says_when_to_come_back(harness: MastodonHarness) -> None:
    headers = {"X-RateLimit-Reset": "2999-01-01T00:00:00Z", "X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "300"}
    harness.proxy.fail(Fault("busy", "POST", STATUSES, headers=headers))
    with pytest.raises(TryLater) as told:
        await harness.network.publish(POST, "k1", None)
    assert told.value.wait > 3600


@pytest.mark.parametrize("fault", [Fault("busy", "POST", STATUSES), Fault("json", "POST", STATUSES, status=402)])
async def test_a_busy_network_that_gives_no_time_is_left_alone_for_a_while(
    harness: MastodonHarness, fault: Fault
) -> None:
    harness.proxy.fail(replace(fault))
    with pytest.raises(TryLater) as told:
        await harness.network.publish(POST, "k1", None)
    assert 30 <= told.value.wait <= 300


@pytest.mark.parametrize("kind", ["lost", "after", "half", "html", "drop"])
async def test_what_may_be_there_is_unclear(harness: MastodonHarness, kind: Any) -> None:
    harness.proxy.fail(Fault(kind, "POST", STATUSES))
    with pytest.raises(Unclear):
        await harness.network.publish(POST, "k1", None)
    there = await harness.network.find(POST, "k1", LONG_AGO)
    assert (there is not None) == (kind in {"lost", "after", "half"})


async def test_an_answer_that_never_ends_is_given_up(harness: MastodonHarness) -> None:
    harness.proxy.fail(Fault("slow", "POST", STATUSES, wait=0.1))
    async with asyncio.timeout(30), a_line(harness.proxy.base_url, "Patrol-token", seconds=0.5) as line:
        with pytest.raises(Unclear):
            await line.act(lambda client: client.status_post(POST.text))
    assert await harness.network.find(POST, "k1", LONG_AGO) is not None


async def test_doubt_about_a_picture_is_no_doubt_about_the_post(harness: MastodonHarness, tmp_path: Path) -> None:
    harness.proxy.fail(Fault("lost", "POST", MEDIA))
    with pytest.raises(TryLater):
        await harness.network.publish(replace(POST, pictures=(picture(tmp_path),)), "k1", None)
    assert harness.proxy.called("POST", STATUSES) == 0


async def test_a_page_instead_of_an_answer_tells_nothing_about_what_is_there(harness: MastodonHarness) -> None:
    harness.proxy.fail(Fault("html", "GET", times=9))
    with pytest.raises(TryLater):
        await harness.network.find(POST, "k1", LONG_AGO)
    with pytest.raises(TryLater):
        await harness.network.replies(None)


async def test_a_question_that_is_refused_is_asked_again_later(harness: MastodonHarness) -> None:
    harness.proxy.fail(Fault("json", "GET", status=422, times=9))
    with pytest.raises(TryLater):
        await harness.network.find(POST, "k1", LONG_AGO)
    with pytest.raises(TryLater):
        await harness.network.replies("0")


def test_the_page_in_docs_says_what_connect_takes(tmp_path: Path) -> None:
    page = (DOCS / "mastodon.md").read_text(encoding="utf-8")
    table = tomllib.loads(page.split("```toml")[1].split("```")[0])["networks"]["mastodon"]
    inspect.signature(adapter.connect).bind(**table, database=None, media=tmp_path)
    assert adapter.limits(**table).characters == 500


async def test_an_account_that_may_not_post_needs_a_person(harness: MastodonHarness) -> None:
    harness.proxy.fail(Fault("json", "POST", STATUSES, status=403))
    with pytest.raises(SignedOut):
        await harness.network.publish(POST, "k1", None)


async def test_an_answer_to_what_is_gone_is_refused(harness: MastodonHarness) -> None:
    harness.proxy.fail(Fault("json", "POST", STATUSES, status=404))
    with pytest.raises(Refused):
        await harness.network.publish(POST, "k1", "112233")
    assert await harness.texts() == []


async def test_a_server_that_keeps_keys_gives_the_same_post_to_whoever_asks(harness: MastodonHarness) -> None:
    first = await harness.network.publish(POST, "k1", None)
    async with harness.again() as other:
        assert (await other.publish(POST, "k1", None)).id == first.id
    assert harness.proxy.called("POST", STATUSES) == 2
    assert await harness.texts() == [POST.text]


async def test_a_post_with_the_same_words_is_not_taken_for_this_one(harness: MastodonHarness) -> None:
    """The instance keeps no keys; the first post is known, the second was lost."""
    harness.proxy.hidden.add("idempotency-key")
    first = await harness.network.publish(POST, "k1", None)
    assert await harness.network.find(POST, "k2", LONG_AGO) is None
    harness.proxy.fail(Fault("lost", "POST", STATUSES))
    with pytest.raises(Unclear):
        await harness.network.publish(POST, "k2", None)
    second = await harness.network.find(POST, "k2", LONG_AGO)
    assert second is not None
    assert second.id != first.id
    assert len(await harness.texts()) == 2


async def test_words_with_signs_links_and_handles_are_found_again(harness: MastodonHarness) -> None:
    text = "Fish & chips <3 at 5 > 4?\n\nMore: https://patrol.example/p/214?a=1&b=2, thanks #PortAlba 👮🏽‍♀️"
    await harness.network.publish(replace(POST, text=text), "k1", None)
    found = await harness.network.find(replace(POST, text=text), "k1", LONG_AGO)
    assert found is not None


async def test_a_reply_is_heard_as_plain_words(harness: MastodonHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    await harness.answer(published, "Ines", "Is <b>it</b> open & safe?\n\nThanks")
    (heard,) = (await harness.network.replies(start)).replies
    assert heard.text == "Is <b>it</b> open & safe?\n\nThanks"
    assert heard.url is not None


async def test_a_reply_to_a_reply_belongs_to_our_post_above_it(harness: MastodonHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    await harness.answer(published, "Marlow", "Is it open?")
    (first,) = (await harness.network.replies(start)).replies
    await harness.answer(replace(published, id=first.id), "Ines", "I want to know as well")
    heard = (await harness.network.replies(start)).replies
    assert [(one.author_name, one.answers) for one in heard] == [("Marlow", published.id), ("Ines", published.id)]


async def test_who_only_mentions_us_stands_under_no_post(harness: MastodonHarness) -> None:
    start = (await harness.network.replies(None)).cursor
    await asyncio.to_thread(harness.client("Ines").status_post, "@patrol hello")
    page = await harness.network.replies(start)
    assert [heard.answers for heard in page.replies] == [None]
    assert page.cursor != start


async def test_what_people_say_to_each_other_and_name_us_is_an_aside(harness: MastodonHarness) -> None:
    start = (await harness.network.replies(None)).cursor
    other = await asyncio.to_thread(harness.client("Marlow").status_post, "Lovely evening.")
    await asyncio.to_thread(harness.client("Ines").status_post, "@patrol look at that", in_reply_to_id=other.id)
    (heard,) = (await harness.network.replies(start)).replies
    assert (heard.answers, heard.aside, heard.text) == (None, True, "look at that")


async def test_more_replies_than_a_page_come_whole_and_in_order(harness: MastodonHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    for number in range(PAGE + 5):
        await harness.answer(published, "Ines", f"{number}")
    first = await harness.network.replies(start)
    second = await harness.network.replies(first.cursor)
    assert (first.more, second.more) == (True, False)
    assert [one.text for one in (*first.replies, *second.replies)] == [f"{number}" for number in range(PAGE + 5)]


async def test_a_correction_changes_the_words_and_keeps_the_place(harness: MastodonHarness, tmp_path: Path) -> None:
    post = replace(POST, pictures=(picture(tmp_path),))
    published = await harness.network.publish(post, "k1", None)
    corrected = replace(post, text="Stopped a van with three bald tyres in Riverside.")
    for _ in range(2):
        assert (await harness.network.correct(published, corrected)).id == published.id
    (status,) = await harness.statuses()
    assert await harness.texts() == [corrected.text]
    assert len(status.media_attachments) == 1


async def test_no_log_holds_the_token_or_the_words(harness: MastodonHarness, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    published = await harness.network.publish(POST, "k1", None)
    harness.proxy.fail(Fault("json", "DELETE", status=422))
    with pytest.raises(TryLater):
        await harness.network.withdraw(published)
    harness.proxy.fail(Fault("half", "POST", STATUSES))
    with pytest.raises(Unclear) as unclear:
        await harness.network.publish(POST, "k2", None)
    assert caplog.records
    assert "Patrol-token" not in caplog.text
    assert "bald" not in caplog.text + str(unclear.value)


async def test_nothing_is_asked_before_there_is_something_to_do(harness: MastodonHarness) -> None:
    assert harness.network.limits.characters == 500
    assert harness.proxy.calls == []
