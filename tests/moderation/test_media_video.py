import asyncio
import io
import random
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from moderation import media_video, media_video_decoder
from moderation.detector import DetectorFailed, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_boxes import within
from moderation.media_cover import FILL, is_bare
from moderation.media_mp4 import has_sound
from moderation.media_mp4 import is_bare as is_bare_mp4
from moderation.media_passes import Looks, Pass, Sight
from moderation.media_video import Videos
from moderation.media_video_covering import VideoCovering
from moderation.media_video_decode import VideoFrames, VideoRefused
from moderation.media_video_job import CoveredVideo, SoundJob, VideoJob
from moderation.media_video_sound import heard
from tests.moderation.media_pictures import CANARY, heic_of_a_camera, saved, scene, with_words
from tests.moderation.media_videos import (
    frames_of,
    held,
    held_upright,
    of_high_range,
    panned,
    spatial,
    street,
    video,
    with_a_cover,
)

SIZE = (320, 240)
NEAR_FILL = 24
"""A video is lossy: what is covered comes back within this of the fill."""


class Red:
    """Sees what is red, as a face."""

    def find(self, picture: Pixels) -> list[Box]:
        low = (picture[:, :, 0] > 180) & (picture[:, :, 1] < 90) & (picture[:, :, 2] < 90)
        rows, columns = np.nonzero(low)
        if len(rows) < 20:
            return []
        return [Box(BoxKind.FACE, columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 0.9, "red")]


def sight(every: int = 3) -> Sight:
    look = Pass(0.1, side=4000, every=every)
    return Sight([(Red(), Looks(video=(look,), video_second=(Pass(0.1, side=4000),)))])


def with_red(at: tuple[int, int] = (150, 80), side: int = 40) -> Pixels:
    picture = street().copy()
    picture[at[1] : at[1] + side, at[0] : at[0] + side] = (230, 20, 20)
    return picture


def covered(original: bytes, every: int = 3, added: tuple[Box, ...] = ()) -> CoveredVideo:
    return VideoCovering(lambda: sight(every)).cover(VideoJob(original, added))


def reason(original: bytes) -> str:
    with pytest.raises(VideoRefused) as refused, VideoFrames(original) as frames:
        list(frames)
    return refused.value.reason


@pytest.mark.parametrize(
    ("kind", "codec"), [("mp4", "libx264"), ("mov", "libx264"), ("mp4", "libx265"), ("webm", "libvpx-vp9")]
)
def test_every_kind_of_video_comes_out_covered_silent_and_bare(kind: str, codec: str) -> None:
    original = video(panned(with_red(), SIZE, 12), kind, codec, sound=kind != "webm")
    assert CANARY.encode() in original
    result = covered(original)
    assert (result.width, result.height, len(result.frames)) == (*SIZE, 12)
    assert is_bare_mp4(result.mp4)
    assert is_bare(result.poster)
    for trace in (CANARY.encode(), b"40.41", b"x264", b"Lavf", b"mp4a", b"udta"):
        assert trace not in result.mp4
    with av.open(io.BytesIO(result.mp4), "r") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert (container.streams.video[0].codec_context.name, container.metadata.get("creation_time")) == (
            "h264",
            None,
        )
    for pixels in (*frames_of(result.mp4), np.asarray(Image.open(io.BytesIO(result.poster)))):
        assert Red().find(pixels) == []


def test_what_is_seen_in_some_frames_is_covered_in_all_of_them_while_the_camera_pans() -> None:
    result = covered(video(panned(with_red((200, 80)), SIZE, 30, step=5, zoom=0.2), rate=30), every=10)
    for number, (frame, pixels) in enumerate(zip(result.frames, frames_of(result.mp4), strict=True)):
        larger = 1 + 0.2 * number / 30
        left, top, side = 200 * larger - 5 * number, 80 * larger, 40 * larger
        face = Box(BoxKind.FACE, round(left), round(top), round(left + side), round(top + side), 1.0, "truth")
        assert any(within(face, box) > 0.95 for box in frame.boxes)
        inside = pixels[face.y1 : face.y2, face.x1 : face.x2].astype(int)
        assert np.abs(inside - FILL).max() < NEAR_FILL
    assert len(result.things) == 1
    assert result.counts == {BoxKind.FACE: 1}
    assert result.leaked_frames == ()


