import asyncio
import hashlib
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import pytest

from moderation.decision import NotAllowed
from moderation.detector import DetectorFailed
from moderation.redaction import Redactor
from moderation.release import ContentHash, PublicPicture, Release
from moderation.scan import Scan
from moderation.template import Approval, Template, Templates, TemplatesWrong

POSTER, FILM = b"poster", b"film"
NAMES = [hashlib.sha256(content).hexdigest() for content in (POSTER, FILM)]
RELEASE = Release(
    post=1,
    number=214,
    network="page",
    shift=1,
    kind="patrol",
    language="en",
    text="A short film.",
    pictures=(PublicPicture(NAMES[0], 64, 48, "Video of 1 second.", NAMES[1], 1),),
    area=None,
    byline=None,
    approved_at=datetime(2026, 11, 21, 21, 0, tzinfo=UTC),
    content=ContentHash("0" * 64),
)


class OnePlate:
    """Finds one plate, and nothing else."""

    def remaining(self, text: str, language: str, kind: str) -> list[str]:
        return [word for word in text.split() if word == "AB12CDE"]


class Broken:
    """Cannot look at any text."""

    def remaining(self, text: str, language: str, kind: str) -> list[str]:
        raise DetectorFailed("plates")


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    (tmp_path / f"{NAMES[0]}.jpg").write_bytes(POSTER)
    (tmp_path / f"{NAMES[1]}.mp4").write_bytes(FILM)
    return Scan(cast(Redactor, OnePlate()), tmp_path)


async def test_what_no_detector_could_look_at_does_not_leave(scan: Scan) -> None:
    with pytest.raises(NotAllowed):
        await Scan(cast(Redactor, Broken()), scan.media).check(RELEASE)


async def test_an_approved_video_may_leave(scan: Scan) -> None:
    await scan.check(RELEASE)


@pytest.mark.parametrize(
    "release",
    [
        replace(RELEASE, text="Stopped AB12CDE today."),
        replace(RELEASE, correction="Not AB12CDE after all."),
        replace(RELEASE, pictures=(replace(RELEASE.pictures[0], alt="A van, AB12CDE"),)),
    ],
)
async def test_whatever_leaves_in_words_is_looked_at(scan: Scan, release: Release) -> None:
    with pytest.raises(NotAllowed):
        await scan.check(release)


def test_a_fixed_text_that_could_never_leave_is_named_before_anybody_needs_it(scan: Scan) -> None:
    scan.check_fixed(Templates.load(Path(__file__).parents[2] / "config" / "templates.toml"))
    approval = Approval("press-1", date(2026, 11, 1), ContentHash("0" * 64))
    fixed = Template("thanks", {"en": "Thank you.", "es": "Gracias por AB12CDE"})
    with pytest.raises(TemplatesWrong, match=r"thanks \(es\)"):
        scan.check_fixed(Templates({"thanks": (fixed, approval)}))


@pytest.mark.parametrize("name", [f"{NAMES[0]}.jpg", f"{NAMES[1]}.mp4"])
async def test_a_poster_or_a_video_that_is_another_or_gone_does_not_leave(scan: Scan, name: str) -> None:
    (scan.media / name).write_bytes(b"another")
    with pytest.raises(NotAllowed):
        await scan.check(RELEASE)
    (scan.media / name).unlink()
    with pytest.raises(NotAllowed):
        await scan.check(RELEASE)


async def test_others_go_on_while_a_video_is_read_and_what_it_is_by_then_counts(scan: Scan) -> None:
    film = scan.media / f"{NAMES[1]}.mp4"
    film.unlink()
    os.mkfifo(film)
    looking = asyncio.create_task(scan.check(RELEASE))
    # Nobody can read a pipe before somebody writes into it: if that held up the loop, nothing below would run.
    await asyncio.to_thread(film.write_bytes, b"another")
    with pytest.raises(NotAllowed):
        await looking
