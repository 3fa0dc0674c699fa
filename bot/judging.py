"""Judging: what the pictures and videos of a post mean for its verdict, and whether all of it has been looked at."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from moderation import approval, countdown, queue
from moderation.agreement import open_faces
from moderation.finding import BoxKind
from moderation.policy import Reason, Verdict, severest
from moderation.post import PictureState, Post, PostPicture, pictures
from shifts.officer import Officer

FACES: Final = Reason("faces", Verdict.REDACT, "B", "card.policy.faces", "card.policy.tick_no_minor")
CROWD: Final = Reason("crowd", Verdict.FLAG, "B", "card.policy.crowd", "card.policy.tick_no_minor")
SMALL: Final = Reason("small faces", Verdict.FLAG, "B", "card.policy.small_faces", "card.policy.tick_no_minor")
LEFTOVER: Final = Reason("picture leftover", Verdict.HOLD, "B", "card.policy.leftover", None, "inspector")
LEAKED: Final = Reason("video leaked", Verdict.HOLD, "B", "card.policy.leaked", None, "inspector")
FLASHING: Final = Reason("video flashes", Verdict.FLAG, "P", "card.policy.flashing", "card.policy.tick_flashing")
SOUND: Final = Reason("video sound", Verdict.FLAG, "P", "card.policy.sound", "card.policy.tick_sound")
READ: Final = Reason("picture text", Verdict.FLAG, "P", "card.policy.picture_text", "card.policy.tick_picture_text")
OPENED: Final = Reason("picture opened", Verdict.FLAG, "P", "card.policy.opened", "card.policy.tick_opened")
SHOWN: Final = Reason("face shown", Verdict.REDACT, "B", "card.policy.face_shown")
FORBIDDEN: Final = Reason("picture words", Verdict.HOLD, "P", "card.policy.picture_words", None, "inspector")
UNSEEN: Final = Reason("picture not examined", Verdict.HOLD, "B", "card.policy.unexamined", None, "inspector")
MANY: Final = 8
"""So many faces are a crowd: one of them that nobody found is easily overlooked."""
SMALLEST: Final = 40
"""A face of 20 pixels as it is covered, with its margins and on whole blocks. Smaller ones are easily missed."""
UNSURE: Final = 0.4
"""Detectors that are less sure than this of what they saw may have seen something else."""


def _faces(picture: PostPicture) -> int:
    """How many were found; of a video, how many were followed."""
    return max(len(_face_boxes(picture)), picture.counts.get(BoxKind.FACE.value, 0))


def _face_boxes(picture: PostPicture) -> list[dict[str, Any]]:
    return [box for box in picture.boxes if box["kind"] == BoxKind.FACE.value]


def _is_small(box: Mapping[str, Any]) -> bool:
    return bool(min(box["x2"] - box["x1"], box["y2"] - box["y1"]) <= SMALLEST)


_TELLING: Final = frozenset({BoxKind.TEXT.value, BoxKind.SCREEN.value})


def _is_opened(picture: PostPicture) -> bool:
    """Whether a person left writing open that no list knows, or a screen, or what may have been something else."""
    opened = [picture.boxes[i] for i in picture.lifted if i < len(picture.boxes) and i not in picture.signs]
    return any(box["kind"] in _TELLING or box["score"] < UNSURE for box in opened)


_SHOWN: Final[Mapping[Reason, Callable[[PostPicture], bool]]] = {
    FACES: lambda picture: _faces(picture) > 0,
    CROWD: lambda picture: _faces(picture) >= MANY,
    SMALL: lambda picture: any(map(_is_small, _face_boxes(picture))),
    LEFTOVER: lambda picture: picture.leftover > 0,
    LEAKED: lambda picture: bool(picture.leaks),
    FLASHING: lambda picture: picture.flashing,
    SOUND: lambda picture: picture.sound,
    READ: lambda picture: bool(picture.read),
    OPENED: _is_opened,
    SHOWN: lambda picture: bool(open_faces(picture)),
    FORBIDDEN: lambda picture: picture.forbidden,
}
"""What only the pictures that are there say, and when one says it; found anew each time."""
_CODES: Final = frozenset({*(reason.code for reason in _SHOWN), UNSEEN.code})


def verdict(post: Post, shown: list[PostPicture], words: Verdict) -> Verdict:
    """The severest of words and pictures; `post.reasons` list them all."""
    codes = {reason.code for reason in _SHOWN}
    found = [reason for reason in post.reasons if reason["code"] not in codes]
    found += [asdict(reason) for reason, says in _SHOWN.items() if any(map(says, shown))]
    post.reasons = found
    return severest([words, *(Verdict(r["verdict"]) for r in found if r["code"] in _CODES)])


def again(post: Post, shown: list[PostPicture]) -> None:
    """What the pictures show is part of the verdict; what the words said stands."""
    if post.drafted == post.revision and post.verdict is not None:
        words = severest(Verdict(r["verdict"]) for r in post.reasons if r["code"] not in _CODES)
        post.verdict = verdict(post, shown, words).value


def unseen(post: Post, shown: list[PostPicture]) -> None:
    """A picture was left out, because no detector could look at it."""
    post.reasons = [*post.reasons, asdict(UNSEEN)]
    post.verdict = verdict(post, shown, Verdict.HOLD).value


async def left_out(session: AsyncSession, post: Post) -> list[dict[str, Any]]:
    """The hold for pictures that no detector could look at; new words do not settle it."""
    statement = select(PostPicture.id).where(
        PostPicture.post_id == post.id,
        PostPicture.state == PictureState.REFUSED,
        PostPicture.refused == UNSEEN.words,
    )
    return [asdict(UNSEEN)] if (await session.exec(statement)).first() is not None else []


async def finish(session: AsyncSession, post: Post, shown: list[PostPicture], now: datetime) -> bool:
    """Everything has been looked at: Publish unlocks, and what it would publish has a hash."""
    if post.drafted != post.revision or any(p.state is not PictureState.FINISHED for p in shown):
        return False
    post.prepared = post.revision
    author = await session.get_one(Officer, post.author_id)
    post.content = approval.content_of(post, shown, author.byline)
    if post.clock_from is not None and any(picture.video for picture in shown):
        countdown.begin(post, now)  # a video takes minutes, in which nobody could decide
    await queue.note(session, post, "ready", None, now)
    return True


async def all_there(session: AsyncSession, post: Post) -> bool:
    """Every picture has been fetched (or refused), and there is one to look at."""
    states = [p.state for p in await pictures(session, post)]
    return bool(states) and PictureState.WANTED not in states