def test_what_comes_into_view_in_the_last_frames_is_covered_from_the_first_of_them_on() -> None:
    frames = [with_red((10, 80))[:, :320] if number >= 6 else street()[:, :320] for number in range(8)]
    sharp = Sight([(Red(), Looks(video=(Pass(0.1, side=4000, every=20),)))])
    result = VideoCovering(lambda: sharp).cover(VideoJob(video(frames)))
    assert all(Red().find(pixels) == [] for pixels in frames_of(result.mp4))


def test_what_the_second_pass_sees_is_covered_too() -> None:
    # The face is there for three frames that the first pass does not look at.
    frames = [with_red()[:, :320] if 4 <= number <= 6 else street()[:, :320] for number in range(12)]
    result = covered(video(frames), every=20)
    assert result.leaked_frames == ()
    assert all(Red().find(pixels) == [] for pixels in frames_of(result.mp4))
    assert [bool(frame.boxes) for frame in result.frames].count(True) >= 3


def test_what_the_second_pass_sees_again_and_again_is_listed_frame_by_frame() -> None:
    class Stubborn:
        def find(self, picture: Pixels) -> list[Box]:
            free = next(
                x for x in range(0, 320, 40) if np.abs(picture[100:116, x : x + 16].astype(int) - FILL).max() > 40
            )
            return [Box(BoxKind.FACE, free, 100, free + 16, 116, 0.9, "stubborn")]

    stubborn = Sight([(Stubborn(), Looks(video_second=(Pass(0.1, side=4000),)))])
    result = VideoCovering(lambda: stubborn).cover(VideoJob(video(panned(street(), SIZE, 4))))
    assert result.leaked_frames == (0, 1, 2, 3)
    assert result.leaks[0].box.kind == BoxKind.FACE


def test_what_a_person_adds_is_covered_in_every_frame() -> None:
    box = Box(BoxKind.ADDED, 32, 48, 96, 112, 1.0, "person")
    result = covered(video(panned(street(), SIZE, 6)), added=(box,))
    for frame, pixels in zip(result.frames, frames_of(result.mp4), strict=True):
        assert within(box, frame.boxes[-1]) == 1.0
        assert np.abs(pixels[50:110, 34:94].astype(int) - FILL).max() < NEAR_FILL


def test_a_video_taken_upright_comes_out_upright() -> None:
    picture = street()[:, :320].copy()
    picture[:60, :80] = (240, 240, 20)
    upright = covered(held_upright(video([picture] * 3)))
    assert (upright.width, upright.height) == (240, 320)
    corner = frames_of(upright.mp4)[0][10, 230].astype(int)
    assert corner[0] > 180
    assert corner[2] < 100


