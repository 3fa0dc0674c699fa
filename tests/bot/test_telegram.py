"""What is particular to Telegram: how it delivers, what it refuses, and what must not leak on the way."""

import asyncio
import io
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import aiohttp
import piexif
import pytest
from aiohttp import web
from PIL import Image

from bot.chat_app import (
    Attachment,
    AttachmentKind,
    AttachmentRefused,
    Button,
    Card,
    CardGone,
    ChatAppDown,
    ChatId,
    Choice,
    Edit,
    Incoming,
    Message,
    Picture,
)
from bot.chat_apps import telegram
from bot.telegram.inbox import SECRET_HEADER
from bot.telegram.pictures import VIDEO_BYTES
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram, Kind
from tests.fake_telegram.world import Waiting

OFFICER = 1001
CHAT = ChatId("1001")
CARD = Card("214 · waiting", quote="Road closed", rows=((Button("a1", "Publish"),),))


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().serving() as started:
        yield started


@pytest.fixture
def phone(fake: FakeTelegram) -> Phone:
    return fake.phone(OFFICER)


def connect(fake: FakeTelegram, poll_seconds: int = 2) -> AbstractAsyncContextManager[telegram.Telegram]:
    return telegram.connect(token=fake.token, base_url=fake.base_url, poll_seconds=poll_seconds, first_pause=0.01)


@pytest.fixture
async def app(fake: FakeTelegram) -> AsyncIterator[telegram.Telegram]:
    async with connect(fake) as connected:
        yield connected


async def take(incoming: AsyncIterator[Incoming]) -> Incoming:
    return await asyncio.wait_for(anext(incoming), 30)


async def take_message(incoming: AsyncIterator[Incoming]) -> Message:
    item = await take(incoming)
    assert isinstance(item, Message)
    return item


def picture(folder: Path, name: str = "navy", size: tuple[int, int] = (64, 64)) -> Picture:
    path = folder / f"{name}.jpg"
    Image.new("RGB", size, name).save(path)
    return Picture(path, "a square")


