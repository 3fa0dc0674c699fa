import io
import json
from pathlib import Path

from PIL import Image
from sqlmodel import select

from moderation.post import PictureState, PostPicture
from tests.journeys.stage import PICTURES, Stage
from tests.moderation.media_pictures import CANARY, jpeg_of_a_camera, with_words

SIDES = (480, 360)
PHOTO = jpeg_of_a_camera(with_words("AB12 CDE", SIDES)[0])
WORDS = "Checked a trailer tonight, everything in order."


async def test_a_photo_is_covered_described_and_shown_without_any_trace_of_where(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    assert b"Exif" in PHOTO
    assert CANARY.encode() in PHOTO
    await officer.send(WORDS, PHOTO, as_file=True)
    _, shown = await sergeant.card(
        lambda c: bool(c.pictures) and c.title.startswith("1 "), "the covered photo", PICTURES
    )
    assert shown.quote == WORDS
    await sergeant.tap("card.button.publish", 1, PICTURES)
    await sergeant.tap("card.policy.tick_picture_text", 1)
    await sergeant.tap("card.button.publish", 1)
    page = await stage.public(lambda text: "<img" in text and WORDS in text)
    feed = json.loads(await stage.page("/feed.json"))
    assert "alt=" in page
    async with stage.database.reading() as session:
        picture = (await session.exec(select(PostPicture))).one()
    assert picture.state is PictureState.FINISHED
    public = await _bytes(stage, f"/media/{picture.sha256}.jpg")
    for trace in (CANARY.encode(), b"Exif", b"GPS", b"ns.adobe.com", b"Photoshop", b"ICC_PROFILE"):
        assert trace not in public
    assert not Image.open(io.BytesIO(public)).getexif()
    assert feed["items"]


async def test_a_picture_that_is_none_is_one_sentence_and_the_words_still_count(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(WORDS, b"\xff\xd8\xff\xe0 this is not a picture", as_file=True)
    await officer.card(lambda c: _says_media(stage, c.title), "why the picture was left out")
    await sergeant.tap("card.button.publish", 1, PICTURES)
    await stage.public(lambda text: WORDS in text)


def _says_media(stage: Stage, title: str) -> bool:
    return title in {stage.words.say(key, "en") for key in stage.words.keys("en") if key.startswith("media.")}


async def test_an_album_is_one_post(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(
        WORDS, *(jpeg_of_a_camera(with_words(words, SIDES)[0]) for words in ("AB12 CDE", "1234 BCD", "EXIT 7"))
    )

    await sergeant.card(lambda c: c.title.startswith("1 ") and len(c.pictures) == 3, "three pictures", PICTURES)
    await sergeant.tap("card.button.publish", 1, PICTURES)
    await sergeant.tap("card.policy.tick_picture_text", 1)
    await sergeant.tap("card.button.publish", 1)
    page = await stage.public(lambda text: WORDS in text)
    assert page.count("<img") >= 3


async def test_originals_stand_nowhere_in_the_open(stage: Stage) -> None:
    await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("Parked at 9 Orchard Close.", PHOTO, as_file=True)
    await officer.card(lambda c: bool(c.pictures), "the covered photo", PICTURES)
    data = stage.program.settings.data
    for path in (p for p in Path(data).rglob("*") if p.is_file()):
        content = path.read_bytes()
        assert b"Orchard Close" not in content, path.name
        assert CANARY.encode() not in content, path.name


async def _bytes(stage: Stage, path: str) -> bytes:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(stage.url + path) as response:
        assert response.status == 200
        return await response.read()