@pytest.mark.parametrize(
    "how",
    [
        *((1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1)),
        *((0, 1, -1, 0), (0, -1, 1, 0), (0, 1, 1, 0), (0, -1, -1, 0), (0, 0, 0, 0)),
    ],
)
def test_a_video_is_shown_as_its_file_says_also_mirrored(how: tuple[int, int, int, int]) -> None:
    # The top left quarter is red, the top right one green: where they are shown is where the edges say.
    picture = np.full((64, 96, 3), 20, np.uint8)
    picture[:32, :48], picture[:32, 48:] = (230, 20, 20), (20, 200, 20)
    with VideoFrames(held(video([picture] * 2), how)) as frames:
        shown = next(iter(frames)).pixels.astype(int)
    (right, down), (across, below) = (how[:2], how[2:]) if any(how) else ((1, 0), (0, 1))
    for x, y, channel in ((-1, -1, 0), (1, -1, 1)):
        row, column = x * down + y * below, x * right + y * across
        height, width = shown.shape[:2]
        assert shown[height * (2 + row) // 4, width * (2 + column) // 4].argmax() == channel


@pytest.mark.parametrize("transfer", ["hlg", "pq"])
def test_a_video_of_high_range_looks_as_it_does_without(transfer: str) -> None:
    colours = [(200, 60, 50), (60, 150, 70), (60, 70, 180), (190, 190, 190), (90, 90, 90)]
    picture = np.concatenate([np.full((64, 64, 3), colour, np.uint8) for colour in colours], axis=1)
    with VideoFrames(of_high_range(picture, transfer)) as frames:
        shown = next(iter(frames)).pixels.astype(int)
    for number, colour in enumerate(colours):
        assert np.abs(shown[32, 64 * number + 32] - colour).max() <= 12


def test_a_video_for_both_eyes_is_shown_as_one_for_one() -> None:
    with VideoFrames(spatial()) as frames:
        assert len(list(frames)) == 2


def test_a_video_of_which_nothing_would_be_left_is_refused_before_any_detector_looks() -> None:
    with (
        pytest.raises(VideoRefused, match="video_damaged"),
        VideoFrames(video([np.full((40, 1920, 3), 99, np.uint8)] * 2, wide=2)),
    ):
        pytest.fail("it was opened")


def test_pixels_that_are_not_square_become_square() -> None:
    with VideoFrames(video(panned(street(), (96, 64), 2), wide=2)) as frames:
        assert frames.size == (192, 64)
    with VideoFrames(video(panned(street(), (96, 64), 2), wide=400)) as frames:
        assert frames.size == (96, 64)


def test_the_still_that_stands_for_a_video_in_lists_is_left_out_and_its_video_taken() -> None:
    original = with_a_cover(video([with_red()[:, :320]] * 3, sound=True), with_red())
    result = covered(original)
    assert len(result.frames) == 3
    assert is_bare_mp4(result.mp4)
    assert all(Red().find(pixels) == [] for pixels in frames_of(result.mp4))


def test_a_video_gets_its_sound_back_and_loses_it_again() -> None:
    original = video(panned(street(), SIZE, 6), sound=True)
    silent = covered(original).mp4
    loud = heard(SoundJob(silent, original))
    assert has_sound(loud)
    assert not any(trace in loud for trace in (CANARY.encode(), b"40.41", b"Lav", b"x264", b"udta"))
    with av.open(io.BytesIO(loud), "r") as container:
        tone = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert 0.05 < np.abs(tone).max() < 0.5
    assert all((a == b).all() for a, b in zip(frames_of(loud), frames_of(silent), strict=True))
    assert is_bare_mp4(heard(SoundJob(loud, None)))


@pytest.mark.parametrize("original", [b"hello", b"\x00\x00\x00\x18ftypmp42" + bytes(100)])
def test_a_file_whose_sound_cannot_be_read_stays_silent(original: bytes) -> None:
    silent = covered(video(panned(street(), (96, 64), 2))).mp4
    assert not has_sound(heard(SoundJob(silent, original)))


def test_a_large_video_is_made_smaller_and_sixty_frames_a_second_become_thirty() -> None:
    large = np.asarray(Image.fromarray(street()).resize((2560, 1440)))
    with VideoFrames(video([large] * 4, rate=60)) as frames:
        stamps = [frame.micros for frame in frames]
        assert frames.size == (1920, 1080)
    assert stamps == [0, 33333]


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (b"", "not_a_video"),
        (b"hello", "not_a_video"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(100), "video_damaged"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "video_damaged"),
        (b"#EXTM3U\nfile:///etc/hostname\n", "not_a_video"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "not_a_video"),
    ],
)
def test_what_is_no_video_of_the_list_is_refused(original: bytes, expected: str) -> None:
    assert reason(original) == expected


def test_a_codec_that_is_not_on_the_list_is_refused() -> None:
    assert reason(video(panned(street(), SIZE, 2), "mp4", "mpeg4")) == "not_a_video"


def test_more_than_a_minute_is_refused_also_when_the_file_says_less() -> None:
    slow = video([np.zeros((64, 64, 3), np.uint8)] * 70, rate=1)
    assert reason(slow) == "video_too_long"
    claim = bytearray(slow)
    for name, skip in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        place = claim.index(name) + 4 + skip
        claim[place : place + 4] = (1000).to_bytes(4, "big")
    while (place := claim.find(b"elst")) >= 0:
        claim[place : place + 4] = b"free"
    assert reason(bytes(claim)) == "video_too_long"


def test_wrong_bytes_are_refused_or_cleaned_and_never_break_the_decoder() -> None:
    chance = random.Random("video")
    original = video(panned(street(), (96, 64), 6))
    for _ in range(4):
        wrong = bytearray(original)
        for _ in range(chance.choice((1, 10, 100))):
            wrong[chance.randrange(8, len(wrong))] = chance.randrange(256)
        try:
            with VideoFrames(bytes(wrong)) as frames:
                assert list(frames)
        except VideoRefused as refused:
            assert refused.reason in {"video_damaged", "not_a_video", "video_too_long", "video_too_large"}  # noqa: PT017  it may be read as well


