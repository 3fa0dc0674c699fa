from functools import partial

import pytest
from sqlmodel import col, select

from bot.chat_app import Card
from moderation.audit import AuditEntry
from moderation.finding import BoxKind
from moderation.post import PictureState, Post, PostPicture
from tests.journeys.stage import PICTURES, Phone, Stage, eventually
from tests.moderation.media_pictures import jpeg_of_a_camera, with_words

WORDS = "Checked a trailer tonight, everything in order."
SIDES = (480, 360)
PHOTO = jpeg_of_a_camera(with_words("AB12 CDE", SIDES)[0])
SIGN = jpeg_of_a_camera(with_words("OPEN LATE", SIDES)[0])


async def test_an_officer_covers_one_more_place_by_two_taps_on_a_grid(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(WORDS, PHOTO, as_file=True)
    await sergeant.card(lambda c: _publishable(stage, sergeant, c), "a card to publish", PICTURES)
    before = await _picture(stage)
    await officer.tap("card.button.fix", 1, PICTURES)
    _, shown = await officer.card(lambda c: stage.words.say("card.boxes", "en") in c.lines, "the numbered boxes")
    assert shown.pictures[0].path.read_bytes()[:2] == b"\xff\xd8"
    assert not any(stage.words.say("card.button.lift_box", "en", box=1) == b.label for r in shown.rows for b in r)
    on = await officer.tap("card.button.add_box", 1)
    for question in ("card.which_square", "card.which_inside"):
        said = stage.words.say(question, "en", number=1)
        card_id, grid = await officer.card(partial(_says, said), question)
        first = officer.button(grid, "1")
        assert first is not None
        await officer.press(card_id, first.token)
    await sergeant.card(
        lambda c: _publishable(stage, sergeant, c) and any("by hand" in line for line in c.lines), "the box", PICTURES
    )
    after = await _picture(stage)
    assert (after.state, after.sha256 != before.sha256) == (PictureState.FINISHED, True)
    assert [box["kind"] for box in after.boxes].count(BoxKind.ADDED.value) == 1
    assert "box added" in await _events(stage)
    # Whoever only may add, and sends what a decider's button would, opens nothing and hears nothing.
    slot, picture = shown.rows[0][0].token.partition(".")[0], after.id
    for forged in (f"lift.{picture}-0", f"shut.{picture}-0", f"sound.{picture}"):
        await officer.press(on, f"{slot}.{forged}.2")
    await officer.send("/help")
    await officer.reads("command.help")
    kept = await _picture(stage)
    assert (kept.lifted, kept.sound, kept.sha256) == ([], False, after.sha256)
    assert [e for e in await _events(stage) if e.startswith(("box", "sound"))] == ["box added"]
    await sergeant.tap("card.button.publish", 1)
    await sergeant.tap("card.policy.tick_picture_text", 1)
    await sergeant.tap("card.button.publish", 1)
    page = await stage.public(lambda text: "<img" in text and WORDS in text)
    assert f"{after.sha256}" in page
    assert f"{before.sha256}" not in page


async def test_a_sergeant_lifts_a_harmless_box_and_never_a_plate(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(WORDS, SIGN, as_file=True)
    await sergeant.card(lambda c: _publishable(stage, sergeant, c), "a card to publish", PICTURES)
    await _make(stage, BoxKind.TEXT)
    before = await _picture(stage)
    await sergeant.tap("card.button.fix", 1)
    await sergeant.tap("card.button.lift_box", 1, box=1)
    await sergeant.card(lambda c: _publishable(stage, sergeant, c, "card.button.shut_box"), "it is open", PICTURES)
    lifted = await _covered(stage, 2)
    assert (lifted.lifted, lifted.sha256 != before.sha256) == ([0], True)
    card_id = await sergeant.tap("card.button.shut_box", 1, box=1)
    assert (await _covered(stage, 3)).sha256 == before.sha256
    await sergeant.tap("card.button.back", 1)
    await _make(stage, BoxKind.PLATE)
    _, card = await sergeant.card(lambda c: _publishable(stage, sergeant, c), "a card to publish")
    slot = card.rows[0][0].token.partition(".")[0]
    picture = await _picture(stage)
    revision = card.rows[0][0].token.rpartition(".")[2]
    await sergeant.press(card_id, f"{slot}.lift.{picture.id}-0.{revision}")
    await sergeant.send("/queue")
    await sergeant.card(lambda c: "waits" in c.title)
    assert (await _picture(stage)).lifted == []
    assert [e for e in await _events(stage) if e.startswith("box")] == ["box lifted", "box covered"]


@pytest.mark.parametrize("engine_database_url", ["sqlite"], indirect=True)
async def test_a_sergeant_shows_a_face_only_by_the_agreement_of_somebody_on_the_shift(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(WORDS, SIGN, as_file=True)
    await sergeant.card(lambda c: _publishable(stage, sergeant, c), "a card to publish", PICTURES)
    await _make(stage, BoxKind.FACE)
    await sergeant.tap("card.button.fix", 1)
    await sergeant.reads("card.faces_of_nobody")
    await sergeant.tap("card.button.back", 1)
    colleague = stage.phone("lima-5")
    await colleague.send("/on")
    await colleague.reads("command.on", shift="Night B")
    await sergeant.tap("card.button.fix", 1)
    await sergeant.tap("card.button.lift_box", 1, box=1)
    await sergeant.reads("card.show_face", number=1, officers="Lima 5")
    await sergeant.tap("card.button.show_face", 1)
    assert (await _covered(stage, 2)).lifted == [0]
    async with stage.database.reading() as session:
        lifted = (await session.exec(select(AuditEntry).where(AuditEntry.event == "box lifted"))).one()
    assert (lifted.facts["kind"], lifted.facts["agreed"]) == (BoxKind.FACE.value, ["lima-5"])


async def test_of_several_pictures_one_is_chosen_first(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(WORDS, PHOTO, SIGN)
    await sergeant.card(lambda c: _publishable(stage, sergeant, c) and len(c.pictures) == 2, "both", PICTURES)
    await sergeant.tap("card.button.fix", 1)
    _, choice = await sergeant.card(lambda c: stage.words.say("card.which_picture", "en") in c.lines, "a choice")
    assert len(choice.pictures) == 2
    await sergeant.tap("card.button.picture", 1, n=2)
    await sergeant.card(lambda c: len(c.pictures) == 1 and sergeant.button(c, "Add box") is not None, "the second")


def _publishable(stage: Stage, phone: Phone, card: Card, key: str = "card.button.publish") -> bool:
    label = stage.words.say(key, phone.language, box=1)
    return card.title.startswith("1 ") and bool(card.pictures) and phone.button(card, label) is not None


async def _covered(stage: Stage, revision: int) -> PostPicture:
    """The picture of this revision, when all of it has been looked at."""

    async def look() -> PostPicture | None:
        async with stage.database.reading() as session:
            post = (await session.exec(select(Post))).one()
            return (await session.exec(select(PostPicture))).one() if post.prepared == revision else None

    return await eventually(look, lambda: f"revision {revision} was never ready", PICTURES)


async def _picture(stage: Stage) -> PostPicture:
    async with stage.database.reading() as session:
        return (await session.exec(select(PostPicture))).one()


async def _make(stage: Stage, kind: BoxKind) -> None:
    """What the detectors saw first was this."""
    async with stage.database.transaction() as session:
        picture = (await session.exec(select(PostPicture))).one()
        assert picture.boxes
        picture.boxes = [{**picture.boxes[0], "kind": kind.value}, *picture.boxes[1:]]


async def _events(stage: Stage) -> list[str]:
    async with stage.database.reading() as session:
        statement = select(AuditEntry.event).where(AuditEntry.subject == "post 1").order_by(col(AuditEntry.seq))
        return list((await session.exec(statement)).all())


def _says(sentence: str, card: Card) -> bool:
    return sentence in card.lines
