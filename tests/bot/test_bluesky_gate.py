"""The gate of a thread on Bluesky: several may write it at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.network import TryLater
from tests.contracts.bluesky_harness import PUT, BlueskyHarness, bluesky_network
from tests.contracts.test_networks import POST
from tests.fake_bluesky.server import Fault


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[BlueskyHarness]:
    async with bluesky_network(tmp_path) as started:
        yield started


async def test_of_several_who_hide_replies_of_one_thread_at_once_nobody_takes_back_what_another_did(
    harness: BlueskyHarness,
) -> None:
    published = await harness.network.publish(POST, "k1", None)
    replies = [f"at://did:plc:{name}/app.bsky.feed.post/3k" for name in ("marlow", "ines", "otto")]
    async with harness.again() as other:
        networks = (harness.network, other, harness.network)
        await asyncio.gather(*(one.hide(uri, published.id) for one, uri in zip(networks, replies, strict=True)))
        assert await harness.hidden() == set(replies)
        await asyncio.gather(*(one.show_again(uri, published.id) for one, uri in zip(networks, replies, strict=True)))
    assert await harness.hidden() == set()


async def test_a_gate_that_is_another_one_each_time_is_left_for_later(harness: BlueskyHarness) -> None:
    published = await harness.network.publish(POST, "k1", None)
    harness.fake.fail(Fault("error", PUT, times=100, status=400, error="InvalidSwap"))
    with pytest.raises(TryLater):
        await harness.network.hide("at://did:plc:marlow/app.bsky.feed.post/3k", published.id)
