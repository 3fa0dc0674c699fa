"""What Telegram shows and what it makes of taps, and what must not leak on the way."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat_app import (
    Card,
    CardGone,
    ChatAppDown,
    Choice,
)
from bot.chat_apps import telegram
from bot.telegram.pictures import VIDEO_BYTES
from tests.bot.incoming import take
from tests.bot.telegram.stage import CARD, CHAT, OFFICER, connect, picture
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram


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


async def test_a_card_that_outgrows_its_strip_is_shown_anew_and_loses_nothing(
    app: telegram.Telegram, phone: Phone, tmp_path: Path
) -> None:
    card_id = await app.show(replace(CARD, pictures=(picture(tmp_path),)), CHAT, "k1")
    await app.replace(card_id, CHAT, CARD)
    longer = replace(CARD, lines=("long " * 250,))
    with pytest.raises(CardGone):
        await app.replace(card_id, CHAT, longer)
    await app.show(longer, CHAT, "k2")
    assert [(card.labels, "long" in card.text) for card in phone.cards()] == [(["Publish"], True)]


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
