"""Agreement: who of the roster agreed to be seen, which every face that is left open in a picture leans on."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from moderation.decision import NotAllowed
from moderation.finding import BoxKind
from moderation.post import Post, PostPicture
from shifts.officer import Officer
from shifts.shift import Duty

_MINORS: Final = "D"


async def agreeing(session: AsyncSession, post: Post) -> list[Officer]:
    """Whose face may be meant: who agreed of the author and of whoever has been on that shift, by call-sign."""
    crew = select(Duty.officer_id).where(Duty.shift_id == post.shift_id)
    statement = (
        select(Officer)
        .where(or_(col(Officer.id) == post.author_id, col(Officer.id).in_(crew)), col(Officer.face_ok).is_(True))
        .order_by(col(Officer.call_sign))
        .execution_options(populate_existing=True)
    )
    return [person for person in (await session.exec(statement)).all() if person.active]


def faces_locked(post: Post, agreeing: Collection[Officer]) -> str | None:
    """Why no face of this post can be left open, as a words key; None: one of somebody who agreed can."""
    if any(reason["category"] == _MINORS for reason in post.reasons):
        return "card.faces_of_minors"
    return None if agreeing else "card.faces_of_nobody"


def open_faces(picture: PostPicture) -> list[int]:
    """The indexes of the faces that a person left open."""
    boxes = picture.boxes
    return [i for i in picture.lifted if i < len(boxes) and boxes[i]["kind"] == BoxKind.FACE.value]


def leaned_on(picture: PostPicture, index: int) -> Sequence[str]:
    """The ids of those of whom one is said to be in the box."""
    return picture.agreed.get(str(index), [])


def stands(picture: PostPicture, index: int, agreeing: Collection[Officer]) -> bool:
    """Whether everybody whom that may be still agrees. Who is meant was not said, so one who does not is enough."""
    people = leaned_on(picture, index)
    return bool(people) and set(people) <= {person.id for person in agreeing}


async def check(session: AsyncSession, post: Post, pictures: Iterable[PostPicture]) -> None:
    """Raises NotAllowed if a face is open that may not be shown any more, whatever could be when it was lifted."""
    shown = [(picture, index) for picture in pictures for index in open_faces(picture)]
    if not shown:
        return
    people = await agreeing(session, post)
    if faces_locked(post, people) or not all(stands(picture, index, people) for picture, index in shown):
        raise NotAllowed("queue.face_not_agreed")
