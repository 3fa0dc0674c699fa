import json

import aiohttp
import numpy as np
from PIL import Image
from sqlmodel import select

from moderation.detector import Pixels
from moderation.post import PictureState, PostPicture
from tests.journeys.stage import PICTURES, Stage
from tests.moderation.media_pictures import CANARY, with_words
from tests.moderation.media_videos import panned, video

WORDS = "Checked a trailer tonight, everything in order."
VIDEO_PATIENCE = 150.0


def _scene() -> Pixels:
    """A plate on a wall with a texture, so that the camera can be followed."""
    plate = with_words("AB12 CDE")[0].convert("RGB").resize((640, 360))
    noise = Image.effect_noise((80, 45), 30).resize((640, 360)).convert("RGB")
    return np.asarray(Image.blend(plate, noise, 0.15), np.uint8)


async def test_a_video_is_covered_heard_shown_and_taken_down_again(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    clip = video(panned(_scene(), (480, 270), 30, step=1.0), "mov", rate=10, sound=True)
    assert CANARY.encode() in clip
    await officer.send(WORDS, clip, as_file=True)
    await officer.card(lambda c: any("%" in line for line in c.lines), "how far the video is")
    _, card = await sergeant.card(
        lambda c: c.title.startswith("1 ") and bool(c.pictures) and c.pictures[0].video is not None,
        "the covered video",
        VIDEO_PATIENCE,
    )
    assert any("0:03" in line for line in card.lines)
    await sergeant.tap("card.button.sound_on", 1, PICTURES)
    await sergeant.card(lambda c: any("with sound" in line for line in c.lines), "that it is heard", VIDEO_PATIENCE)
    await sergeant.tap("card.button.publish", 1, PICTURES)
    await sergeant.tap("card.policy.tick_sound", 1)
    await sergeant.tap("card.policy.tick_picture_text", 1)
    await sergeant.tap("card.button.publish", 1)
    page = await stage.public(lambda text: "<video" in text and WORDS in text)
    async with stage.database.reading() as session:
        picture = (await session.exec(select(PostPicture))).one()
    assert (picture.state, picture.kind, picture.progress) == (PictureState.FINISHED, "video", 100)
    for path in (f"/media/{picture.video}.mp4", f"/media/{picture.sha256}.jpg"):
        assert path in page
    film = await _bytes(stage, f"/media/{picture.video}.mp4")
    assert CANARY.encode() not in film
    assert b"mp4a" in film
    feed = json.loads(await stage.page("/feed.json"))
    assert feed["items"][0]["attachments"][0]["mime_type"] == "video/mp4"
    await officer.send("/recall 1")
    await officer.tap("card.recall.wrong", 1)
    await stage.public(lambda text: "<video" not in text and WORDS not in text)
    async with aiohttp.ClientSession() as client, client.get(f"{stage.url}/media/{picture.video}.mp4") as answer:
        assert answer.status == 404
    assert not (stage.program.settings.public_media / f"{picture.video}.mp4").exists()


async def _bytes(stage: Stage, path: str) -> bytes:
    async with aiohttp.ClientSession() as client, client.get(stage.url + path, headers={"Range": "bytes=0-"}) as answer:
        assert answer.status == 206
        assert answer.headers["Content-Type"] == "video/mp4"
        return await answer.read()
