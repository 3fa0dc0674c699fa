"""What is particular to Discord: how it delivers, what is missed and read back, what people press."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.chat_app import (
    Attachment,
    AttachmentKind,
    AttachmentRefused,
    CardGone,
    ChatAppDown,
    Choice,
    Edit,
    Picture,
)
from bot.chat_apps import discord
from bot.commands import COMMANDS
from bot.discord_app import slash
from tests.bot.discord_stage import ASKING, CARD, Stage, nothing_more, staged, take, take_message
from tests.fake_discord.phone import FORM
from tests.fake_discord.world import Press


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as started:
        yield started


@pytest.fixture
async def app(stage: Stage) -> AsyncIterator[discord.Discord]:
    async with stage.connect() as connected:
        yield connected


def picture(folder: Path, colour: str = "navy") -> Picture:
    path = folder / f"{colour}.jpg"
    Image.new("RGB", (64, 64), colour).save(path)
    return Picture(path, f"a {colour} square")


async def acknowledged(press: Press) -> None:
    async with asyncio.timeout(30):
        while press.answer is None:  # noqa: ASYNC110  the platform is told from elsewhere
            await asyncio.sleep(0.01)


async def noted(press: Press) -> str:
    async with asyncio.timeout(30):
        while not press.notes:  # noqa: ASYNC110  the platform is told from elsewhere
            await asyncio.sleep(0.01)
    return press.notes[-1]


# What arrives, whatever happens to the connection.


async def test_an_event_that_nobody_can_read_does_not_end_the_listening(stage: Stage, app: discord.Discord) -> None:
    incoming = app.incoming()
    stage.phone.send("before")
    assert (await take_message(incoming)).text == "before"
    stage.fake.malformed()
    stage.phone.send("right after it")
    assert (await take_message(incoming)).text == "right after it"
    assert stage.fake.gateway.identified == 2
    assert await nothing_more(incoming)


async def test_a_dropped_connection_is_resumed_and_nothing_is_heard_twice(stage: Stage, app: discord.Discord) -> None:
    incoming = app.incoming()
    stage.phone.send("before")
    await take(incoming)
    await stage.fake.gateway.drop()
    stage.phone.send("while the line was down")
    assert (await take_message(incoming)).text == "while the line was down"
    assert await nothing_more(incoming)
    assert (stage.fake.gateway.identified, stage.fake.gateway.resumed) == (1, 1)


async def test_what_was_written_when_a_session_was_lost_is_read_from_the_chat(
    stage: Stage, app: discord.Discord
) -> None:
    incoming = app.incoming()
    stage.phone.send("before")
    await take(incoming)
    await stage.fake.gateway.drop()
    stage.fake.gateway.forget()
    stage.phone.send("while the session was gone")
    await stage.fake.settled()
    stage.phone.send("after it")
    assert [(await take_message(incoming)).text for _ in range(2)] == ["while the session was gone", "after it"]
    assert await nothing_more(incoming)


async def test_three_hundred_messages_of_a_long_absence_arrive_in_order(stage: Stage) -> None:
    for number in range(300):
        stage.phone.send(f"{number}")
    async with stage.connect() as app:
        incoming = app.incoming()
        assert [(await take_message(incoming)).text for _ in range(300)] == [f"{number}" for number in range(300)]
        assert await nothing_more(incoming)
    async with stage.connect() as app:
        assert await nothing_more(app.incoming())


async def test_what_is_written_while_the_history_is_read_stands_behind_it(stage: Stage) -> None:
    stage.phone.send("during the absence")
    stage.fake.fail("status", f"GET /channels/{stage.phone.chat}/messages", times=5)
    async with stage.connect(wait=False) as app:
        await asyncio.wait_for(stage.fake.gateway.connected.wait(), 30)
        assert not app.caught_up.is_set()
        stage.phone.send("now")
        incoming = app.incoming()
        assert [(await take_message(incoming)).text for _ in range(2)] == ["during the absence", "now"]


async def test_the_first_words_of_somebody_new_survive_a_crash_before_they_are_committed(stage: Stage) -> None:
    stranger = stage.fake.phone(2002)
    async with stage.connect() as app:
        stranger.send("/start 1234")
        before = await take_message(app.incoming())
    async with stage.connect() as app:
        assert await take_message(app.incoming()) == before


async def test_a_chat_that_is_no_longer_there_does_not_keep_the_others_waiting(stage: Stage) -> None:
    gone = stage.fake.phone(2002)
    stage.knows(gone)
    del stage.fake.world.messages[gone.chat]
    stage.phone.send("Road closed")
    async with stage.connect() as app:
        assert (await take_message(app.incoming())).text == "Road closed"


async def test_words_of_a_damaged_message_are_kept_and_the_rest_is_not_taken(stage: Stage) -> None:
    number = stage.phone.send("Road closed")
    stage.fake.world.messages[stage.phone.chat][number]["attachments"] = [{"half": "an attachment"}]
    stage.phone.send("and this")
    async with stage.connect() as app:
        incoming = app.incoming()
        message = await take_message(incoming)
        assert (message.text, message.attachments) == ("Road closed", (Attachment(AttachmentKind.OTHER),))
        assert (await take_message(incoming)).text == "and this"


async def test_a_change_made_while_we_were_down_arrives_once(stage: Stage) -> None:
    async with stage.connect() as app:
        number = stage.phone.send("Road closed")
        incoming = app.incoming()
        await take(incoming)
        assert await nothing_more(incoming)
    stage.phone.edit(number, "Road open")
    async with stage.connect() as app:
        incoming = app.incoming()
        edit = await take(incoming)
        assert isinstance(edit, Edit)
        assert (edit.message, edit.text) == (str(number), "Road open")
        assert await nothing_more(incoming)
    async with stage.connect() as app:
        assert await nothing_more(app.incoming())


async def test_a_message_changed_before_we_read_it_is_one_message(stage: Stage) -> None:
    number = stage.phone.send("Road clsed")
    stage.phone.edit(number, "Road closed")
    async with stage.connect() as app:
        incoming = app.incoming()
        assert (await take_message(incoming)).text == "Road closed"
        assert await nothing_more(incoming)
    async with stage.connect() as app:
        assert await nothing_more(app.incoming())


async def test_a_link_that_unfolds_is_nobodys_edit(stage: Stage, app: discord.Discord) -> None:
    incoming = app.incoming()
    number = stage.phone.send("See https://page.example/214")
    await take(incoming)
    stage.phone.link_unfolds(number)
    assert await nothing_more(incoming)


async def test_a_token_that_is_refused_is_said_and_not_tried_all_the_time(stage: Stage) -> None:
    async with stage.connect(token="not.the.token") as app:
        with pytest.raises(ChatAppDown) as down:
            await app.show(CARD, stage.chat, "k1")
        assert down.value.wait >= 60
        assert app.health.trouble == "signed out"
    assert stage.fake.calls == ["GET /users/@me"]


async def test_what_is_no_token_is_refused_at_once(stage: Stage) -> None:
    with pytest.raises(ValueError, match="Discord token"):
        async with stage.connect(token="secret"):
            pass


# Attachments.


async def test_pictures_of_one_sending_are_one_message(stage: Stage, app: discord.Discord) -> None:
    stage.phone.send("Road closed", files=[("a.jpg", b"one"), ("b.jpg", b"other")])
    message = await take_message(app.incoming())
    assert [(a.kind, a.size) for a in message.attachments] == [(AttachmentKind.PHOTO, 3), (AttachmentKind.PHOTO, 5)]
    assert [await app.fetch(attachment) for attachment in message.attachments] == [b"one", b"other"]


async def test_a_file_is_fetched_when_its_first_link_has_expired(stage: Stage, app: discord.Discord) -> None:
    stage.phone.send(files=[("a.jpg", b"one")])
    (attachment,) = (await take_message(app.incoming())).attachments
    stage.fake.expire_links()
    assert await app.fetch(attachment) == b"one"


async def test_a_file_of_a_message_that_was_deleted_is_refused(stage: Stage, app: discord.Discord) -> None:
    number = stage.phone.send(files=[("a.jpg", b"one")])
    (attachment,) = (await take_message(app.incoming())).attachments
    del stage.fake.world.messages[stage.phone.chat][number]
    with pytest.raises(AttachmentRefused):
        await app.fetch(attachment)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.ogg", AttachmentKind.VOICE), ("a.mp4", AttachmentKind.VIDEO), ("a.pdf", AttachmentKind.FILE)],
)
async def test_other_files_are_told_apart(stage: Stage, app: discord.Discord, name: str, kind: AttachmentKind) -> None:
    stage.phone.send(files=[(name, b"something")])
    assert [a.kind for a in (await take_message(app.incoming())).attachments] == [kind]


# Presses.


async def test_a_press_is_acknowledged_when_it_is_committed(stage: Stage, app: discord.Discord) -> None:
    await app.show(CARD, stage.chat, "k1")
    press = stage.phone.tap("Drop")
    incoming = app.incoming()
    await take(incoming)
    await asyncio.sleep(0.05)
    assert press.answer is None
    assert await nothing_more(incoming)
    await acknowledged(press)
    assert press.notes == []


async def test_a_press_is_acknowledged_in_time_even_if_nobody_takes_it(stage: Stage, app: discord.Discord) -> None:
    await app.show(CARD, stage.chat, "k1")
    await acknowledged(stage.phone.tap("Drop"))


@pytest.mark.parametrize("first", ["answer", "acknowledge"])
async def test_the_answer_to_a_press_is_for_the_presser_alone(stage: Stage, app: discord.Discord, first: str) -> None:
    await app.show(CARD, stage.chat, "k1")
    press = stage.phone.tap("Drop")
    incoming = app.incoming()
    choice = await take(incoming)
    assert isinstance(choice, Choice)
    if first == "acknowledge":
        assert await nothing_more(incoming)
        await acknowledged(press)
    await app.answer(choice, "Dropped. *Nothing* of it goes out.")
    assert await noted(press) == r"Dropped. \*Nothing\* of it goes out."


async def test_a_button_of_before_a_restart_works(stage: Stage) -> None:
    async with stage.connect() as app:
        card_id = await app.show(CARD, stage.chat, "k1")
    async with stage.connect() as app:
        stage.phone.tap("Publish")
        choice = await take(app.incoming())
        assert isinstance(choice, Choice)
        assert (choice.token, choice.card) == ("a1", card_id)
        await app.answer(choice, None)


async def test_a_press_of_before_a_restart_can_be_answered_in_vain(stage: Stage) -> None:
    async with stage.connect() as app:
        await app.show(CARD, stage.chat, "k1")
        stage.phone.tap("Publish")
        choice = await take(app.incoming())
        assert isinstance(choice, Choice)
    async with stage.connect() as app:
        await app.answer(choice, "Published.")


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_form_opens_with_the_words_to_change_and_answers_its_card(stage: Stage, restarted: bool) -> None:
    async with stage.connect() as app:
        card_id = await app.show(ASKING, stage.chat, "k1")
        if not restarted:
            await fill_in(stage, app, card_id)
    if restarted:
        async with stage.connect() as app:
            await fill_in(stage, app, card_id)


async def fill_in(stage: Stage, app: discord.Discord, card_id: str) -> None:
    (card,) = stage.phone.cards()
    opened = stage.phone.press(card.id, FORM)
    await acknowledged(opened)
    assert opened.form is not None
    (field,) = opened.form["components"]
    assert field["component"]["value"] == "Road *closed* until 22:00"
    sent = stage.phone.fill_in(opened, "Road open")
    incoming = app.incoming()
    message = await take_message(incoming)
    assert (message.text, message.answers, message.chat) == ("Road open", card_id, stage.chat)
    assert await nothing_more(incoming)
    await acknowledged(sent)


async def test_the_form_speaks_the_language_of_whoever_presses(stage: Stage, app: discord.Discord) -> None:
    stage.phone.locale = "es-419"
    await app.show(CARD, stage.chat, "k1")
    stage.phone.tap("Drop")
    await take(app.incoming())
    await app.show(ASKING, stage.chat, "k2")
    assert stage.phone.cards()[-1].buttons == {"Escribir…": FORM}


# Commands.


async def test_commands_are_told_to_the_platform_only_when_they_changed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for expected in (1, 1):
        async with stage.connect():
            assert stage.fake.world.commands_told == expected
    monkeypatch.setattr(slash, "COMMANDS", slash.COMMANDS[:-1])
    async with stage.connect():
        assert stage.fake.world.commands_told == 2


def test_every_command_that_the_platform_offers_is_one_of_ours() -> None:
    assert {f"/{command.name}" for command in slash.COMMANDS} <= set(COMMANDS)
    wanted = {"on", "off", "queue", "freeze", "resume", "recall", "help", "start"}
    assert wanted <= {command.name for command in slash.COMMANDS}


async def test_a_command_becomes_the_text_that_it_stands_for(stage: Stage, app: discord.Discord) -> None:
    stage.phone.locale = "fr"
    press = stage.phone.command("recall", number=214)
    incoming = app.incoming()
    assert (await take_message(incoming)).text == "/recall 214"
    assert await nothing_more(incoming)
    assert await noted(press) == "Bien reçu."
    stage.phone.command("on")
    assert (await take_message(app.incoming())).text == "/on"


async def test_a_command_is_not_said_to_be_taken_before_it_is(stage: Stage, app: discord.Discord) -> None:
    press = stage.phone.command("freeze")
    await acknowledged(press)
    assert press.notes == []
    incoming = app.incoming()
    await take_message(incoming)
    assert await nothing_more(incoming)
    assert await noted(press) == "Got it."


async def test_a_platform_that_refuses_our_commands_still_hears_officers_and_is_told_again(stage: Stage) -> None:
    stage.fake.fail("status", "PUT /applications", status=400)
    async with stage.connect(commands_pause=0.1) as app:
        assert stage.fake.world.commands is None
        stage.phone.send("Road closed")
        assert (await take_message(app.incoming())).text == "Road closed"
        async with asyncio.timeout(30):
            while stage.fake.world.commands is None:  # noqa: ASYNC110  the platform is told from elsewhere
                await asyncio.sleep(0.02)


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
