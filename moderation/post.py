"""Posts: what officers want to say, and how far each has come."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.database import by_value, index_where
from shifts.state import Machine


class PostState(StrEnum):
    RECEIVED = "received"
    WAITING = "waiting"
    BLOCKED = "blocked"
    DIVERTED = "diverted"
    SENT_BACK = "sent back"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RELEASED = "released"
    RECALLED = "recalled"


class Wait(StrEnum):
    """What has to be true before a release. A column of the post, not a state."""

    NONE = "none"
    SCENE = "scene"


class Happened(StrEnum):
    """How long before the message it happened, as its author says."""

    NOW = "now"
    TEN = "10"
    THIRTY = "30"
    SIXTY = "60"
    TONIGHT = "tonight"


def _json(default: type) -> Any:
    return Field(default_factory=default, sa_column=Column(JSON, nullable=False))


class Post(SQLModel, table=True):
    """One post. The words as sent lie sealed in the vault (`source_id`); `text` is the public version.

    `revision` counts every change of what the public would see; `prepared` is the revision that the detectors have
    finished, pictures included (Publish unlocks when they are equal). `content` is the hash an approval binds to.
    `unread` counts how often the detectors failed over its words. `reasons`, `redactions` and `suggestions` hold codes,
    kinds and places, never removed words.

    What it waits for before it may leave: a scene (`wait`; `wait_by` asked for that, None: a rule did) and a time
    (`embargo_until`). Both have to be over."""

    __table_args__ = (
        Index("ix_post_shift", "shift_id", "thread"),
        index_where("ix_post_corrects", "corrects", rows="corrects IS NOT NULL"),
        Index("ix_post_state", "state", "received_at"),
        index_where("ix_post_answers", "answers_reply", "state", rows="answers_reply IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(unique=True)
    author_id: str = Field(max_length=64, index=True)
    shift_id: int = Field(foreign_key="shift.id")
    state: PostState = Field(default=PostState.RECEIVED, sa_type=by_value(PostState))
    kind: str | None = Field(default=None, max_length=16)
    kind_chosen: bool = False
    from_template: bool = False
    language: str = Field(default="en", max_length=8)
    area: str | None = Field(default=None, max_length=64)

    app: str = Field(max_length=32)
    chat: str = Field(max_length=128)
    message: str = Field(max_length=128)
    album: str | None = Field(default=None, max_length=128)
    source_id: str = Field(max_length=32)
    original_id: str = Field(max_length=32)
    edited_by: str | None = Field(default=None, max_length=64)
    answers_reply: int | None = None
    corrects: int | None = None
    """The post whose public words these take the place of."""
    correction: dict[str, Any] = _json(dict)
    """What the public reads with a correction: `line` says what was wrong; `lead` stands before the words on the
    networks `apart`, where a correction is a post of its own."""
    lesson: bool = False
    """Written in the tutorial: it goes nowhere."""
    networks: list[str] = _json(list)
    thread: bool = False
    """Its paragraphs are told one after the other where a network threads; elsewhere the first stands alone."""
    retells: list[int] = _json(list)
    """Of a recap: the posts whose words it tells once more."""

    revision: int = 1
    prepared: int = 0
    drafted: int = 0
    prepare_at: datetime = Field(index=True)
    unread: int = 0
    text: str = ""
    before_edit: str | None = None
    """The public text before the last edit by a person, for its difference; nothing that is taken out by now."""
    verdict: str | None = Field(default=None, max_length=12)
    reasons: list[dict[str, Any]] = _json(list)
    redactions: list[dict[str, Any]] = _json(list)
    suggestions: list[dict[str, Any]] = _json(list)
    lifted: list[str] = _json(list)
    covered: list[str] = _json(list)
    ticks: list[str] = _json(list)
    approvals: list[str] = _json(list)
    content: str | None = Field(default=None, max_length=64)
    byline: str | None = Field(default=None, max_length=80)
    """How the public reads who wrote, as it was approved."""

    wait: Wait = Field(default=Wait.NONE, sa_type=by_value(Wait))
    wait_until: datetime | None = None
    wait_over_at: datetime | None = None
    words_at: datetime | None = None
    wait_by: str | None = Field(default=None, max_length=64)
    embargo_until: datetime | None = None
    condition_met_by: str | None = Field(default=None, max_length=64)
    met: list[str] = _json(list)
    """The codes of the holds that somebody with their role has settled."""

    claimed_by: str | None = Field(default=None, max_length=64)
    claimed_until: datetime | None = None
    level: int = 0
    """How many of its reminders have been said since `clock_from`."""
    inspector_asked: bool = False
    """Somebody wants an inspector to look, however long it has waited."""
    sent_at: datetime
    received_at: datetime
    happened: Happened | None = Field(default=None, sa_type=by_value(Happened), nullable=True)
    clock_from: datetime | None = None
    undo_until: datetime | None = None
    approved_at: datetime | None = None
    approved_by: str | None = Field(default=None, max_length=64)
    ended_at: datetime | None = None
    outcome: str | None = Field(default=None, max_length=80)
    """The words key of why it was sent back, withdrawn, recalled; a sergeant's own words lie sealed at `outcome_id`."""
    outcome_id: str | None = Field(default=None, max_length=32)


