"""What the bot counts on from every chat app, told once over all; a new chat app adds a harness."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.chat_app import (
    Ask,
    Attachment,
    AttachmentKind,
    AttachmentRefused,
    Button,
    Card,
    CardGone,
    ChatApp,
    ChatAppDown,
    ChatGone,
    Choice,
    Edit,
    Incoming,
    Message,
    Picture,
    Tone,
    Weight,
)
from tests.contracts.chat_app_harness import (
    FAILING,
    HARNESSES,
    FailingHarness,
    Harness,
    Person,
    change,
    jpeg,
    three_pictures,
)
from tests.moderation.media_videos import video

SECONDS = 30.0
OFFICER = 1001
SERGEANT = 1002


@pytest.fixture(params=HARNESSES)
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    async with HARNESSES[request.param](tmp_path) as started:
        yield started


@pytest.fixture(params=FAILING)
async def failing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FailingHarness]:
    async with FAILING[request.param](tmp_path) as started:
        yield started


@pytest.fixture
def officer(harness: Harness) -> Person:
    return harness.person(OFFICER)


@pytest.fixture
async def app(harness: Harness) -> AsyncIterator[ChatApp]:
    async with harness.connect() as connected:
        yield connected


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Picture, ...]:
    return three_pictures(tmp_path)


async def take(incoming: AsyncIterator[Incoming], number: int) -> list[Incoming]:
    async with asyncio.timeout(SECONDS):
        return [await anext(incoming) for _ in range(number)]


async def take_message(incoming: AsyncIterator[Incoming]) -> Message:
    (item,) = await take(incoming, 1)
    assert isinstance(item, Message)
    return item


DRAFT = Card(
    title="214 · waiting for a sergeant",
    tone=Tone.AMBER,
    quote="Stopped a van with four bald tyres in Riverside.",
    marks=((10, 13),),
    lines=("1 plate covered", "location data removed"),
    rows=((Button("a1", "Publish", Weight.MAIN), Button("a2", "Drop", Weight.DANGER)), (Button("a3", "Alt text"),)),
)


async def test_everything_that_people_write_arrives_in_its_order(app: ChatApp, harness: Harness) -> None:
    officer, sergeant = harness.person(OFFICER), harness.person(SERGEANT)
    for text in ("first", "second"):
        await officer.writes(text)
    await sergeant.writes("third")
    items = await take(app.incoming(), 3)
    assert [(item.text, item.chat) for item in items if isinstance(item, Message)] == [
        ("first", officer.chat),
        ("second", officer.chat),
        ("third", sergeant.chat),
    ]


async def test_what_was_not_committed_before_a_crash_arrives_again_under_the_same_id(
    harness: Harness, officer: Person
) -> None:
    await officer.writes("Road closed")
    async with harness.connect() as app:
        before = await take_message(app.incoming())
    async with harness.connect() as app:
        assert await take_message(app.incoming()) == before


async def test_asking_for_the_next_item_commits_the_one_before(harness: Harness, officer: Person) -> None:
    await officer.writes("first")
    async with harness.connect() as app:
        incoming = app.incoming()
        await take(incoming, 1)
        asking = asyncio.ensure_future(anext(incoming))
        await asyncio.sleep(0.1)
        await officer.writes("second")
        await asyncio.wait_for(asking, SECONDS)
    async with harness.connect() as app:
        assert (await take_message(app.incoming())).text == "second"


async def test_what_is_written_while_we_are_down_is_not_lost(harness: Harness, officer: Person) -> None:
    async with harness.connect():
        pass
    await officer.writes("while you were away")
    async with harness.connect() as app:
        assert (await take_message(app.incoming())).text == "while you were away"


async def test_no_two_items_share_an_id(app: ChatApp, officer: Person) -> None:
    message = await officer.writes("Road closed")
    await app.show(DRAFT, officer.chat, "k1")
    for text in ("Road open", "Road closed again"):
        await officer.changes(message, text)
        await officer.taps("Drop")
    items = await take(app.incoming(), 5)
    assert len({item.id for item in items}) == 5


async def test_an_edit_names_the_message_that_it_changes(app: ChatApp, officer: Person) -> None:
    incoming = app.incoming()
    await officer.writes("Road closed")
    message = await take_message(incoming)
    await officer.changes(message.message, "Road open")
    (edit,) = await take(incoming, 1)
    assert isinstance(edit, Edit)
    assert (edit.message, edit.text, edit.chat, edit.account) == (
        message.message,
        "Road open",
        message.chat,
        message.account,
    )


async def test_pictures_sent_together_share_an_album_or_a_message(app: ChatApp, officer: Person) -> None:
    await officer.sends_picture(jpeg("navy"), "Road closed", album="77")
    await officer.sends_picture(jpeg("olive"), album="77")
    await officer.sends_picture(jpeg("maroon"))
    incoming, items = app.incoming(), list[Message]()
    while sum(len(item.attachments) for item in items) < 3:
        items.append(await take_message(incoming))
    together = [item.album or item.message for item in items for _ in item.attachments]
    assert together[0] == together[1] != together[2]
    assert items[-1].album is None
    assert [item.text for item in items] == ["Road closed", *[""] * (len(items) - 1)]


async def test_a_picture_can_be_fetched(app: ChatApp, officer: Person) -> None:
    await officer.sends_picture(jpeg("navy"))
    (attachment,) = (await take_message(app.incoming())).attachments
    assert attachment.kind is AttachmentKind.PHOTO
    with Image.open(io.BytesIO(await app.fetch(attachment))) as picture:
        assert picture.size == (64, 64)


async def test_an_attachment_that_is_not_there_is_refused(app: ChatApp) -> None:
    with pytest.raises(AttachmentRefused):
        await app.fetch(Attachment(AttachmentKind.PHOTO, "nothing-of-this-name"))


async def test_a_card_shows_all_its_words_and_buttons(app: ChatApp, officer: Person) -> None:
    card = replace(DRAFT, ask=Ask("Answer this card with the new text", "Stopped a van"))
    await app.show(card, officer.chat, "k1")
    (seen,) = await officer.cards()
    words = (card.title, card.quote, *card.lines, "Answer this card with the new text", "Stopped a van")
    positions = [seen.text.find(word or "?") for word in words]
    assert -1 not in positions
    assert positions[:4] == sorted(positions[:4])
    assert seen.labels == ("Publish", "Drop", "Alt text")


async def test_a_tap_brings_the_token_and_names_the_card(app: ChatApp, officer: Person) -> None:
    card_id = await app.show(DRAFT, officer.chat, "k1")
    await officer.taps("Drop")
    (choice,) = await take(app.incoming(), 1)
    assert isinstance(choice, Choice)
    assert (choice.token, choice.card, choice.chat) == ("a2", card_id, officer.chat)
    await app.answer(choice, "Dropped.")
    await app.answer(choice, None)


@pytest.mark.parametrize("number", [1, 2])
async def test_a_video_takes_the_place_of_its_poster(
    app: ChatApp, officer: Person, pictures: Sequence[Picture], tmp_path: Path, number: int
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(video([np.full((96, 128, 3), 90, np.uint8)] * 4))
    card_id = await app.show(replace(DRAFT, pictures=tuple(pictures[:number])), officer.chat, "k1")
    moving = (replace(pictures[0], video=film), *pictures[1:number])
    await app.replace(card_id, officer.chat, replace(DRAFT, title="214 · later", pictures=moving))
    (seen,) = await officer.cards()
    assert (seen.pictures, "later" in seen.text) == (number, True)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
async def test_a_message_that_answers_a_card_names_it(
    app: ChatApp, officer: Person, pictures: Sequence[Picture], number: int
) -> None:
    card_id = await app.show(replace(DRAFT, pictures=tuple(pictures[:number])), officer.chat, "k1")
    await officer.writes("Stopped a van", answers=card_id)
    await officer.taps("Publish")
    incoming = app.incoming()
    assert (await take_message(incoming)).answers == card_id
    (choice,) = await take(incoming, 1)
    assert isinstance(choice, Choice)
    assert choice.card == card_id


async def test_a_message_that_answers_nothing_names_no_card(app: ChatApp, officer: Person) -> None:
    await app.show(DRAFT, officer.chat, "k1")
    await officer.writes("Stopped a van")
    assert (await take_message(app.incoming())).answers is None


async def test_the_same_key_shows_a_card_once(app: ChatApp, officer: Person) -> None:
    first = await app.show(DRAFT, officer.chat, "k1")
    assert await app.show(DRAFT, officer.chat, "k1") == first
    assert len(await officer.cards()) == 1


async def test_a_card_changes_in_place_and_the_same_again_changes_nothing(app: ChatApp, officer: Person) -> None:
    card_id = await app.show(DRAFT, officer.chat, "k1")
    await officer.writes("something below it")
    published = Card("214 · published", Tone.GREEN)
    for _ in range(2):
        await app.replace(card_id, officer.chat, published)
    (seen,) = await officer.cards()
    assert "published" in seen.text
    assert "waiting" not in seen.text
    assert seen.labels == ()


STATES = [(0, 1), (1, 1), (1, 0), (0, 2), (2, 2), (2, 1), (1, 2), (2, 3), (3, 0)]


@pytest.mark.parametrize(("before", "after"), STATES)
async def test_a_card_with_other_pictures_stands_there_once(
    app: ChatApp, officer: Person, pictures: Sequence[Picture], before: int, after: int
) -> None:
    card_id = await app.show(replace(DRAFT, pictures=tuple(pictures[:before])), officer.chat, "k1")
    later = replace(DRAFT, title="214 · later", pictures=tuple(reversed(pictures))[:after])
    card_id = await change(app, card_id, officer.chat, later)
    (seen,) = await officer.cards()
    assert "214 · later" in seen.text
    assert seen.labels == ("Publish", "Drop", "Alt text")
    await app.remove(card_id, officer.chat)
    assert await officer.cards() == []


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 1), (2, 2)])
async def test_a_card_shows_the_pictures_that_it_has_now(
    app: ChatApp, officer: Person, pictures: Sequence[Picture], before: int, after: int
) -> None:
    card_id = await app.show(replace(DRAFT, pictures=tuple(pictures[:before])), officer.chat, "k1")
    later = replace(DRAFT, pictures=tuple(reversed(pictures))[:after])
    await app.replace(card_id, officer.chat, later)
    assert [seen.pictures for seen in await officer.cards()] == [after]


async def test_a_card_can_be_taken_away_twice_and_then_is_gone(app: ChatApp, officer: Person) -> None:
    card_id = await app.show(DRAFT, officer.chat, "k1")
    for _ in range(2):
        await app.remove(card_id, officer.chat)
    assert await officer.cards() == []
    with pytest.raises(CardGone):
        await app.replace(card_id, officer.chat, replace(DRAFT, title="later"))
    await app.show(DRAFT, officer.chat, "k1")
    assert len(await officer.cards()) == 1


async def test_a_card_of_before_a_restart_can_be_changed(
    harness: Harness, officer: Person, pictures: Sequence[Picture]
) -> None:
    async with harness.connect() as app:
        card_id = await app.show(replace(DRAFT, pictures=tuple(pictures[:2])), officer.chat, "k1")
    async with harness.connect() as app:
        await app.replace(card_id, officer.chat, replace(DRAFT, title="later", pictures=tuple(pictures[1:])))
        (seen,) = await officer.cards()
        assert "later" in seen.text
        assert seen.pictures == 2


async def test_a_call_during_an_outage_says_so_and_works_later(failing: FailingHarness) -> None:
    officer = failing.person(OFFICER)
    async with failing.connect() as app:
        card_id = await app.show(DRAFT, officer.chat, "k0")
        failing.goes_away(3)
        with pytest.raises(ChatAppDown):
            await app.show(DRAFT, officer.chat, "k1")
        with pytest.raises(ChatAppDown):
            await app.replace(card_id, officer.chat, replace(DRAFT, title="later"))
        with pytest.raises(ChatAppDown):
            await app.remove(card_id, officer.chat)
        await app.show(DRAFT, officer.chat, "k1")
        assert len(await officer.cards()) == 2


async def test_an_outage_is_waited_out_while_listening(failing: FailingHarness) -> None:
    officer = failing.person(OFFICER)
    async with failing.connect() as app:
        failing.goes_away(4)
        await officer.writes("Road closed")
        assert (await take_message(app.incoming())).text == "Road closed"


async def test_somebody_who_left_can_not_be_written_to(failing: FailingHarness) -> None:
    officer = failing.person(OFFICER)
    async with failing.connect() as app:
        card_id = await app.show(DRAFT, officer.chat, "k1")
        await failing.leaves(OFFICER)
        with pytest.raises(ChatGone):
            await app.show(DRAFT, officer.chat, "k2")
        with pytest.raises(ChatGone):
            await app.replace(card_id, officer.chat, replace(DRAFT, title="later"))
