"""What a card is made of: the rows about one subject, read together, for one person who looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from bot.chat_app import Picture
from bot.delivery import Delivery
from bot.greens import Green
from bot.handover import Handover
from bot.network import Limits
from bot.outbox import Slot
from bot.reply import Reply
from moderation.post import PictureState, Post, PostPicture
from shifts.areas import Areas
from shifts.officer import Officer
from shifts.shift import Shift


@dataclass(frozen=True, slots=True)
class Setting:
    """What every card of this program shares: the clock's zone, the networks' limits, where covered pictures lie."""

    zone: tzinfo
    limits: Mapping[str, Limits]
    media: Path
    areas: Areas
    characters: int
    undo_seconds: float
    app_bytes: Mapping[str, int] = field(default_factory=dict)
    """The largest file that each chat app hands out."""


@dataclass(frozen=True, slots=True)
class PostView:
    """One post as one person may see it. `source` is the text as sent: only ever set on its author's own cards and on
    the claimer's *Original*."""

    setting: Setting
    slot: Slot
    viewer: Officer
    now: datetime
    post: Post
    author: Officer
    shift: Shift
    pictures: Sequence[PostPicture]
    deliveries: Sequence[Delivery]
    people: Mapping[str, Officer]
    source: str | None = None
    own_words: str | None = None
    reply: Reply | None = None
    refused: Sequence[str] = field(default=())
    corrected_by: int | None = None
    """The number of the post whose words the public reads instead of these."""
    agreeing: Sequence[Officer] = ()
    """On the pages of *Fix picture*: who of those who may be in it agreed to be seen."""
    drawn: Path | None = None
    """The picture of the page *Fix picture*, with its boxes or its grid drawn over it."""

    @property
    def language(self) -> str:
        return self.viewer.language

    def clock(self, at: datetime) -> str:
        """A time of day as people on this shift say it."""
        return at.astimezone(self.setting.zone).strftime("%H:%M")

    def name(self, officer_id: str | None) -> str:
        """How colleagues call somebody."""
        person = self.people.get(officer_id or "")
        return person.call_sign if person else "?"

    def shown_pictures(self) -> tuple[Picture, ...]:
        """The covered pictures that are ready to be looked at; one that is covered anew is shown as it was."""
        return tuple(self._shown(p) for p in self.fixable)

    def _shown(self, picture: PostPicture) -> Picture:
        media = self.setting.media
        video = media / f"{picture.video}.mp4" if picture.video else None
        return Picture(media / f"{picture.sha256}.jpg", picture.alt, video)

    @property
    def fixable(self) -> list[PostPicture]:
        """The pictures that have been covered once at least."""
        return [p for p in self.pictures if p.sha256 and p.state is not PictureState.REFUSED]


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One shift as one person may see it; `open_items` are what is left at its end."""

    setting: Setting
    slot: Slot
    viewer: Officer
    now: datetime
    shift: Shift
    on_it: Sequence[Officer]
    waiting: Sequence[Post]
    pending: int = 0
    unanswered: int = 0
    released: int = 0
    greens: Sequence[Green] = field(default=())
    caught: Sequence[int] = field(default=())
    """While it is frozen: the numbers of the posts that were on their way."""
    handover: Handover = field(default_factory=Handover)

    def name(self, officer_id: str | None) -> str:
        """How colleagues call somebody who is on this shift."""
        return next((person.call_sign for person in self.on_it if person.id == officer_id), "?")


@dataclass(frozen=True, slots=True)
class ReplyView:
    """One reply of the public as the officer who answers it sees it."""

    setting: Setting
    slot: Slot
    viewer: Officer
    reply: Reply
    post: Post