class PictureState(StrEnum):
    WANTED = "wanted"
    HELD = "held"
    COVERED = "covered"
    FINISHED = "finished"
    REFUSED = "refused"


class PostPicture(SQLModel, table=True):
    """One picture of a post, or one video. `sha256` names the covered bytes in the media folder; `boxes` are in its
    pixels.

    `counts` says how many of each kind were covered, as people count them. Of a video, `sha256` is its poster and
    `video` names its covered MP4; `leaks` are the times (in seconds) at which the second pass still saw something,
    `progress` says how much of the work on it is done, in percent."""

    __tablename__ = "post_picture"
    __table_args__ = (UniqueConstraint("post_id", "part"),)

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = Field(foreign_key="post.id", index=True)
    part: str = Field(max_length=160)
    state: PictureState = Field(default=PictureState.WANTED, sa_type=by_value(PictureState), index=True)
    kind: str = Field(max_length=12)
    ref: bytes | None = None
    original_id: str | None = Field(default=None, max_length=32)
    sha256: str | None = Field(default=None, max_length=64)
    width: int = 0
    height: int = 0
    boxes: list[dict[str, Any]] = _json(list)
    counts: dict[str, int] = _json(dict)
    added: list[dict[str, Any]] = _json(list)
    lifted: list[int] = _json(list)
    agreed: dict[str, list[str]] = _json(dict)
    """By the index of a face that was lifted: the officers who agreed to be seen, of whom it is one."""
    leftover: int = 0
    read: dict[str, int] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    """How many findings of each kind the text rules made in what is written in it; None: it has not been read yet."""
    hard: list[int] = _json(list)
    """The indexes of boxes whose writing nobody may leave open, as the text rules say."""
    signs: list[int] = _json(list)
    """Those whose words harm nobody: left open unless a person covers them."""
    forbidden: bool = False
    """What is written in it nobody could publish as a post: it may be of a document or of a screen."""
    first_frame: bool = False
    """It moved, and this is its first picture."""
    video: str | None = Field(default=None, max_length=64)
    seconds: int = 0
    progress: int = 0
    leaks: list[float] = _json(list)
    flashing: bool = False
    sound: bool = False
    """A decider wants it to be heard; without that, no video has sound."""
    alt: str = ""
    alt_source_id: str | None = Field(default=None, max_length=32)
    """A person's own words for it, sealed; `alt` is what became of them."""
    alt_chosen: bool = False
    refused: str | None = Field(default=None, max_length=80)
    fetch_at: datetime | None = None
    tries: int = 0


class PostCounter(SQLModel, table=True):
    """The last running number given out: row 1 of the force, row 2 of the lessons."""

    __tablename__ = "post_counter"

    id: int = Field(default=1, primary_key=True)
    number: int = 0


POSTS: Final = Machine(
    "post",
    Post,
    PostState.RECEIVED,
    {
        PostState.RECEIVED: frozenset({PostState.WAITING, PostState.BLOCKED, PostState.DIVERTED, PostState.WITHDRAWN}),
        PostState.WAITING: frozenset(
            {
                PostState.APPROVED,
                PostState.SENT_BACK,
                PostState.WITHDRAWN,
                PostState.EXPIRED,
                PostState.BLOCKED,
                PostState.DIVERTED,
            }
        ),
        PostState.SENT_BACK: frozenset({PostState.WAITING, PostState.WITHDRAWN, PostState.BLOCKED, PostState.DIVERTED}),
        PostState.DIVERTED: frozenset({PostState.RECEIVED}),
        PostState.APPROVED: frozenset({PostState.WAITING, PostState.WITHDRAWN, PostState.RELEASED}),
        PostState.RELEASED: frozenset({PostState.RECALLED}),
    },
)

PICTURES: Final = Machine(
    "picture",
    PostPicture,
    PictureState.WANTED,
    {
        PictureState.WANTED: frozenset({PictureState.HELD, PictureState.REFUSED}),
        PictureState.HELD: frozenset({PictureState.COVERED, PictureState.FINISHED, PictureState.REFUSED}),
        PictureState.COVERED: frozenset({PictureState.FINISHED, PictureState.REFUSED, PictureState.HELD}),
        PictureState.FINISHED: frozenset({PictureState.HELD}),
    },
)

OPEN: Final = (PostState.RECEIVED, PostState.WAITING, PostState.SENT_BACK)


async def pictures(session: AsyncSession, post: Post) -> list[PostPicture]:
    """The pictures of a post that were not refused, in the order they were sent."""
    statement = (
        select(PostPicture)
        .where(PostPicture.post_id == post.id, col(PostPicture.state) != PictureState.REFUSED)
        .order_by(col(PostPicture.id))
    )
    return list((await session.exec(statement)).all())


def called(number: int) -> str:
    """A running number as people say it; a lesson's begins with a T, and no command takes it."""
    return str(number) if number > 0 else f"T{-number}"


async def by_number(session: AsyncSession, number: int) -> Post | None:
    """The post with a running number, the one that people say."""
    return (await session.exec(select(Post).where(Post.number == number))).first()
