"""Killed in the middle of a video, the program covers it once more, from its beginning, and nothing of it is open."""

import asyncio
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from moderation.detector import Pixels
from moderation.media_cover import FILL
from moderation.post import PictureState, PostPicture
from tests.journeys.killed_night import Night, publish
from tests.journeys.killed_stage import KilledStage, until
from tests.journeys.test_killed_elsewhere import PEOPLE, children, running, worker
from tests.moderation.media_pictures import with_words
from tests.moderation.media_videos import frames_of, panned, video

WORDS = "Checked a trailer tonight, everything in order."
SIZE, FRAMES = (480, 270), 10
NEAR_FILL = 24
"""A video is lossy: what is covered comes back within this of the fill."""


def scene() -> tuple[Pixels, tuple[int, ...]]:
    """A sign on a wall with a texture, and where its words are."""
    picture, at = with_words("OPEN LATE")
    noise = Image.effect_noise((80, 45), 30).resize((640, 360)).convert("RGB")
    small = picture.convert("RGB").resize((640, 360))
    left, top, right, bottom = at
    inside = (left * 640 // 960, top * 360 // 720, right * 640 // 960, bottom * 360 // 720)
    return np.asarray(Image.blend(small, noise, 0.15), np.uint8), inside


async def decoding(stage: KilledStage) -> int:
    """Wait until frames of the video are being looked at; gives the process that looks, which stands still.

    It goes on for a moment at a time only, so that it cannot be done between two glances."""
    looking = await worker(stage, "moderation.media_worker")

    async def look() -> bool:
        os.kill(looking, signal.SIGSTOP)
        if any(running(pid, "media_video_decoder") for pid in children(looking)):
            return True
        os.kill(looking, signal.SIGCONT)
        return False

    await until(look, lambda: "no frame was ever looked at")
    return looking


@pytest.mark.slow
def test_a_video_is_covered_once_although_the_program_was_killed_over_it(night: Night) -> None:
    picture, (left, top, right, bottom) = scene()
    clip = video(panned(picture, SIZE, FRAMES, step=1.0), rate=10)

    async def journey(stage: KilledStage) -> PostPicture:
        async with asyncio.TaskGroup() as together:
            together.create_task(stage.phone("lima-3").send(WORDS, clip))
            looking = await decoding(stage)
        (held,) = await stage.rows(PostPicture)
        assert (held.state, held.video) == (PictureState.HELD, None)
        os.kill(stage.patrol.pid, signal.SIGKILL)
        await until(stage.died, lambda: "it never died")
        os.kill(looking, signal.SIGCONT)

        async def gone() -> bool:
            return not running(looking, "moderation.media_worker")

        await until(gone, lambda: "whoever looked lives on")
        sergeant = stage.phone("sergeant-1")

        async def shown() -> bool:
            cards = [card for _, card in await sergeant.cards() if card.title.startswith("1 ")]
            return any(card.pictures and card.pictures[0].video for card in cards)

        await until(shown, lambda: "the covered video never came")
        await publish(stage)
        await stage.check(1, *PEOPLE)
        assert await stage.public(1) == (1, 1)
        assert (await stage.events(1))["ready"] == 1
        covered: PostPicture
        (covered,) = await stage.rows(PostPicture)
        assert (covered.state, covered.progress, covered.tries) == (PictureState.FINISHED, 100, 0)
        return covered

    covered, data = night.play(journey, "on-shift")
    names = {path.name for path in (data / "media").iterdir() if path.is_file()}
    assert names == {f"{covered.video}.mp4", f"{covered.sha256}.jpg"}
    assert all_covered(data / "public" / f"{covered.video}.mp4", (left, top, right, bottom))


def all_covered(film: Path, box: tuple[int, ...]) -> bool:
    left, top, right, bottom = box
    frames = frames_of(film.read_bytes())
    assert len(frames) == FRAMES
    insides = [pixels[top:bottom, left - number : right - number] for number, pixels in enumerate(frames)]
    return all(np.abs(inside.astype(int) - FILL).max() < NEAR_FILL for inside in insides)
