"""Bluesky in trouble: what a server says that has nothing to do with the post, and answers that do not end."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.bluesky import line
from bot.network import TryLater, Unclear
from tests.contracts.bluesky_harness import PUT, BlueskyHarness, bluesky_network
from tests.contracts.test_networks import LONG_AGO, POST
from tests.fake_bluesky.server import Fault


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


async def test_an_answer_that_never_ends_is_given_up(harness: BlueskyHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    await harness.network.find(POST, "k1", LONG_AGO)  # signed in, with all the time that it needs
    monkeypatch.setattr(line, "CALL_SECONDS", 0.5)
    harness.fake.fail(Fault("slow", PUT, wait=3600.0))
    with pytest.raises(Unclear):
        await harness.network.publish(POST, "k1", None)
