"""The fake Telegram refuses what Telegram refuses: each of these has cost somebody a bot."""

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.chat_app import Button, Card, ChatId
from bot.chat_apps import telegram
from tests.fake_telegram.control import RemotePhone
from tests.fake_telegram.server import FakeTelegram

OFFICER = 1001
ROOT = Path(__file__).parents[2]
Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().serving() as started:
        started.phone(OFFICER)
        yield started


@pytest.fixture
async def ask(fake: FakeTelegram) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as session:

        async def call(method: str, **fields: object) -> dict[str, Any]:
            async with session.post(f"{fake.base_url}/bot{fake.token}/{method}", json=fields) as answer:
                told: dict[str, Any] = await answer.json()
                return told

        yield call


KEYS = {"inline_keyboard": [[{"text": "Publish", "callback_data": "a1"}]]}
LONG_DATA = {"inline_keyboard": [[{"text": "Publish", "callback_data": "é" * 33}]]}


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"chat_id": ""}, "chat_id is empty"),
        ({"chat_id": 5}, "chat not found"),
        ({"text": "  "}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "👮" * 2049}, "message is too long"),
        ({"text": "<b>open", "parse_mode": "HTML"}, "can't parse entities: Can't find end tag"),
        ({"text": "<b><i>x</b></i>", "parse_mode": "HTML"}, "can't parse entities: Unmatched end tag"),
        ({"text": "<p>x</p>", "parse_mode": "HTML"}, "can't parse entities: Unsupported start tag"),
        ({"text": "1 < 2", "parse_mode": "HTML"}, "can't parse entities: Unsupported start tag"),
        ({"reply_markup": LONG_DATA}, "BUTTON_DATA_INVALID"),
        ({"reply_parameters": {"message_id": 9}}, "message to be replied not found"),
    ],
)
async def test_a_message_is_refused(ask: Ask, fields: dict[str, object], description: str) -> None:
    told = await ask("sendMessage", **({"chat_id": OFFICER, "text": "Road closed"} | fields))
    assert (told["ok"], told["error_code"]) == (False, 400)
    assert description in told["description"]


async def test_an_edit_is_refused_that_changes_nothing_or_the_wrong_thing(fake: FakeTelegram, ask: Ask) -> None:
    sent = (await ask("sendMessage", chat_id=OFFICER, text="Road closed", reply_markup=KEYS))["result"]
    own = await fake.phone(OFFICER).send_text("mine")
    place = {"chat_id": OFFICER, "message_id": sent["message_id"]}
    answers = [
        await ask("editMessageText", **place, text="Road closed", reply_markup=KEYS),
        await ask("editMessageCaption", **place, caption="Road closed"),
        await ask("editMessageText", chat_id=OFFICER, message_id=own, text="x"),
        await ask("editMessageText", chat_id=OFFICER, message_id=9, text="x"),
    ]
    expected = ("message is not modified", "there is no caption", "message can't be edited", "edit not found")
    assert [part in answer["description"] for part, answer in zip(expected, answers, strict=True)] == [True] * 4


async def test_a_tap_can_be_answered_once_and_not_after_150_seconds(fake: FakeTelegram, ask: Ask) -> None:
    await ask("sendMessage", chat_id=OFFICER, text="Road closed", reply_markup=KEYS)
    phone = fake.phone(OFFICER)
    first, second = await phone.tap("Publish"), await phone.tap("Publish")
    assert (await ask("answerCallbackQuery", callback_query_id=first))["ok"]
    assert not (await ask("answerCallbackQuery", callback_query_id=first))["ok"]
    fake.advance(151)
    assert not (await ask("answerCallbackQuery", callback_query_id=second))["ok"]
    assert fake.pending == []


async def test_updates_wait_until_a_higher_offset_and_for_a_day(fake: FakeTelegram, ask: Ask) -> None:
    phone = fake.phone(OFFICER)
    for text in ("first", "second", "third"):
        await phone.send_text(text)
    (first, _, third) = [update["update_id"] for update in (await ask("getUpdates"))["result"]]
    assert len((await ask("getUpdates", offset=first))["result"]) == 3
    assert len((await ask("getUpdates", offset=first + 1))["result"]) == 2
    assert [update["update_id"] for update in (await ask("getUpdates", offset=-1))["result"]] == [third]
    fake.advance(24 * 3600 + 1)
    assert (await ask("getUpdates"))["result"] == []


async def test_what_was_not_asked_for_is_never_delivered(fake: FakeTelegram, ask: Ask) -> None:
    await ask("getUpdates", allowed_updates=["callback_query"])
    await fake.phone(OFFICER).send_text("Road closed")
    assert (await ask("getUpdates"))["result"] == []


async def test_a_second_poller_ends_the_first_and_a_webhook_ends_both(fake: FakeTelegram, ask: Ask) -> None:
    first = asyncio.ensure_future(ask("getUpdates", timeout=30))
    async with asyncio.timeout(30):
        while not fake.called("getUpdates"):  # noqa: ASYNC110  the platform is told from elsewhere
            await asyncio.sleep(0.01)
    await ask("getUpdates")
    assert (await first)["error_code"] == 409
    await ask("setWebhook", url="http://127.0.0.1:9/hook")
    assert "webhook is active" in (await ask("getUpdates"))["description"]


async def test_a_wrong_token_and_an_unknown_method_are_refused(fake: FakeTelegram, ask: Ask) -> None:
    assert (await ask("sendPigeon"))["error_code"] == 404
    assert (await ask("getMe"))["ok"]
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{fake.base_url}/bot7000000001:wrong/getMe") as answer,
    ):
        assert answer.status == 401


async def test_as_a_process_it_gives_phones_over_http_and_keeps_a_record(tmp_path: Path) -> None:
    record = tmp_path / "sent.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fake_telegram", "--record", str(record), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    base_url, token = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().split()
    try:
        async with aiohttp.ClientSession() as session, telegram.connect(token=token, base_url=base_url) as app:
            phone = RemotePhone(session, base_url, OFFICER)
            written = io.BytesIO()
            Image.new("RGB", (8, 8)).save(written, "PNG")
            await phone.act("send_photo", picture=written.getvalue(), caption="Road closed")
            await app.show(Card("214", rows=((Button("a1", "Drop"),),)), ChatId(str(OFFICER)), "k1")
            await phone.wait_for("214")
            await phone.act("tap", label="Drop")
            async with session.get(f"{base_url}/control") as answer:
                assert len((await answer.json())["pending"]) == 2
            with pytest.raises(LookupError):
                await phone.act("tap", label="Publish")
    finally:
        process.kill()
        await process.wait()
    (line,) = record.read_text("utf-8").splitlines()
    assert json.loads(line)["text"].endswith("214")
