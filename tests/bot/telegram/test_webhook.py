"""Telegram that delivers by itself, and what it can not be told to do."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.chat_apps import telegram
from bot.telegram.inbox import SECRET_HEADER
from tests.bot.incoming import take, take_message
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": ""},
        {"token": "no-colon"},
        {"base_url": "api.telegram.org"},
        {"webhook_url": "https://patrol.example/hook"},
        {"webhook_url": "https://patrol.example/hook", "webhook_secret": "not allowed!"},
    ],
)
async def test_settings_that_can_not_work_are_refused_without_telling_the_secret(wrong: dict[str, str]) -> None:
    settings = {"token": "7000000001:secret"} | wrong
    with pytest.raises(ValueError) as raised:
        async with telegram.connect(**settings):  # type: ignore[arg-type]  # what is wrong is a string
            pass
    assert "secret:" not in str(raised.value)
    assert "not allowed" not in str(raised.value)


@pytest.fixture
async def hooked(fake: FakeTelegram, unused_tcp_port: int) -> AsyncIterator[tuple[telegram.Telegram, str]]:
    """A bot with a webhook, and the address where Telegram delivers."""
    url = f"http://127.0.0.1:{unused_tcp_port}/hook"
    async with telegram.connect(
        token=fake.token, base_url=fake.base_url, first_pause=0.01, webhook_url=url, webhook_secret="s3cret"
    ) as app:
        site = web.Application()
        site.add_routes(app.routes())
        runner = web.AppRunner(site, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
        yield app, url
        fake.webhook = None
        await runner.cleanup()


async def test_a_webhook_is_answered_only_when_its_item_is_committed(
    fake: FakeTelegram, phone: Phone, hooked: tuple[telegram.Telegram, str]
) -> None:
    app, _ = hooked
    incoming = app.incoming()
    await phone.send_text("first")
    await phone.send_text("second")
    assert (await take_message(incoming)).text == "first"
    await asyncio.sleep(0.1)
    assert len(fake.pending) == 2
    assert (await take_message(incoming)).text == "second"
    assert len(fake.pending) == 1
    assert fake.called("getUpdates") == 0


async def test_what_a_webhook_brought_and_nobody_committed_comes_again(
    fake: FakeTelegram, phone: Phone, hooked: tuple[telegram.Telegram, str]
) -> None:
    app, _ = hooked
    await phone.send_text("first")
    reading = app.incoming()
    await take(reading)
    await reading.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert (await take_message(app.incoming())).text == "first"
    assert fake.webhook_failures == 1


async def test_a_webhook_hears_nobody_without_the_secret(hooked: tuple[telegram.Telegram, str]) -> None:
    _, url = hooked
    async with aiohttp.ClientSession() as stranger:
        for headers in ({}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: "s3cret-and-more"}):
            async with stranger.post(url, json={"update_id": 1}, headers=headers) as answer:
                assert answer.status == 403
        for body in (b"{", b"[]", b"\xff"):
            async with stranger.post(url, data=body, headers={SECRET_HEADER: "s3cret"}) as answer:
                assert answer.status == 400
