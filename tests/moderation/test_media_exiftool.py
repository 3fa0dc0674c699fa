from pathlib import Path

import pytest

from moderation.media_covering import Covering
from moderation.media_job import Job, Tier
from moderation.media_passes import Sight
from moderation.media_video_covering import VideoCovering
from moderation.media_video_job import VideoJob
from tests.conftest import LEFT_OUT
from tests.moderation import exiftool
from tests.moderation.media_pictures import OF_A_CAMERA, scene
from tests.moderation.media_videos import panned, street, video


def test_exiftool_reads_nothing_that_tells_of_a_person_or_a_place_in_what_comes_out(tmp_path: Path) -> None:
    if not exiftool.is_there():
        pytest.skip(f"{LEFT_OUT}exiftool")
    sent, out = tmp_path / "sent", tmp_path / "out"
    sent.mkdir()
    out.mkdir()
    covering = Covering(lambda: Sight([]))
    for kind, of_a_camera in OF_A_CAMERA.items():
        original = of_a_camera(scene(96, 64))
        (sent / f"sent.{kind.lower()}").write_bytes(original)
        (out / f"{kind}.jpg").write_bytes(covering.cover(Job(original, Tier.FAST)).jpeg)
    clip = video(panned(street(), (96, 64), 3), "mov")
    (sent / "clip.mov").write_bytes(clip)
    covered = VideoCovering(lambda: Sight([])).cover(VideoJob(clip))
    (out / "clip.mp4").write_bytes(covered.mp4)
    (out / "clip.jpg").write_bytes(covered.poster)
    assert len(exiftool.telling(exiftool.read(sent))) == len(OF_A_CAMERA) + 1
    assert len(exiftool.read(out)) == len(OF_A_CAMERA) + 2
    assert exiftool.telling(exiftool.read(out)) == []
