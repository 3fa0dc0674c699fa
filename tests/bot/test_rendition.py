import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from bot.network import Refused
from bot.rendition import film
from moderation.release import PublicPicture

MP4 = b"\x00\x00\x00\x18ftypmp42 a covered video"


@pytest.fixture
def picture(tmp_path: Path) -> PublicPicture:
    name = hashlib.sha256(MP4).hexdigest()
    (tmp_path / f"{name}.mp4").write_bytes(MP4)
    return PublicPicture("a" * 64, 128, 96, "Video of 1 second.", name, 1)


def test_a_video_goes_as_it_was_approved(picture: PublicPicture, tmp_path: Path) -> None:
    assert film(tmp_path, [picture], 1000) == MP4


def test_a_video_that_is_too_large_or_not_alone_is_shown_by_its_poster(picture: PublicPicture, tmp_path: Path) -> None:
    assert film(tmp_path, [picture], 10) is None
    assert film(tmp_path, [picture, picture], 1000) is None
    assert film(tmp_path, [replace(picture, video=None)], 1000) is None


def test_a_video_that_is_not_the_approved_one_does_not_leave(picture: PublicPicture, tmp_path: Path) -> None:
    (tmp_path / f"{picture.video}.mp4").write_bytes(b"another one")
    with pytest.raises(Refused):
        film(tmp_path, [picture], 1000)
    (tmp_path / f"{picture.video}.mp4").unlink()
    with pytest.raises(Refused):
        film(tmp_path, [picture], 1000)
