"""The fake X is as strict as the real one, and runs as a process of its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from oauthlib.oauth1 import Client

from bot.network import TryLater
from bot.networks import x
from shifts.database import Database
from tests.bot.x_account import POST
from tests.fake_x.server import FakeX
from tests.fake_x.signature import SIGNED_FOR

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def fake() -> AsyncIterator[FakeX]:
    async with FakeX().serving() as opened:
        yield opened


async def ask(fake: FakeX, method: str, route: str, told: object = None, signed_for: str = SIGNED_FOR) -> int:
    """Ask with a signature; gives the status."""
    headers = sign(fake, method, route, signed_for)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, fake.base_url + route, json=told, headers=headers) as answer,
    ):
        return answer.status


def sign(fake: FakeX, method: str, route: str, signed_for: str = SIGNED_FOR) -> dict[str, str]:
    keys = fake.secrets
    client = Client(keys.api_key, keys.api_secret, keys.access_token, keys.access_secret)
    _, headers, _ = client.sign(signed_for + route, method)
    return {str(name): str(value) for name, value in headers.items()}


async def test_a_signature_for_another_address_is_refused(fake: FakeX) -> None:
    assert await ask(fake, "POST", "/2/tweets", {"text": "Hello"}) == 201
    assert await ask(fake, "POST", "/2/tweets", {"text": "Hello again"}, signed_for=fake.base_url) == 401


async def test_a_signature_is_good_for_one_call(fake: FakeX) -> None:
    headers = sign(fake, "POST", "/2/tweets")
    statuses = []
    async with aiohttp.ClientSession() as session:
        for number in range(2):
            told = {"text": f"Hello {number}"}
            async with session.post(f"{fake.base_url}/2/tweets", json=told, headers=headers) as answer:
                statuses.append(answer.status)
    assert statuses == [201, 401]


@pytest.mark.parametrize(
    ("method", "route", "told", "status"),
    [
        ("POST", "/2/tweets", {"text": ""}, 400),
        ("POST", "/2/tweets", {"text": "x" * 281}, 403),
        ("POST", "/2/tweets", {"text": "Hello", "idempotency_key": "k"}, 400),
        ("POST", "/2/tweets", {"text": "Hello", "media": {"media_ids": ["1"]}}, 400),
        ("POST", "/2/tweets", {"text": "Hello", "reply": {"in_reply_to_tweet_id": "1"}}, 403),
        ("POST", "/2/media/upload", {"media": "////"}, 400),
        ("POST", "/2/media/upload", {"media": "?", "media_category": "tweet_image"}, 400),
        ("POST", "/2/media/metadata", {"id": "1", "metadata": {"alt_text": {"text": "A"}}}, 400),
        ("DELETE", "/2/tweets/none", None, 400),
        ("DELETE", "/2/tweets/1", None, 404),
        ("GET", "/2/users/1/tweets", None, 403),
        ("GET", "/2/users/770090000/tweets?max_results=3", None, 400),
        ("GET", "/2/users/770090000/mentions?count=5", None, 400),
    ],
)
async def test_what_x_refuses_is_refused(fake: FakeX, method: str, route: str, told: object, status: int) -> None:
    assert await ask(fake, method, route, told) == status
    assert fake.texts() == []


async def test_it_runs_as_a_process_and_is_told_what_to_do_over_http(sqlite_database: Database, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fake_x", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        told = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with (
            aiohttp.ClientSession(told["base_url"]) as session,
            x.connect(database=sqlite_database, media=tmp_path, **told) as network,
        ):
            await (await session.post("/control/fail", json={"kind": "busy", "call": "post"})).read()
            with pytest.raises(TryLater):
                await network.publish(POST, "k1", None)
            published = await network.publish(POST, "k1", None)
            seen = await (await session.get("/control")).json()
    finally:
        process.kill()
        await process.wait()
    assert seen["posts"] == [{"id": published.id, "text": POST.text, "answers": None}]
