"""What Discord shows, and what it must not tell anybody."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.chat_app import (
    CardGone,
    ChatAppDown,
    Choice,
    Picture,
)
from bot.chat_apps import discord
from tests.bot.discord_stage import CARD, Stage
from tests.bot.incoming import take, take_message


def picture(folder: Path, colour: str = "navy") -> Picture:
    path = folder / f"{colour}.jpg"
    Image.new("RGB", (64, 64), colour).save(path)
    return Picture(path, f"a {colour} square")


# Cards.


async def test_a_busy_platform_is_waited_for(stage: Stage, app: discord.Discord) -> None:
    stage.fake.fail("busy", "POST /channels", wait=0.05)
    await app.show(CARD, stage.chat, "k1")
    assert len(stage.phone.cards()) == 1


async def test_a_platform_that_is_busy_for_long_says_how_long(stage: Stage, app: discord.Discord) -> None:
    stage.fake.fail("busy", "POST /channels", wait=300)
    with pytest.raises(ChatAppDown) as down:
        await app.show(CARD, stage.chat, "k1")
    assert down.value.wait == 300


async def test_a_card_whose_answer_got_lost_is_shown_once(stage: Stage, app: discord.Discord) -> None:
    stage.fake.fail("lost", "POST /channels")
    with pytest.raises(ChatAppDown):
        await app.show(CARD, stage.chat, "k1")
    await app.show(CARD, stage.chat, "k1")
    assert len(stage.phone.cards()) == 1


async def test_a_card_that_changed_before_the_second_try_shows_what_is_true_now(
    stage: Stage,
) -> None:
    async with stage.connect() as app:
        stage.fake.fail("lost", "POST /channels")
        with pytest.raises(ChatAppDown):
            await app.show(CARD, stage.chat, "k1")
    await asyncio.sleep(1.1)
    async with stage.connect() as app:
        await app.show(replace(CARD, quote="Road open"), stage.chat, "k1")
    (card,) = stage.phone.cards()
    assert "Road open" in card.text


async def test_a_picture_that_stays_is_not_sent_again(stage: Stage, app: discord.Discord, tmp_path: Path) -> None:
    first, second = picture(tmp_path), picture(tmp_path, "olive")
    card_id = await app.show(replace(CARD, pictures=(first,)), stage.chat, "k1")
    files = len(stage.fake.world.files)
    await app.replace(card_id, stage.chat, replace(CARD, title="later", pictures=(first, second)))
    assert len(stage.fake.world.files) == files + 1
    (card,) = stage.phone.cards()
    assert list(card.alts) == ["a navy square", "a olive square"]


async def test_a_card_that_is_the_same_is_not_sent(stage: Stage, app: discord.Discord) -> None:
    card_id = await app.show(CARD, stage.chat, "k1")
    before = len(stage.fake.calls)
    await app.replace(card_id, stage.chat, CARD)
    assert len(stage.fake.calls) == before


async def test_a_picture_of_twelve_megapixels_is_made_small_enough(
    stage: Stage, app: discord.Discord, tmp_path: Path
) -> None:
    path = tmp_path / "large.jpg"
    Image.effect_noise((4000, 3000), 90).save(path, quality=95)
    await app.show(replace(CARD, pictures=(Picture(path, "noise"),)), stage.chat, "k1")
    (content,) = stage.fake.world.files.values()
    assert len(content) < 10 << 20
    with Image.open(io.BytesIO(content)) as sent:
        assert sent.width >= 640


async def test_a_card_that_may_no_longer_be_changed_is_taken_away_and_said_to_be_gone(
    stage: Stage, app: discord.Discord
) -> None:
    card_id = await app.show(CARD, stage.chat, "k1")
    stage.fake.world.messages[stage.phone.chat][int(card_id)]["author"] = {"id": "1", "username": "x", "bot": True}
    with pytest.raises(CardGone):
        await app.replace(card_id, stage.chat, replace(CARD, title="later"))
    assert int(card_id) not in stage.fake.world.messages[stage.phone.chat]


async def test_nothing_that_anybody_wrote_and_no_token_gets_into_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    caplog.set_level("WARNING", "aiohttp.access")  # the fake's own
    async with stage.connect() as app:
        incoming = app.incoming()
        stage.phone.send("a secret place")
        await take(incoming)
        await app.show(CARD, stage.chat, "k1")
        press = stage.phone.tap("Drop")
        stage.fake.fail("busy", "POST /interactions", wait=0.01)
        stage.fake.fail("status", "POST /interactions", status=400)
        stage.fake.malformed()
        await stage.fake.gateway.drop()
        choice = await take(incoming)
        assert isinstance(choice, Choice)
        await app.answer(choice, "a secret sentence")
        await stage.fake.settled()
        stage.phone.send("a secret name")
        await take_message(incoming)
    said = caplog.text
    assert said
    for secret in ("secret", stage.fake.token, press.token, "Road closed", str(stage.phone.person)):
        assert secret not in said
