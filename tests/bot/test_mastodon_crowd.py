"""A crowd that talks in threads: everybody is heard in the end, and nobody in danger waits for the others."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.mastodon_network.mentions import LOOKS, PAGE
from bot.network import Heard, Published
from tests.contracts.fault_proxy import Fault
from tests.contracts.mastodon_harness import MastodonHarness, mastodon_network
from tests.contracts.test_networks import POST

NOTIFICATIONS = "/api/v1/notifications"
THREADS = "/api/v1/statuses/"


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[MastodonHarness]:
    async with mastodon_network(tmp_path) as started:
        yield started


async def silent(harness: MastodonHarness, published: Published) -> Published:
    """Somebody answers us without naming us: of that we hear nothing."""
    client = harness.client("Marlow")
    status = await asyncio.to_thread(client.status_post, "hm", in_reply_to_id=published.id, visibility="public")
    return replace(published, id=str(status.id))


async def hear(harness: MastodonHarness, cursor: str | None, polls: int) -> dict[str, Heard]:
    """Everything that is heard in so many polls, by its words."""
    heard: dict[str, Heard] = {}
    for _ in range(polls):
        page = await harness.network.replies(cursor)
        cursor = page.cursor
        heard |= {one.text: one for one in page.replies}
    return heard


async def test_who_talks_to_somebody_we_never_heard_of_is_heard_bit_by_bit_and_nobody_waits_for_them(
    harness: MastodonHarness,
) -> None:
    post = await harness.network.publish(POST, "k1", None)
    under = [await silent(harness, post) for _ in range(LOOKS + 2)]
    start = (await harness.network.replies(None)).cursor
    for number, other in enumerate(under):
        await harness.answer(other, "Ines", f"{number}")
    await harness.answer(post, "Ines", "help")
    async with harness.again() as fresh:
        harness.network = fresh
        assert set(await hear(harness, start, 1)) == {*(str(number) for number in range(LOOKS)), "help"}
        heard = await hear(harness, start, 3)
    assert {(one.answers, one.aside) for one in heard.values()} == {(post.id, False)}
    assert len(heard) == len(under) + 1


async def test_a_crowd_in_our_thread_is_heard_although_the_instance_shows_no_more_threads(
    harness: MastodonHarness,
) -> None:
    post = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    other = await silent(harness, post)
    for number in range(PAGE + 10):
        await harness.answer(post if number % 2 else other, "Ines", f"{number}")
    harness.proxy.fail(Fault("busy", "GET", THREADS, times=1000))
    heard = await hear(harness, start, 4)
    direct = {f"{number}" for number in range(1, PAGE + 10, 2)}
    assert direct <= set(heard)
    assert {one.answers for words, one in heard.items() if words in direct} == {post.id}
    harness.proxy.heal()
    heard = heard | await hear(harness, start, 4)
    assert set(heard) == {f"{number}" for number in range(PAGE + 10)}


async def test_an_answer_to_what_we_heard_costs_no_question(harness: MastodonHarness) -> None:
    post = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    await harness.answer(post, "Marlow", "Is it open?")
    (first,) = (await harness.network.replies(start)).replies
    await harness.answer(replace(post, id=first.id), "Ines", "I want to know as well")
    heard = await hear(harness, start, 1)
    assert {one.answers for one in heard.values()} == {post.id}
    assert not [call for call in harness.proxy.calls if call.endswith("/context")]


async def test_a_mention_in_a_shape_that_nobody_foresaw_keeps_no_other_from_being_heard(
    harness: MastodonHarness, caplog: pytest.LogCaptureFixture
) -> None:
    post = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    for words in ("strange", "help"):
        await harness.answer(post, "Ines", words)

    def misshapen(told: Any) -> Any:
        for one in told:
            if "strange" in one["status"]["content"]:
                one["status"]["account"] = None
        return told

    harness.proxy.retold[f"GET {NOTIFICATIONS}"] = misshapen
    page = await harness.network.replies(start)
    assert [one.text for one in page.replies] == ["help"]
    assert page.cursor != start
    assert "strange" not in caplog.text