def test_a_detector_that_fails_fails_the_video() -> None:
    class Broken:
        def find(self, _: Pixels) -> list[Box]:
            raise DetectorFailed("cannot look")

    broken = Sight([(Broken(), Looks(video=(Pass(0.1, side=400),)))])
    with pytest.raises(DetectorFailed):
        VideoCovering(lambda: broken).cover(VideoJob(video(panned(street(), SIZE, 2))))


async def test_videos_are_covered_in_a_process_of_their_own_which_ends_with_the_last() -> None:
    told: list[float] = []
    clip = video(panned(street(), (160, 120), 4))
    async with Videos() as videos:
        first, second = await asyncio.gather(
            videos.cover(clip, progress=told.append), videos.cover(clip, progress=told.append)
        )
        assert first.sha256 == second.sha256
        assert first.seconds > 0.1
        assert videos.pid is None
    assert all(0 <= share <= 1 for share in told)


async def test_a_refused_video_says_why_and_the_next_one_is_taken() -> None:
    async with Videos() as videos:
        for original, expected in ((b"hello", "not_a_video"), (bytes(120_000_001), "video_too_big")):
            with pytest.raises(VideoRefused) as refused:
                await videos.cover(original)
            assert refused.value.reason == expected


async def started(videos: Videos) -> int:
    """The process that covers, as soon as there is one."""
    async with asyncio.timeout(30):
        while (pid := videos.pid) is None:  # noqa: ASYNC110  another process starts
            await asyncio.sleep(0.01)
    return pid


async def test_a_wait_that_is_given_up_ends_the_work() -> None:
    async with Videos() as videos:
        job = asyncio.create_task(videos.cover(video(panned(street(), SIZE, 60, step=0.5))))
        pid = await started(videos)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert videos.pid is None
        assert not Path(f"/proc/{pid}").exists()


def test_a_photo_is_no_video_and_a_video_no_photo() -> None:
    assert not media_video.is_video(heic_of_a_camera(scene()))
    assert not media_video.is_video(saved(scene(), "JPEG"))
    assert media_video.is_video(video(panned(street(), (64, 64), 2)))


def test_the_decoder_of_videos_and_we_agree_on_the_largest_file() -> None:
    assert media_video.MOST_BYTES == media_video_decoder.MOST_BYTES


def test_what_is_written_in_a_video_is_read_where_it_is_largest() -> None:
    picture, box = with_words("07700 900123", (960, 480))
    frames = list(panned(np.asarray(picture), (960, 480), 8, step=3, zoom=0.4))

    class Sign:
        """Sees the sign in every frame that is looked at, as it grows."""

        def __init__(self) -> None:
            self.looked = 0

        def find(self, _: Pixels) -> list[Box]:
            number, self.looked = self.looked * 4, self.looked + 1
            larger = 1 + 0.4 * min(number, 7) / 8
            x1, y1, x2, y2 = (round(each * larger) for each in box)
            away = 3 * min(number, 7)
            return [Box(BoxKind.TEXT, x1 - away - 6, y1 - 4, x2 - away + 6, y2 + 4, 0.9, "sign")]

    signs = Sight([(Sign(), Looks(video=(Pass(0.1, side=4000, every=4),)))])
    result = VideoCovering(lambda: signs).cover(VideoJob(video(frames)))
    assert [(word.text.replace(" ", ""), word.score > 0.9) for word in result.words] == [("07700900123", True)]
    assert "07700" not in repr(result.words)


def test_every_detector_looks_at_the_poster_whatever_else_it_leaves_out() -> None:
    # A detector that looks at no frame of the file but the first, and a plain one that looks at finished photos.
    red = (Red(), Looks(video_second=(Pass(0.1, side=4000, every=50),)))
    result = VideoCovering(lambda: Sight([red])).cover(VideoJob(video([with_red()[:, :320]] * 9)))
    at_poster = [bool(frame.boxes) for frame in result.frames]
    assert at_poster[3]
    assert Red().find(np.asarray(Image.open(io.BytesIO(result.poster)))) == []
    late = Sight([(Red(), Looks(second=(Pass(0.1, side=4000),)))])
    poster = VideoCovering(lambda: late).cover(VideoJob(video([with_red()[:, :320]] * 3))).poster
    assert Red().find(np.asarray(Image.open(io.BytesIO(poster)))) == []