async def test_each_poll_says_which_updates_it_wants_and_never_drops_any(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    incoming = app.incoming()
    for text in ("first", "second"):
        await phone.send_text(text)
        await take(incoming)
    polls = [body for call, body in zip(fake.calls, fake.bodies, strict=True) if call == "getupdates"]
    assert len(polls) == 2
    assert {body["allowed_updates"] for body in polls} == {'["message", "edited_message", "callback_query"]'}
    assert not any("drop_pending_updates" in body for body in fake.bodies)


async def test_nothing_is_confirmed_before_the_reader_comes_back(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    await phone.send_text("first")
    await phone.send_text("second")
    incoming = app.incoming()
    await take(incoming)
    await take(incoming)
    assert len(fake.pending) == 2
    asking = asyncio.ensure_future(anext(incoming))
    await until(lambda: fake.pending == [])
    await phone.send_text("third")
    await asyncio.wait_for(asking, 30)


async def test_update_ids_that_start_again_lower_are_heard(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    incoming = app.incoming()
    await phone.send_text("before the quiet week")
    await take(incoming)
    asking = asyncio.ensure_future(anext(incoming))
    await until(lambda: fake.pending == [])
    fake.restart_update_ids(7)
    await phone.send_text("after it")
    item = await asyncio.wait_for(asking, 30)
    assert isinstance(item, Message)
    assert item.text == "after it"


@pytest.mark.parametrize(
    ("kind", "status", "trouble"),
    [
        ("status", 401, "signed out"),
        ("status", 404, "signed out"),
        ("status", 409, "another poller"),
        ("status", 500, "unreachable"),
        ("html", 502, "unreachable"),
        ("html", 200, "unreachable"),
        ("garbage", 200, "unreachable"),
        ("drop", 200, "unreachable"),
        ("lost", 200, "unreachable"),
        ("busy", 429, "busy"),
    ],
)
async def test_polling_survives(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone, kind: Kind, status: int, trouble: str
) -> None:
    fake.fail(kind, "getUpdates", times=3, status=status, wait=0 if kind != "busy" else 1)
    seen: set[str | None] = set()

    async def watch() -> None:
        while True:
            seen.add(app.health.trouble)
            await asyncio.sleep(0.001)

    watching = asyncio.ensure_future(watch())
    await phone.send_text("Road closed")
    assert (await take_message(app.incoming())).text == "Road closed"
    watching.cancel()
    assert trouble in seen
    assert app.health.trouble is None
    assert app.health.heard_at is not None
    assert fake.called("getUpdates") == 4


async def test_an_old_webhook_does_not_keep_us_from_polling(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    fake.webhook = {"url": "https://old.example/hook", "secret": "old"}
    await phone.send_text("Road closed")
    assert (await take_message(app.incoming())).text == "Road closed"


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  the platform is told from elsewhere
            await asyncio.sleep(0.01)


async def test_of_two_pollers_the_older_one_is_told(fake: FakeTelegram, phone: Phone) -> None:
    async with connect(fake) as first, connect(fake) as second:
        older = asyncio.ensure_future(anext(first.incoming()))
        await until(lambda: fake.called("getUpdates") > 0)
        newer = asyncio.ensure_future(anext(second.incoming()))
        await until(lambda: "another poller" in {first.health.trouble, second.health.trouble})
        older.cancel()
        await phone.send_text("Road closed")
        await asyncio.wait_for(newer, 30)


async def test_an_update_that_can_not_be_read_is_counted_and_does_not_stop_the_next(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    poison = fake.send_raw("message", {"message_id": "x", "date": "Elm Street", "text": "Harbour Road"})
    await phone.send_text("Road closed")
    incoming = app.incoming()
    assert (await take_message(incoming)).text == "Road closed"
    assert app.health.poisoned == 1
    assert fake.called("getUpdates") == 1
    assert str(poison) in caplog.text
    assert "Elm" not in caplog.text
    assert "Harbour" not in caplog.text


async def test_updates_without_a_number_are_no_hot_loop(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    fake.world.waiting.append(Waiting({"message": {}}, "message", fake.world.now + 60))
    reading = asyncio.ensure_future(anext(app.incoming()))
    await until(lambda: app.health.trouble == "unreachable")
    await asyncio.sleep(0.3)
    assert fake.called("getUpdates") < 9
    fake.world.waiting.clear()
    await phone.send_text("Road closed")
    assert isinstance(await asyncio.wait_for(reading, 30), Message)


async def test_words_next_to_something_that_can_not_be_read_still_arrive(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    person = {"id": OFFICER, "is_bot": False, "first_name": "Invented"}
    message = {"message_id": 5, "date": 1_700_000_000, "chat": {"id": OFFICER, "type": "private"}, "from": person}
    fake.send_raw("message", message | {"poll": {"of": "a newer kind"}, "caption": "Road closed"})
    heard = await take_message(app.incoming())
    assert (heard.text, heard.attachments) == ("Road closed", (Attachment(AttachmentKind.OTHER),))
    assert app.health.poisoned == 0


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
async def test_only_private_chats_are_served(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone, kind: str
) -> None:
    person = {"id": OFFICER, "is_bot": False, "first_name": "Invented"}
    message = {"message_id": 5, "date": 1, "chat": {"id": -100, "type": kind, "title": "T"}, "from": person}
    fake.send_raw("message", message | {"text": "from a group"})
    fake.send_raw("edited_message", message | {"text": "from a group", "edit_date": 2})
    fake.send_raw("callback_query", {"id": "9", "from": person, "chat_instance": "1", "data": "a1", "message": message})
    await phone.send_text("Road closed")
    assert (await take_message(app.incoming())).text == "Road closed"
    assert app.health.ignored == 3


async def test_a_start_link_arrives_as_plain_text(app: telegram.Telegram, phone: Phone) -> None:
    await phone.send_text("/start AbCd-1234")
    assert (await take_message(app.incoming())).text == "/start AbCd-1234"


async def test_a_picture_sent_as_a_file_arrives_byte_for_byte(app: telegram.Telegram, phone: Phone) -> None:
    written = io.BytesIO()
    exif = piexif.dump({"GPS": {piexif.GPSIFD.GPSLatitudeRef: b"N"}})
    Image.new("RGB", (32, 32), "navy").save(written, "JPEG", exif=exif)
    await phone.send_document(written.getvalue(), "photo.jpg", "image/jpeg", caption="Road closed")
    message = await take_message(app.incoming())
    (attachment,) = message.attachments
    assert (attachment.kind, message.text) == (AttachmentKind.FILE, "Road closed")
    assert await app.fetch(attachment) == written.getvalue()


async def test_what_else_people_send_arrives_as_its_kind(app: telegram.Telegram, phone: Phone) -> None:
    await phone.send_voice()
    await phone.send_video()
    await phone.send_video_note()
    await phone.send_sticker()
    await phone.send_poll("Is it?")
    await phone.send_contact("07700 900123", "Invented")
    incoming = app.incoming()
    messages = [await take_message(incoming) for _ in range(6)]
    kinds = [message.attachments[0].kind for message in messages]
    kind = AttachmentKind
    assert kinds == [kind.VOICE, kind.VIDEO, kind.VIDEO, kind.OTHER, kind.OTHER, kind.OTHER]
    assert [bool(message.attachments[0].ref) for message in messages] == [True, True, True, False, False, False]
    assert "900123" not in repr(messages)


async def test_a_place_loses_its_coordinates_in_the_adapter(app: telegram.Telegram, phone: Phone) -> None:
    await phone.send_location(51.2345, -2.3456)
    await phone.send_venue(51.2345, -2.3456, "The Anchor", "1 Harbour Road")
    incoming = app.incoming()
    messages = [await take_message(incoming) for _ in range(2)]
    assert [message.attachments for message in messages] == [(Attachment(AttachmentKind.LOCATION),)] * 2
    assert not [word for word in ("51.2", "2.3", "Harbour", "Anchor") if word in repr(messages)]


async def test_a_live_location_that_moves_is_no_edit(app: telegram.Telegram, phone: Phone) -> None:
    await phone.edit(await phone.send_location(51.2345, -2.3456), "")
    await phone.send_text("Road closed")
    incoming = app.incoming()
    assert (await take_message(incoming)).attachments
    assert (await take_message(incoming)).text == "Road closed"


async def test_a_changed_caption_is_an_edit(app: telegram.Telegram, phone: Phone) -> None:
    written = io.BytesIO()
    Image.new("RGB", (32, 32)).save(written, "PNG")
    await phone.edit(await phone.send_photo(written.getvalue(), "Road closed"), "Road open")
    incoming = app.incoming()
    await take(incoming)
    edit = await take(incoming)
    assert isinstance(edit, Edit)
    assert edit.text == "Road open"


async def test_a_tap_on_a_message_that_telegram_no_longer_shows_still_counts(
    app: telegram.Telegram, phone: Phone
) -> None:
    card_id = await app.show(CARD, CHAT, "k1")
    await phone.tap("Publish", inaccessible=True)
    choice = await take(app.incoming())
    assert isinstance(choice, Choice)
    assert (choice.token, choice.card) == ("a1", card_id)


async def test_answering_a_tap_too_late_or_twice_or_in_an_outage_raises_nothing(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    await app.show(CARD, CHAT, "k1")
    await phone.tap("Publish")
    choice = await take(app.incoming())
    assert isinstance(choice, Choice)
    fake.fail("html", "answerCallbackQuery")
    for _ in range(3):
        await app.answer(choice, "Published. " * 30)
    (note,) = phone.notes
    assert note.startswith("Published. ")
    assert len(note) == 200


async def test_a_tap_of_three_minutes_ago_is_lost_and_the_button_works_again(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    await app.show(CARD, CHAT, "k1")
    await phone.tap("Publish")
    fake.advance(180)
    second = await phone.tap("Publish")
    assert (await take(app.incoming())).id == f"tap.{second}"


async def test_a_file_too_big_for_telegram_is_refused_unasked(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    await phone.send_document(b"x", size=31 << 20)
    (attachment,) = (await take_message(app.incoming())).attachments
    with pytest.raises(AttachmentRefused):
        await app.fetch(attachment)
    assert fake.called("getFile") == 0
    with pytest.raises(AttachmentRefused):
        await app.fetch(Attachment(attachment.kind, attachment.ref))


@pytest.mark.parametrize(("kind", "expected"), [("html", ChatAppDown), ("drop", ChatAppDown)])
async def test_a_download_that_breaks_is_tried_later(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone, kind: Kind, expected: type[Exception]
) -> None:
    await phone.send_document(b"content")
    (attachment,) = (await take_message(app.incoming())).attachments
    fake.fail(kind, "download", status=502)
    with pytest.raises(expected):
        await app.fetch(attachment)
    assert await app.fetch(attachment) == b"content"


async def test_a_file_whose_link_is_dead_is_refused(fake: FakeTelegram, app: telegram.Telegram, phone: Phone) -> None:
    await phone.send_document(b"content")
    (attachment,) = (await take_message(app.incoming())).attachments
    fake.fail("status", "download", status=404)
    with pytest.raises(AttachmentRefused):
        await app.fetch(attachment)


async def test_telegram_says_how_long_to_wait(fake: FakeTelegram, app: telegram.Telegram, phone: Phone) -> None:
    fake.fail("busy", "sendMessage", wait=17)
    with pytest.raises(ChatAppDown) as raised:
        await app.show(CARD, CHAT, "k1")
    assert raised.value.wait == 17
    assert phone.cards() == []


async def test_pictures_do_not_stay_when_their_card_can_not_follow(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone, tmp_path: Path
) -> None:
    fake.fail("html", "sendMessage", status=502)
    two = Card("214", pictures=(picture(tmp_path, "navy"), picture(tmp_path, "olive")))
    with pytest.raises(ChatAppDown):
        await app.show(two, CHAT, "k1")
    assert phone.cards() == []


async def test_a_picture_that_stays_is_not_uploaded_again(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone, tmp_path: Path
) -> None:
    shown = (picture(tmp_path),)
    card_id = await app.show(Card("waiting", pictures=shown), CHAT, "k1")
    await app.replace(card_id, CHAT, Card("published", pictures=shown))
    await app.show(Card("another card", pictures=shown), CHAT, "k2")
    assert fake.called("editMessageCaption") == 1
    assert [len(message.photo or b"") for message in phone.cards()] == [len(shown[0].path.read_bytes())] * 2
    assert len(fake.world.files) == 1


async def test_a_video_is_shown_as_one_and_its_poster_where_it_is_too_large(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"\x00\x00\x00\x18ftypmp42 a covered video")
    moving = (replace(picture(tmp_path), video=film),)
    await app.show(Card("waiting", pictures=moving), CHAT, "k1")
    assert (fake.called("sendVideo"), phone.cards()[0].photo) == (1, film.read_bytes())
    os.truncate(film, VIDEO_BYTES + 1)
    await app.show(Card("waiting", pictures=moving), CHAT, "k2")
    assert (fake.called("sendVideo"), fake.called("sendPhoto")) == (1, 1)


@pytest.mark.parametrize("size", [(8160, 6120), (3000, 40), (40, 3000)])
async def test_a_picture_beyond_telegrams_sides_is_shown_smaller(
    app: telegram.Telegram, phone: Phone, tmp_path: Path, size: tuple[int, int]
) -> None:
    await app.show(Card("waiting", pictures=(picture(tmp_path, size=size),)), CHAT, "k1")
    assert phone.cards()[0].photo


async def test_a_card_too_old_to_take_away_loses_its_buttons(
    fake: FakeTelegram, app: telegram.Telegram, phone: Phone
) -> None:
    card_id = await app.show(CARD, CHAT, "k1")
    fake.advance(49 * 3600)
    with pytest.raises(CardGone):
        await app.remove(card_id, CHAT)
    assert phone.cards()[0].labels == []


async def test_neither_token_nor_words_are_logged_or_raised(
    fake: FakeTelegram, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with connect(fake) as app:
        incoming = app.incoming()
        await phone.send_text("Harbour Road")
        for kind in ("status", "html", "garbage", "drop"):
            fake.fail(kind, "getUpdates")
            fake.fail(kind, "sendMessage")
        for _ in range(4):
            with pytest.raises(ChatAppDown) as raised:
                await app.show(Card("Elm Street"), CHAT, "k1")
            assert raised.value.__cause__ is None
            assert raised.value.__suppress_context__
        await take(incoming)
        await app.show(Card("Elm Street"), CHAT, "k1")
    assert "does not deliver" in caplog.text
    assert not [word for word in (fake.token, "Harbour", "Elm", str(OFFICER)) if word in caplog.text]


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
