"""Bluesky in trouble: what a server says that has nothing to do with the post, and answers that do not end."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.bluesky.line import a_line
from bot.network import SignedOut, TryLater, Unclear
from bot.networks.bluesky import Bluesky
from tests.contracts.bluesky_harness import ALWAYS, PUT, BlueskyHarness, bluesky_network
from tests.contracts.test_networks import LONG_AGO, POST
from tests.fake_bluesky.server import Fault
from tests.fake_bluesky.world import PASSWORD

SIGN_IN = "com.atproto.server.createSession"


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[BlueskyHarness]:
    async with bluesky_network(tmp_path) as harness:
        yield harness


@pytest.mark.parametrize(
    "fault",
    [
        Fault("busy", PUT, wait=-1),
        Fault("html", PUT, status=402),
        Fault("error", PUT, status=402, error="PaymentRequired"),
    ],
    ids=str,
)
async def test_a_network_that_gives_no_time_is_left_alone_for_a_while(harness: BlueskyHarness, fault: Fault) -> None:
    harness.fake.fail(replace(fault))
    with pytest.raises(TryLater) as told:
        await harness.network.publish(POST, "k1", None)
    assert 30 <= told.value.wait <= 300
    assert await harness.network.find(POST, "k1", LONG_AGO) is None


async def test_an_answer_that_never_ends_is_given_up(harness: BlueskyHarness, tmp_path: Path) -> None:
    await harness.network.find(POST, "k1", LONG_AGO)  # signed in, with all the time that it needs
    harness.fake.fail(Fault("slow", PUT, wait=3600.0))
    session = tmp_path / "state"
    async with a_line(harness.fake.base_url, "patrol.bsky.example", PASSWORD, session, seconds=0.5) as line:
        with pytest.raises(Unclear):
            await Bluesky(line, tmp_path).publish(POST, "k1", None)


async def test_what_only_begins_like_a_link_is_none_and_a_sentence_ends_behind_one(harness: BlueskyHarness) -> None:
    text = "Links begin with https://… or http://. 見て https://patrol.example/p/214。（https://patrol.example/）"
    await harness.network.publish(replace(POST, text=text), "k1", None)
    (kept,) = harness.fake.world.person("Patrol").records.values()
    links = [facet["features"][0]["uri"] for facet in kept.value["facets"]]
    assert links == ["https://patrol.example/p/214", "https://patrol.example/"]


@pytest.mark.parametrize("error", ["RepoNotFound", "AccountDeactivated"])
async def test_an_account_that_moved_is_looked_for_by_a_new_session_and_its_posts_are_not_taken_for_gone(
    harness: BlueskyHarness, error: str
) -> None:
    published = await harness.network.publish(POST, "k1", None)
    for withdrawn in (False, True):
        times = 1 if withdrawn else 2  # the server that a new session names has it, or has it not
        harness.fake.fail(Fault("error", "com.atproto.repo.deleteRecord", times=times, status=400, error=error))
        if withdrawn:
            await harness.network.withdraw(published)
        else:
            with pytest.raises(SignedOut):
                await harness.network.withdraw(published)
        assert bool(await harness.texts()) is not withdrawn


async def test_an_account_that_no_new_session_finds_is_not_signed_in_again_and_again(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    before = harness.fake.called(SIGN_IN)
    gone = Fault("error", "com.atproto.repo.deleteRecord", times=ALWAYS, status=400, error="RepoNotFound")
    harness.fake.fail(gone)
    harness.fake.fail(replace(gone, method="com.atproto.server.refreshSession", error="ExpiredToken"))
    for _ in range(6):
        with pytest.raises(SignedOut):
            await harness.network.withdraw(published)
    assert harness.fake.called(SIGN_IN) - before == 1
