import logging

import pytest
from sqlmodel import col, select

from bot.chat_app import CardId
from moderation.post import Post
from tests.journeys.stage import PICTURES, Phone, Stage
from tests.moderation.media_pictures import heic_of_a_camera, jpeg_that_claims, png_that_claims, scene

HARMLESS = "All quiet tonight. Thank you to everyone who waved."


async def posts(stage: Stage) -> list[Post]:
    async with stage.database.reading() as session:
        return list((await session.exec(select(Post).order_by(col(Post.number)))).all())


async def still_works(stage: Stage, sergeant: Phone) -> None:
    """Whatever came before, the next post is published."""
    await stage.phone("lima-3").send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: HARMLESS in text)


async def test_ten_thousand_characters_are_one_sentence_and_no_post(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("a" * 10_000)
    await officer.reads("reception.too_long", limit=2000)
    assert await posts(stage) == []
    await still_works(stage, sergeant)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 300, id="a damaged JPEG"),
        pytest.param(png_that_claims(60_000, 60_000), id="a bomb"),
        pytest.param(jpeg_that_claims(40_000, 40_000), id="another bomb"),
        pytest.param(b"%PDF-1.7 not a picture", id="no picture"),
    ],
)
async def test_a_bad_picture_is_one_sentence_and_the_words_wait_without_it(stage: Stage, content: bytes) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS, content, as_file=True)
    sentences = {stage.words.say(key, "en") for key in stage.words.keys("en") if key.startswith("media.")}
    await officer.card(lambda card: card.title in sentences, "why the picture was left out", PICTURES)
    await sergeant.tap("card.button.publish", 1, PICTURES)
    page = await stage.public(lambda text: HARMLESS in text)
    assert "<img" not in page.split(HARMLESS)[1][:2000]


async def test_a_heic_photo_of_a_phone_is_taken(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS, heic_of_a_camera(scene(640, 480)), as_file=True)
    await sergeant.tap("card.button.publish", 1, PICTURES)
    await stage.public(lambda text: "<img" in text)


async def test_tricks_with_invisible_and_reversing_characters_hide_nothing(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(
        "Van on Har\u200bbour\u00ad Road, plate A\u200dB12 CDE, ring 07\u2060700 900123 \u202egnirts\u202c tonight."
    )
    _, shown = await sergeant.card(lambda card: card.title.startswith("1 "))
    told = f"{shown.quote}"
    for hidden in ("Har", "AB12", "B12 CDE", "900123", "\u200b", "\u202e"):
        assert hidden not in told


async def test_an_unknown_command_and_an_empty_message_are_answered(stage: Stage) -> None:
    await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("/dance")
    await officer.reads("command.unknown")
    await officer.send("   ")
    await officer.reads("reception.empty")
    assert await posts(stage) == []


async def test_made_up_stale_and_foreign_buttons_do_nothing(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    card_id, card = await sergeant.card(lambda c: c.title.startswith("1 ") and bool(c.rows))
    publish = sergeant.button(card, stage.words.say("card.button.publish", sergeant.language))
    assert publish is not None
    slot = publish.token.partition(".")[0]
    made_up = (f"{slot}.publish..1", "999.publish..1", "x", "1.2.3", f"{slot}.drop..0", f"{slot}.toggle.9.1")
    for token in (publish.token, *made_up):
        await officer.press(CardId(card_id), token)
    await officer.send("/dance")
    await officer.reads("command.unknown")
    assert [str(post.state) for post in await posts(stage)] == ["waiting"]
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: HARMLESS in text)
    await sergeant.press(card_id, publish.token)
    await sergeant.send("/dance")
    await sergeant.reads("command.unknown")
    assert [post.text for post in await stage.platform.public.posts()] == [HARMLESS]


async def test_the_log_of_a_night_holds_no_word_number_or_name(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    caplog.set_level(logging.DEBUG, "moderation")
    caplog.set_level(logging.DEBUG, "shifts")
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(
        "Mrs Okoye at 9 Orchard Close, van AB12 CDE, 07700 900123.", b"\xff\xd8\xff broken", as_file=True
    )
    await sergeant.card(lambda c: c.title.startswith("1 "))
    await officer.send("Again on Harbour Road, all quiet.")
    await sergeant.tap("card.button.publish", 2)
    await stage.public(lambda text: "all quiet" in text)
    ours = [record for record in caplog.records if record.name.startswith(("bot", "moderation", "shifts"))]
    assert ours
    told = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in ours)
    for word in ("Okoye", "Orchard", "AB12", "900123", "Harbour", "quiet", "Vance"):
        assert word not in told
