"""What is particular to Telegram: how it delivers what people send, and what it refuses."""

import asyncio
import io

import piexif
import pytest
from PIL import Image

from bot.chat_app import (
    Attachment,
    AttachmentKind,
    AttachmentRefused,
    ChatAppDown,
    Edit,
    Message,
)
from bot.chat_apps import telegram
from tests.bot.incoming import take, take_message
from tests.bot.telegram.stage import OFFICER, connect, until
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram, Kind
from tests.fake_telegram.world import Waiting


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
