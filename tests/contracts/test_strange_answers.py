"""Answers that are none of the network's: success in another shape, pages, bodies without an end, senseless waits."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.network import Network, SignedOut, TryLater, Unclear
from bot.networks import x
from moderation.release import Release
from shifts.database import Database, utc_now
from tests.contracts.bluesky_harness import bluesky_network
from tests.contracts.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.contracts.mastodon_harness import mastodon_network, mastodon_without_keys
from tests.contracts.network_harness import NetworkHarness
from tests.contracts.test_networks import POST
from tests.contracts.x_harness import XHarness, settings
from tests.fake_x.server import FakeX
from tests.ground import create_tables

ALWAYS = 1_000_000
PAGE = b"<html><body><h1>It is broken.</h1></body></html>"
ANOTHER_SHAPE = (b"null", b"42", b'"x"', b'{"data": null}', b'{"data": {"id": null}}', b"[" * 100_000, PAGE, b"")
NOTHING_SAID = (*ANOTHER_SHAPE, b"[]", b"{}", b'{"errors": [{"title": "Forbidden"}]}')


@dataclass
class Strange:
    """A network behind a proxy that answers in its place; where its calls go."""

    proxy: FaultProxy
    harness: NetworkHarness
    post: tuple[str, str]
    look: tuple[str, str]
    delete: tuple[str, str]

    @property
    def network(self) -> Network:
        return self.harness.network

    def say(self, call: tuple[str, str], body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.proxy.heal()
        self.proxy.fail(Fault("says", *call, ALWAYS, status, headers=headers, body=body))


@asynccontextmanager
async def strange_x(folder: Path) -> AsyncIterator[Strange]:
    create_tables(f"sqlite:///{folder}/x.db")
    database = Database(f"sqlite+aiosqlite:///{folder}/x.db")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        fake = await stack.enter_async_context(FakeX().serving())
        proxy = await stack.enter_async_context(fault_proxy(fake.base_url))
        table = {**settings(fake), "base_url": proxy.base_url, "hear_replies": True, "hear_seconds": 0.0}
        network = await stack.enter_async_context(x.connect(database=database, media=folder, **table))
        look = ("GET", f"/2/users/{fake.world.me}/")
        yield Strange(proxy, XHarness(fake, network), ("POST", "/2/tweets"), look, ("DELETE", "/2/tweets"))


@asynccontextmanager
async def strange_bluesky(folder: Path) -> AsyncIterator[Strange]:
    async with bluesky_network(folder) as harness, fault_proxy(harness.fake.base_url) as proxy:
        harness.fake.world.home = proxy.base_url
        calls = [("POST", "putRecord"), ("GET", "getRecord"), ("POST", "deleteRecord")]
        post, look, delete = ((method, f"/xrpc/com.atproto.repo.{name}") for method, name in calls)
        yield Strange(proxy, harness, post, look, delete)


@asynccontextmanager
async def strange_mastodon(folder: Path) -> AsyncIterator[Strange]:
    async with mastodon_network(folder) as harness:
        statuses = "/api/v1/statuses"
        yield Strange(harness.proxy, harness, ("POST", statuses), ("GET", "/api/v1/accounts/"), ("DELETE", statuses))


STRANGE: dict[str, Callable[[Path], AbstractAsyncContextManager[Strange]]] = {
    "x": strange_x,
    "bluesky": strange_bluesky,
    "mastodon": strange_mastodon,
}


@pytest.fixture(params=STRANGE)
async def strange(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Strange]:
    async with STRANGE[request.param](tmp_path) as started:
        yield started


def post(number: int) -> Release:
    return replace(POST, text=f"Update {number}: all calm in Riverside.", leaves_at=utc_now())


async def test_a_success_that_names_no_post_is_unclear_and_the_post_is_there_once_in_the_end(strange: Strange) -> None:
    for number, body in enumerate(NOTHING_SAID):
        strange.say(strange.post, body)
        with pytest.raises(Unclear):
            await strange.network.publish(post(number), f"k{number}", None)
        strange.proxy.heal()
        await strange.network.publish(post(number), f"k{number}", None)
    assert await strange.harness.texts() == [post(number).text for number in range(len(NOTHING_SAID))]


async def test_a_look_that_is_answered_with_something_else_says_neither_yes_nor_no(strange: Strange) -> None:
    minutes_ago = utc_now() - timedelta(minutes=2)
    for body, status in [(body, 200) for body in ANOTHER_SHAPE] + [(b'{"detail": "no"}', 403), (PAGE, 404)]:
        strange.say(strange.look, body, status)
        with pytest.raises((TryLater, SignedOut)):
            await strange.network.find(post(1), "k1", minutes_ago)


async def test_what_nobody_confirms_is_not_taken_for_withdrawn(strange: Strange) -> None:
    published = await strange.network.publish(post(1), "k1", None)
    for body, status in [(body, 200) for body in NOTHING_SAID] + [(PAGE, 404), (PAGE, 410), (PAGE, 403)]:
        strange.say(strange.delete, body, status)
        with pytest.raises((TryLater, SignedOut)):
            await strange.network.withdraw(published)
    strange.proxy.heal()
    await strange.network.withdraw(published)
    assert await strange.harness.texts() == []


async def test_a_body_without_an_end_is_given_up_before_it_fills_the_memory(strange: Strange) -> None:
    strange.proxy.fail(Fault("endless", *strange.post))
    with pytest.raises(Unclear):
        await strange.network.publish(post(1), "k1", None)
    await strange.network.publish(post(1), "k1", None)
    assert await strange.harness.texts() == [post(1).text]


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "9" * 400}, 60, 60),
        ({"Retry-After": "9" * 20}, 86_400, 86_400),
        ({"Retry-After": "-5"}, 1, 1),
        (
            {"Retry-After": "soon", "X-RateLimit-Reset": "soon", "RateLimit-Reset": "soon", "x-rate-limit-reset": "²"},
            60,
            60,
        ),
        ({"Retry-After": "Sun, 22 Nov 2020 23:00:00 GMT"}, 1, 1),
        ({"Retry-After": "Sun, 22 Nov 2026 23:02:00 GMT", "Date": "Sun, 22 Nov 2026 23:00:00 GMT"}, 120, 120),
        (
            {"x-rate-limit-reset": "9" * 30, "X-RateLimit-Reset": "9999-12-31T23:59:59Z", "RateLimit-Reset": "9" * 30},
            86_400,
            86_400,
        ),
    ],
    ids=["endless", "absurd", "negative", "no number", "past", "a date", "far away"],
)
async def test_a_wait_that_makes_no_sense_is_a_wait_of_a_day_at_most(
    strange: Strange, headers: dict[str, str], least: float, most: float
) -> None:
    strange.say(strange.post, b'{"title": "Too Many Requests", "error": "busy"}', 429, headers)
    with pytest.raises(TryLater) as later:
        await strange.network.publish(post(1), "k1", None)
    assert least <= later.value.wait <= most


async def test_a_header_that_nobody_can_read_does_not_turn_a_success_into_a_refusal(tmp_path: Path) -> None:
    async with mastodon_without_keys(tmp_path) as harness:
        for number, headers in enumerate([{"X-RateLimit-Reset": "soon"}, {"X-RateLimit-Reset": "1", "Date": "now"}]):
            harness.proxy.fail(Fault("heads", "POST", "/api/v1/statuses", headers=headers))
            await harness.network.publish(post(number), f"k{number}", None)
        assert await harness.texts() == [post(0).text, post(1).text]
