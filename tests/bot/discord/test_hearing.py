"""What is particular to Discord: how it delivers, what is missed and read back, what people press."""

import asyncio

import pytest

from bot.chat_app import (
    Attachment,
    AttachmentKind,
    AttachmentRefused,
    ChatAppDown,
    Edit,
)
from bot.chat_apps import discord
from tests.bot.discord_stage import CARD, Stage, nothing_more
from tests.bot.incoming import take, take_message

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
