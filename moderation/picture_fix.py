"""What people change about a covered picture: whoever may touch the post covers more, a decider also lifts a box."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from moderation import agreement, queue
from moderation.decision import NotAllowed
from moderation.finding import NEVER_LIFTED, Box, BoxKind
from moderation.post import OPEN, PICTURES, PictureState, Post, PostPicture
from shifts.officer import Officer

ADDED_AT_MOST: Final = 40
_NEVER: Final = frozenset(kind.value for kind in NEVER_LIFTED)


def may_lift(post: Post, picture: PostPicture, index: int, agreeing: Collection[Officer] = ()) -> bool:
    """Whether a decider may leave this box open: no plate or code, no writing that identifies somebody, nothing that a
    person covered, no face where minors are told of or which nobody of `agreeing` could have.

    Only once everything has been found, so that the box has its final number. In a video nothing is lifted."""
    if picture.video is not None:
        return False
    if picture.state is not PictureState.FINISHED or not 0 <= index < len(picture.boxes):
        return False
    kind = picture.boxes[index]["kind"]
    if kind == BoxKind.FACE.value and agreement.faces_locked(post, agreeing) is not None:
        return False
    return kind not in _NEVER and index not in picture.hard


async def add(session: AsyncSession, post: Post, picture: PostPicture, box: Box, by: str, now: datetime) -> None:
    """Cover one more place. Raises NotAllowed when it is too late, or enough."""
    if len(picture.added) >= ADDED_AT_MOST:
        raise NotAllowed("queue.enough_boxes")
    picture.added = [*picture.added, {**asdict(box), "kind": BoxKind.ADDED.value}]
    await _again(session, post, picture, now)
    await queue.note(session, post, "box added", by, now, picture=picture.id, boxes=len(picture.added))


async def lift(session: AsyncSession, post: Post, picture: PostPicture, index: int, by: str, now: datetime) -> None:
    """Leave a box open. Raises NotAllowed for one that nobody can lift."""
    agreeing = await agreement.agreeing(session, post)
    if not may_lift(post, picture, index, agreeing):
        raise NotAllowed("queue.hard")
    picture.lifted = sorted({*picture.lifted, index})
    kind = picture.boxes[index]["kind"]
    facts: dict[str, Any] = {"picture": picture.id, "box": index + 1, "kind": kind}
    if kind == BoxKind.FACE.value:
        facts["agreed"] = [person.id for person in agreeing]
        picture.agreed = {**picture.agreed, str(index): facts["agreed"]}
    await _again(session, post, picture, now)
    await queue.note(session, post, "box lifted", by, now, **facts)


async def shut(session: AsyncSession, post: Post, picture: PostPicture, index: int, by: str, now: datetime) -> None:
    """Cover again what was lifted."""
    picture.lifted = [other for other in picture.lifted if other != index]
    picture.agreed = {box: people for box, people in picture.agreed.items() if box != str(index)}
    await _again(session, post, picture, now)
    await queue.note(session, post, "box covered", by, now, picture=picture.id, box=index + 1)


async def hear(session: AsyncSession, post: Post, picture: PostPicture, sound: bool, by: str, now: datetime) -> None:
    """Let a video keep its sound, or take it away again. Raises NotAllowed."""
    if picture.video is None:
        raise NotAllowed("tap.stale")
    picture.sound = sound
    await _again(session, post, picture, now)
    await queue.note(session, post, "sound kept" if sound else "sound removed", by, now, picture=picture.id)


async def _again(session: AsyncSession, post: Post, picture: PostPicture, now: datetime) -> None:
    """What the public would see is another: the picture is covered anew, and no approval of the old one counts."""
    if post.state not in OPEN or picture.sha256 is None or picture.state is PictureState.REFUSED:
        raise NotAllowed("queue.too_late_to_change")
    await session.flush()
    if picture.state is not PictureState.HELD:
        await PICTURES.move(session, picture, PictureState.HELD)
    post.before_edit, picture.progress = None, 0
    queue.look_again(post, now)
