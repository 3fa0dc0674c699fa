from pathlib import Path
from typing import Any

import pytest

from bot import checks, judging, settings
from bot.checks import Found
from bot.settings import Settings
from moderation import approval
from moderation.detector import DetectorFailed
from moderation.finding import BoxKind
from moderation.media import Photos
from moderation.policy import Verdict
from moderation.post import Post, PostPicture
from shifts.database import utc_now
from shifts.words import Words

CONFIG = Path(__file__).parents[2] / "config"
WORDS = Words.load(CONFIG / "languages")


class Unfit(Photos):
    """Photos with `broken` detectors: "all", those of "screens", or "none"."""

    def __init__(self, broken: str, screens: bool) -> None:
        super().__init__(screens=screens)
        self._broken = broken == "all" or (broken == "screens" and screens)

    async def warm(self) -> None:
        if self._broken:
            raise DetectorFailed("the weights cannot be read")


def told(screens: bool) -> Settings:
    plain = settings.load(CONFIG / "rehearsal" / "patrol.toml", CONFIG, {})
    chosen = plain.moderation.model_copy(update={"screens": screens})
    return plain.model_copy(update={"moderation": chosen})


def test_screens_are_not_looked_for_unless_that_is_switched_on() -> None:
    assert settings.load(CONFIG / "patrol.toml", CONFIG, {"TELEGRAM_TOKEN": "t"}).moderation.screens is False


@pytest.mark.parametrize(
    ("screens", "broken", "key"),
    [
        (True, "none", "picture_detectors_screens"),
        (True, "screens", "screens_wrong"),
        (True, "all", "picture_detectors_wrong"),
        (False, "screens", "picture_detectors"),
    ],
)
async def test_check_says_whether_screens_are_looked_for_and_what_is_missing(
    screens: bool, broken: str, key: str
) -> None:
    found = Found(WORDS, "en")
    await checks._picture_detectors(told(screens), found, lambda asked: Unfit(broken, asked))
    assert found.fine + found.wrong == [WORDS.say(f"check.{key}", "en")]
    assert bool(found.wrong) == key.endswith("_wrong")


def test_a_screen_that_was_left_open_asks_for_a_tick() -> None:
    box = {"kind": BoxKind.SCREEN.value, "x1": 0, "y1": 0, "x2": 90, "y2": 90, "score": 0.9, "detector": "screens"}
    picture: dict[str, Any] = {"post_id": 1, "part": "1", "kind": "photo", "boxes": [box], "lifted": [0]}
    where: dict[str, Any] = {"app": "a", "chat": "c", "message": "m", "source_id": "s", "original_id": "s"}
    now = utc_now()
    post = Post(number=1, author_id="a", shift_id=1, prepare_at=now, sent_at=now, received_at=now, **where)
    judging.verdict(post, [PostPicture(**picture)], Verdict.PASS)
    assert [reason["code"] for reason in post.reasons] == ["picture opened"]
    assert approval.ticks(post) == ("card.policy.tick_opened",)
