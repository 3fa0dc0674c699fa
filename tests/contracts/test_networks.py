"""What delivery counts on from every network, told once over all; a new network adds a harness to `HARNESSES`."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bot import networks
from bot.network import Corrects, Follows, Hides, Network, Published, Refused, SignedOut, TryLater, Unclear
from moderation.release import ContentHash, PublicPicture, Release
from tests.contracts.bluesky_harness import bluesky_network
from tests.contracts.mastodon_harness import mastodon_network, mastodon_without_keys
from tests.contracts.network_harness import NetworkHarness
from tests.contracts.rehearsal_network_harness import rehearsal_network
from tests.contracts.timeline_harness import timeline_network
from tests.contracts.x_harness import x_network
from tests.moderation.media_pictures import saved, scene
from tests.moderation.media_videos import video

HARNESSES: dict[str, Callable[[Path], AbstractAsyncContextManager[NetworkHarness]]] = {
    "rehearsal": rehearsal_network,
    "mastodon": mastodon_network,
    "mastodon without keys": mastodon_without_keys,
    "bluesky": bluesky_network,
    "x": x_network,
    "timeline": timeline_network,
}

elsewhere = pytest.mark.parametrize("harness", [name for name in HARNESSES if name != "timeline"], indirect=True)
"""Our own page is a table of ours: nobody answers there, it is never away, and it has no rules but our own."""

NOW = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
POST = Release(
    post=1,
    number=214,
    network="any",
    shift=1,
    kind="patrol",
    language="en",
    text="Stopped a van with four bald tyres in Riverside, driver reported.",
    pictures=(),
    area="riverside",
    byline="Lima 3",
    approved_at=NOW,
    content=ContentHash("0" * 64),
)


@pytest.fixture(params=HARNESSES)
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NetworkHarness]:
    async with HARNESSES[request.param](tmp_path) as started:
        yield started


@pytest.fixture
def network(harness: NetworkHarness) -> Network:
    return harness.network


def test_no_network_is_left_out() -> None:
    there = {path.stem for path in Path(networks.__path__[0]).glob("*.py")} - {"__init__"}
    assert {name.split()[0] for name in HARNESSES} == there


async def test_what_is_published_is_there_word_for_word(network: Network, harness: NetworkHarness) -> None:
    published = await network.publish(POST, "k1", None)
    assert published.id
    assert published.at.tzinfo is not None
    assert await harness.texts() == [POST.text]


async def test_the_same_key_is_the_same_post(network: Network, harness: NetworkHarness) -> None:
    first = await network.publish(POST, "k1", None)
    assert (await network.publish(POST, "k1", None)).id == first.id
    assert await harness.texts() == [POST.text]


async def test_another_key_is_another_post_or_a_refusal_but_never_the_same_post(
    network: Network, harness: NetworkHarness
) -> None:
    first = await network.publish(POST, "k1", None)
    second: Published | None = None
    with suppress(Refused):
        second = await network.publish(POST, "k2", None)
    texts = await harness.texts()
    assert texts == ([POST.text] if second is None else [POST.text, POST.text])
    assert second is None or second.id != first.id


@elsewhere
async def test_asking_again_after_a_lost_confirmation_posts_nothing_twice(
    network: Network, harness: NetworkHarness
) -> None:
    await harness.lose_replies(True)
    with pytest.raises(Unclear):
        await network.publish(POST, "k1", None)
    await harness.lose_replies(False)
    published = await network.publish(POST, "k1", None)
    assert await network.publish(POST, "k1", None) == published
    assert await harness.texts() == [POST.text]


async def test_what_was_never_published_is_not_found(network: Network) -> None:
    assert await network.find(POST, "k1", LONG_AGO) is None
    await network.publish(POST, "k1", None)
    assert await network.find(replace(POST, text="Something else entirely."), "k2", LONG_AGO) is None


@elsewhere
async def test_a_post_whose_confirmation_was_lost_is_unclear_and_then_found(
    network: Network, harness: NetworkHarness
) -> None:
    await harness.lose_replies(True)
    with pytest.raises(Unclear):
        await network.publish(POST, "k1", None)
    await harness.lose_replies(False)
    found = await network.find(POST, "k1", LONG_AGO)
    assert found is not None
    assert (await network.publish(POST, "k1", None)).id == found.id
    assert await harness.texts() == [POST.text]


@elsewhere
async def test_nothing_is_published_while_the_network_is_away(network: Network, harness: NetworkHarness) -> None:
    await harness.go_away(True)
    with pytest.raises(TryLater) as later:
        await network.publish(POST, "k1", None)
    assert later.value.wait > 0
    with pytest.raises(TryLater):
        await network.find(POST, "k1", LONG_AGO)
    with pytest.raises(TryLater):
        await network.replies(None)
    await harness.go_away(False)
    assert await harness.texts() == []
    assert await network.find(POST, "k1", LONG_AGO) is None


@elsewhere
async def test_a_refusal_publishes_nothing_and_does_not_say_the_words(
    network: Network, harness: NetworkHarness
) -> None:
    await harness.refuse(True)
    with pytest.raises(Refused) as refused:
        await network.publish(POST, "k1", None)
    assert refused.value.reason
    assert "van" not in str(refused.value)
    assert await harness.texts() == []


@elsewhere
async def test_credentials_that_no_longer_work_are_said_by_every_call(
    network: Network, harness: NetworkHarness
) -> None:
    published = await network.publish(POST, "k1", None)
    await harness.sign_out(True)
    with pytest.raises(SignedOut):
        await network.publish(POST, "k2", None)
    with pytest.raises(SignedOut):
        await network.find(POST, "k2", LONG_AGO)
    with pytest.raises(SignedOut):
        await network.withdraw(published)
    with pytest.raises(SignedOut):
        await network.replies(None)


async def test_a_text_over_the_limit_is_refused(network: Network, harness: NetworkHarness) -> None:
    most = network.limits.characters
    await network.publish(replace(POST, text="x" * most), "k1", None)
    with pytest.raises(Refused):
        await network.publish(replace(POST, text="x" * (most + 1)), "k2", None)
    assert await harness.texts() == ["x" * most]


async def test_more_pictures_than_the_network_takes_are_refused(network: Network, harness: NetworkHarness) -> None:
    picture = PublicPicture("ab" * 32, 640, 480, "A van, plate covered")
    with pytest.raises(Refused):
        await network.publish(replace(POST, pictures=(picture,) * (network.limits.pictures + 1)), "k1", None)
    assert await harness.texts() == []


@pytest.fixture
def film(tmp_path: Path) -> PublicPicture:
    """A covered video with its poster, in the media folder."""
    mp4, poster = video([np.full((96, 128, 3), 90, np.uint8)] * 4), saved(scene(128, 96), "JPEG")
    names = [hashlib.sha256(content).hexdigest() for content in (poster, mp4)]
    (tmp_path / f"{names[0]}.jpg").write_bytes(poster)
    (tmp_path / f"{names[1]}.mp4").write_bytes(mp4)
    return PublicPicture(names[0], 128, 96, "Video of 1 second.", names[1], 1)


async def test_a_video_is_shown_where_the_network_takes_it_and_its_poster_elsewhere(
    network: Network, harness: NetworkHarness, film: PublicPicture
) -> None:
    published = await network.publish(replace(POST, pictures=(film,)), "k1", None)
    assert await harness.shown(published) == ["video" if network.limits.video_bytes else "picture"]
    assert await harness.texts() == [POST.text]
    found = await network.find(replace(POST, pictures=(film,)), "k1", LONG_AGO)
    assert found is not None
    assert found.id == published.id


async def test_a_withdrawn_post_is_gone_and_can_be_withdrawn_again(network: Network, harness: NetworkHarness) -> None:
    kept = await network.publish(replace(POST, text="This one stays."), "k0", None)
    published = await network.publish(POST, "k1", None)
    for _ in range(2):
        await network.withdraw(published)
    assert await harness.texts() == ["This one stays."]
    assert await network.find(POST, "k1", LONG_AGO) is None
    await network.withdraw(Published("nothing-of-this-id", None, NOW))
    assert (await network.publish(replace(POST, text="This one stays."), "k0", None)).id == kept.id


@elsewhere
async def test_replies_come_once_in_order_from_the_cursor_on(network: Network, harness: NetworkHarness) -> None:
    published = await network.publish(POST, "k1", None)
    await harness.answer(published, "Marlow", "Before anybody listened")
    start = await network.replies(None)
    assert start.replies == ()
    await harness.answer(published, "Marlow", "Is the road open?")
    await harness.answer(published, "Ines", "Thank you!")
    page = await network.replies(start.cursor)
    assert [(heard.text, heard.author_name, heard.answers) for heard in page.replies] == [
        ("Is the road open?", "Marlow", published.id),
        ("Thank you!", "Ines", published.id),
    ]
    assert len({heard.id for heard in page.replies}) == 2
    assert (await network.replies(page.cursor)).replies == ()
    assert (await network.replies(start.cursor)).replies == page.replies


@elsewhere
async def test_a_reply_is_hidden_and_shown_again_where_the_network_can(
    network: Network, harness: NetworkHarness
) -> None:
    assert network.limits.hides is isinstance(network, Hides)
    if not isinstance(network, Hides):
        return
    published = await network.publish(POST, "k1", None)
    start = await network.replies(None)
    for text in ("Buy followers", "Is the road open?"):
        await harness.answer(published, "Marlow", text)
    spam, _ = (await network.replies(start.cursor)).replies
    for _ in range(2):
        await network.hide(spam.id, published.id)
    assert await harness.hidden() == {spam.id}
    for _ in range(2):
        await network.show_again(spam.id, published.id)
    assert await harness.hidden() == set()


@elsewhere
async def test_a_reply_that_was_changed_or_deleted_is_followed_where_the_network_can(
    network: Network, harness: NetworkHarness
) -> None:
    if not isinstance(network, Follows):
        return
    published = await network.publish(POST, "k1", None)
    start = await network.replies(None)
    for text in ("One", "Two", "Three"):
        await harness.answer(published, "Marlow", text)
    one, two, three = [heard.id for heard in (await network.replies(start.cursor)).replies]
    await harness.change(two, "Two, and help me")
    await harness.change(three, None)
    assert await network.again([one, two, three]) == {one: "One", two: "Two, and help me", three: None}


@elsewhere
async def test_an_author_keeps_one_id_and_two_authors_have_two(network: Network, harness: NetworkHarness) -> None:
    published = await network.publish(POST, "k1", None)
    start = await network.replies(None)
    for name in ("Marlow", "Ines", "Marlow"):
        await harness.answer(published, name, "Hello")
    authors = [heard.author for heard in (await network.replies(start.cursor)).replies]
    assert authors[0] == authors[2] != authors[1]


@elsewhere
async def test_an_answer_stands_under_what_it_answers(network: Network, harness: NetworkHarness) -> None:
    published = await network.publish(POST, "k1", None)
    start = await network.replies(None)
    await harness.answer(published, "Marlow", "Is the road open?")
    (heard,) = (await network.replies(start.cursor)).replies
    answer = await network.publish(replace(POST, text="Yes, since 21:10."), "k2", heard.id)
    assert await harness.stands_under(answer) == heard.id


async def test_a_correction_takes_the_place_of_the_words_or_stands_under_them(
    network: Network, harness: NetworkHarness
) -> None:
    published = await network.publish(POST, "k1", None)
    right = replace(POST, text="Stopped a van with three bald tyres in Riverside.", correction="A number was wrong.")
    if isinstance(network, Corrects):
        for _ in range(2):
            assert (await network.correct(published, replace(right, in_place=True))).id == published.id
        assert await harness.texts() == [right.text]
        await network.withdraw(published)
        with pytest.raises(Refused):
            await network.correct(published, replace(right, in_place=True))
        assert await harness.texts() == []
    else:
        apart = replace(right, text=f"Correction: {right.text}")
        said = await network.publish(apart, "k2", published.id)
        assert await harness.texts() == [POST.text, apart.text]
        assert await harness.stands_under(said) == published.id


async def test_the_limits_say_whether_words_can_be_changed(network: Network) -> None:
    assert network.limits.edits is isinstance(network, Corrects)


@elsewhere
async def test_nothing_is_corrected_while_the_network_is_away_or_we_are_signed_out(
    network: Network, harness: NetworkHarness
) -> None:
    published = await network.publish(POST, "k1", None)
    if not isinstance(network, Corrects):
        return  # it stands under them there, which is a post like any other
    await harness.go_away(True)
    with pytest.raises(TryLater):
        await network.correct(published, replace(POST, text="Something else."))
    await harness.go_away(False)
    await harness.sign_out(True)
    with pytest.raises(SignedOut):
        await network.correct(published, replace(POST, text="Something else."))
    await harness.sign_out(False)
    assert await harness.texts() == [POST.text]
