import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot import smaller
from bot.network import Refused
from bot.rendition import film, rendition
from moderation.media_cover import encoded, is_bare
from moderation.release import ContentHash, PublicPicture, Release
from shifts.database import utc_now

MP4 = b"\x00\x00\x00\x18ftypmp42 a covered video"


@pytest.fixture
def picture(tmp_path: Path) -> PublicPicture:
    name = hashlib.sha256(MP4).hexdigest()
    (tmp_path / f"{name}.mp4").write_bytes(MP4)
    return PublicPicture("a" * 64, 128, 96, "Video of 1 second.", name, 1)


def test_a_rendition_holds_pixels_and_nothing_that_its_master_said() -> None:
    stream = io.BytesIO()
    Image.effect_noise((600, 400), 90).convert("RGB").save(stream, "JPEG", quality=95, comment=b"a secret")
    with pytest.raises(Refused):
        rendition(stream.getvalue(), 150_000)
    clean = encoded(np.asarray(Image.open(stream).convert("RGB")))
    made = rendition(clean, 150_000)
    assert made.recipe != "as approved"
    assert is_bare(made.jpeg)


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


async def test_what_was_changed_since_the_approval_is_not_made_smaller(tmp_path: Path) -> None:
    """Its smaller bytes would have a name of their own, which the last look would find to be right."""
    path = tmp_path / f"{'a' * 64}.jpg"
    Image.effect_noise((400, 400), 90).convert("RGB").save(path, "JPEG", quality=95)
    release = Release(
        post=1, number=1, network="far", shift=1, kind="patrol", language="en", text="A photo of the van.",
        pictures=(PublicPicture("a" * 64, 400, 400, "A white van."),), area=None, byline=None, approved_at=utc_now(),
        content=ContentHash("0" * 64),
    )  # fmt: skip
    made = await smaller.cut(release, {"picture_bytes": 30_000}, tmp_path)
    assert made.pictures == release.pictures
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
