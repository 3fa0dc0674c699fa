import asyncio
import io
import os
import signal
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from moderation import media, media_decoder
from moderation.finding import Box, BoxKind
from moderation.media import (
    CoveredPhoto,
    DetectorFailed,
    PhotoRefused,
    Photos,
    Tier,
    cell_box,
    counts,
    draft_alt,
    grid,
    numbered,
)
from moderation.media_drawing import COLOURS
from moderation.media_job import Job
from moderation.media_process import PhotoProcess
from shifts.words import Words
from tests.moderation.media_pictures import jpeg_of_a_camera, saved, scene, with_words

LANGUAGES = Path(__file__).resolve().parents[2] / "config" / "languages"


def worked(pid: int | None) -> float:
    """Seconds of the processor that a process has had, with its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


async def at_work(pid: int | None) -> None:
    """Wait until the photo process has begun with a picture: that much it needs for no question before it."""
    begun = worked(pid) + 0.1
    async with asyncio.timeout(60):
        while worked(pid) < begun:  # noqa: ASYNC110  another process works
            await asyncio.sleep(0.01)


def test_photos_are_covered_by_both_tiers_in_a_process_of_their_own() -> None:
    async def play() -> list[CoveredPhoto]:
        async with Photos(side=400) as photos:
            await photos.warm()
            assert photos.pid not in {None, os.getpid()}
            original = jpeg_of_a_camera(with_words()[0])
            return [await photos.cover(original, tier) for tier in Tier]

    fast, default = asyncio.run(play())
    assert (fast.tier, default.tier) == (Tier.FAST, Tier.DEFAULT)
    assert (fast.width, fast.height) == (default.width, default.height) == (400, 300)
    assert fast.boxes


async def test_a_refused_picture_says_why_and_the_next_one_is_taken() -> None:
    async with Photos() as photos:
        for original, reason in ((b"hello", "not_a_picture"), (bytes(30_000_001), "too_big")):
            with pytest.raises(PhotoRefused) as refused:
                await photos.cover(original, Tier.FAST)
            assert refused.value.reason == reason
        assert (await photos.cover(saved(scene(), "PNG"), Tier.FAST)).width == 320


async def test_a_photo_process_that_is_killed_in_the_middle_fails_the_picture_and_the_next_one_is_taken() -> None:
    async with Photos() as photos:
        await photos.warm()
        first = photos.pid
        assert first is not None
        large = saved(scene(3000, 2000), "JPEG")
        jobs = [asyncio.create_task(photos.cover(large, tier)) for tier in Tier]
        await at_work(first)
        os.kill(first, signal.SIGSTOP)
        assert not any(job.done() for job in jobs)
        os.kill(first, signal.SIGKILL)
        for job in jobs:
            with pytest.raises(DetectorFailed):
                await job
        assert (await photos.cover(saved(scene(), "PNG"), Tier.FAST)).width == 320
        assert photos.pid != first


async def test_a_picture_that_takes_too_long_is_a_failed_detector() -> None:
    process = PhotoProcess()
    with pytest.raises(DetectorFailed):
        await process.ask(Job(saved(scene(3000, 2000), "JPEG"), Tier.DEFAULT), 0.2)
    async with asyncio.timeout(60):
        while process.alive:  # noqa: ASYNC110  another process ends
            await asyncio.sleep(0.05)
    await process.close()


async def test_the_loop_goes_on_while_a_large_picture_is_covered() -> None:
    async with Photos() as photos:
        await photos.warm()
        pid, large = photos.pid, saved(scene(3000, 2000), "JPEG")
        assert pid is not None
        theirs, ours = worked(pid), time.thread_time()
        job = asyncio.create_task(photos.cover(large, Tier.FAST))
        os.kill(pid, signal.SIGSTOP)
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert not job.done()
        os.kill(pid, signal.SIGCONT)
        await job
        assert time.thread_time() - ours < (worked(pid) - theirs) / 4


async def test_a_card_does_not_wait_for_the_default_tier_of_another_picture() -> None:
    async with Photos() as photos:
        await photos.warm()
        done: list[str] = []

        async def cover(name: str, original: bytes, tier: Tier) -> None:
            await photos.cover(original, tier)
            done.append(name)

        slow = asyncio.create_task(cover("default", saved(scene(1500, 1000), "JPEG"), Tier.DEFAULT))
        await at_work(photos.pid)
        await cover("card", saved(scene(), "PNG"), Tier.FAST)
        await slow
        assert done == ["card", "default"]


async def test_a_wait_that_is_given_up_does_not_spoil_the_next_one() -> None:
    async with Photos() as photos:
        await photos.warm()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await photos.cover(saved(scene(1500, 1000), "JPEG"), Tier.DEFAULT)
        small = await photos.cover(saved(scene(), "PNG"), Tier.DEFAULT)
        assert (small.width, small.tier) == (320, Tier.DEFAULT)


async def test_the_photo_process_is_given_no_secret_and_ends_with_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATROL_VAULT_KEY", "secret-of-the-vault")
    async with Photos() as photos:
        await photos.warm()
        pid = photos.pid
        assert b"PYTHONPATH" in Path(f"/proc/{pid}/environ").read_bytes()
        assert b"secret-of-the-vault" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert not Path(f"/proc/{pid}").exists()


def box(kind: BoxKind, x1: int = 0, y1: int = 0) -> Box:
    return Box(kind, x1, y1, x1 + 10, y1 + 10, 1.0, "test")


def test_the_alt_text_is_drafted_from_counts_in_each_language() -> None:
    words = Words.load(LANGUAGES)
    boxes = [box(BoxKind.FACE), box(BoxKind.FACE, 50), box(BoxKind.PLATE, 0, 50)]
    assert counts(boxes) == {BoxKind.FACE: 2, BoxKind.PLATE: 1}
    assert draft_alt(boxes, words, "en") == "Photo. 2 faces covered; 1 plate covered."
    assert draft_alt(boxes, words, "es") == "Foto. 2 caras tapadas; 1 matrícula tapada."
    assert draft_alt(boxes, words, "fr-CA") == "Photo. 2 visages masqués; 1 plaque masquée."
    assert draft_alt([], words, "en") == "Photo."
    for kind in BoxKind:
        assert draft_alt([box(kind)], words, "en") != "Photo."


def test_a_box_inside_a_larger_one_is_not_counted() -> None:
    large = Box(BoxKind.FACE, 0, 0, 100, 100, 1.0, "test")
    assert counts([large, box(BoxKind.TEXT, 20, 20)]) == {BoxKind.FACE: 1}


def test_the_decoder_and_we_agree_on_the_largest_file() -> None:
    assert media.MOST_BYTES == media_decoder.MOST_BYTES


def test_every_reason_for_a_refusal_has_a_sentence() -> None:
    names = ("media_decoder.py", "media.py", "media_video_decoder.py", "media_video.py")
    sources = [Path(__file__).resolve().parents[2] / "moderation" / name for name in names]
    source = "".join(path.read_text("utf-8") for path in sources)
    sentences = tomllib.loads((LANGUAGES / "en.toml").read_text("utf-8"))["media"]
    reasons = {key for key in sentences if key != "alt"}
    assert reasons == {key for key in reasons if f'"{key}"' in source}
    assert {"too_big", "damaged", "not_a_picture"} <= reasons


def test_numbers_are_drawn_beside_boxes_and_the_rest_stays_as_it_was() -> None:
    jpeg = saved(scene(400, 300), "JPEG", quality=90)
    drawn = np.asarray(Image.open(io.BytesIO(numbered(jpeg, [box(BoxKind.FACE, 200, 100)]))), int)
    before = np.asarray(Image.open(io.BytesIO(jpeg)), int)
    assert drawn.shape == before.shape
    assert np.abs(drawn - before)[95:130, 195:230].max() > 80
    assert np.abs(drawn - before)[200:].max() < 60


@pytest.mark.parametrize("at", [(10, 10), (1240, 900)], ids=["at the left", "in the last corner"])
def test_no_number_hides_another_and_each_can_be_read_on_a_phone_of_four_inches(at: tuple[int, int]) -> None:
    jpeg = saved(Image.new("RGB", (1280, 960), "#777777"), "JPEG")
    kinds = (BoxKind.PLATE, BoxKind.TEXT, BoxKind.FACE)
    drawn = np.asarray(Image.open(io.BytesIO(numbered(jpeg, [box(kind, *at) for kind in kinds]))), int)
    for kind in kinds:
        colour = np.array([int(COLOURS[kind][place : place + 2], 16) for place in (1, 3, 5)])
        patch = np.abs(drawn - colour).max(axis=2) < 40
        assert patch.sum() > (1280 / 26) ** 2 / 3, kind


def test_the_grid_has_nine_cells_and_nine_more_inside_one() -> None:
    jpeg = saved(scene(300, 300), "JPEG")
    assert cell_box((300, 300), (1,)) == Box(BoxKind.ADDED, 0, 0, 100, 100, 1.0, "person")
    assert cell_box((300, 300), (6, 9)) == Box(BoxKind.ADDED, 267, 167, 300, 200, 1.0, "person")
    whole, part = (np.asarray(Image.open(io.BytesIO(grid(jpeg, cell))), int) for cell in (None, 5))
    before = np.asarray(Image.open(io.BytesIO(jpeg)), int)
    assert np.abs(whole - before)[:20, :20].max() > 80
    assert np.abs(part - before)[:80].max() < 60
    assert np.abs(part - before)[100:200, 100:200].max() > 80


def test_the_cells_of_the_grid_cover_the_whole_picture() -> None:
    covered = np.zeros((101, 203), int)
    for first in range(1, 10):
        for second in range(1, 10):
            each = cell_box((203, 101), (first, second))
            covered[each.y1 : each.y2, each.x1 : each.x2] += 1
    assert (covered >= 1).all()
