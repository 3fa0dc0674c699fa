"""The port to a chat app: what officers and sergeants send us, and the cards that we show them."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType, Protocol, runtime_checkable

ChatId = NewType("ChatId", str)
"""A private conversation with one account, as the platform names it."""

CardId = NewType("CardId", str)
"""One message that we showed, as the platform names it; unique within its chat."""

AccountId = NewType("AccountId", str)
"""One account of a person, as the platform names it."""


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    FILE = "file"
    VIDEO = "video"
    VOICE = "voice"
    LOCATION = "location"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent along. `ref` is what `ChatApp.fetch` takes; `size` in bytes where the platform says it.

    A LOCATION has no ref: its coordinates are dropped by the adapter and never leave it. OTHER is what we do not take
    (stickers, contacts, polls)."""

    kind: AttachmentKind
    ref: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A person wrote. `id` is unique within the app for ever; `message` is what an Edit of it names."""

    id: str
    account: AccountId
    chat: ChatId
    message: str
    sent_at: datetime
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    album: str | None = None
    answers: CardId | None = None
    """The card that this message answers (a new text after *Edit*, a reason after *Send back*)."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A person changed the text of an earlier message."""

    id: str
    account: AccountId
    chat: ChatId
    message: str
    sent_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A person tapped a button. `token` is `Button.token` as we showed it."""

    id: str
    account: AccountId
    chat: ChatId
    card: CardId
    token: str
    sent_at: datetime


Incoming = Message | Edit | Choice


class Tone(StrEnum):
    """How a card looks at a glance; never the only sign of it, the title says it too."""

    PLAIN = "plain"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


class Weight(StrEnum):
    PLAIN = "plain"
    MAIN = "main"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Ask:
    """The card asks for words: the person answers this card with a message. `prefill` can be copied or changed."""

    label: str
    prefill: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """`token` comes back in the Choice: at most 40 ASCII characters, opaque to the chat app.

    `asks` is what the card will ask for once it is pressed: an app with forms may open one at once, besides telling
    of the press."""

    token: str
    label: str
    weight: Weight = Weight.PLAIN
    asks: Ask | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A covered picture on disk (JPEG). `alt` is its text for people who do not see it.

    Of a video it is the poster, and `video` its covered MP4: shown in its place where the app can."""

    path: Path
    alt: str
    video: Path | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One message of ours, told without any platform's markup.

    `quote` is the public version word for word; `marks` are code-point ranges of it to highlight. A chat app shows the
    parts in this order: title, pictures, quote, lines, ask, buttons (`rows`, top to bottom)."""

    title: str
    tone: Tone = Tone.PLAIN
    pictures: tuple[Picture, ...] = ()
    quote: str | None = None
    marks: tuple[tuple[int, int], ...] = ()
    lines: tuple[str, ...] = ()
    ask: Ask | None = None
    rows: tuple[tuple[Button, ...], ...] = field(default=())


class ChatAppDown(Exception):
    """The chat app did not take it now; the same call is made again later, after `wait` seconds at least.

    `unclear`: it may have taken it all the same, and only its answer was lost."""

    def __init__(self, wait: float = 1.0, *, unclear: bool = False) -> None:
        super().__init__("the chat app did not answer")
        self.wait = wait
        self.unclear = unclear


class CardGone(Exception):
    """The message to replace or remove is no longer there (or can no longer be changed): show the card anew."""


class ChatGone(Exception):
    """The chat can not be written to any more: the person blocked us or left."""


class AttachmentRefused(Exception):
    """The attachment can not be fetched, now or later (too big for the platform, expired, deleted)."""


class ChatApp(Protocol):
    """One chat app. Every adapter module offers `connect(**settings)`, an async context manager that yields one, and
    says how large a file it hands out at most (`MOST_BYTES`), so that whoever sends a larger one is told at once."""

    def incoming(self) -> AsyncIterator[Incoming]:
        """Everything that arrives, each at least once, in the platform's order.

        Taking the next item says that the one before is committed: only then may it be confirmed to the platform.
        Ends only when the app is closed; outages are waited out inside."""
        ...

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of an attachment, at most 120 MB. Raises ChatAppDown, AttachmentRefused."""
        ...

    async def answer(self, choice: Choice, sentence: str | None) -> None:
        """Answer a tap: a passing note where the platform has one. Never raises for a tap that is too old."""
        ...

    async def show(self, card: Card, chat: ChatId, key: str) -> CardId:
        """Show a card. The same key again shows it once where the platform can tell. Raises ChatAppDown, ChatGone."""
        ...

    async def replace(self, card_id: CardId, chat: ChatId, card: Card) -> None:
        """Change a card in place; nothing happens if it is the same. Raises ChatAppDown, CardGone, ChatGone."""
        ...

    async def remove(self, card_id: CardId, chat: ChatId) -> None:
        """Take a card away; fine if it is gone already. Raises ChatAppDown, CardGone if the platform no longer can."""
        ...


@runtime_checkable
class Forgets(Protocol):
    """What only some chat apps let a bot do: take out of a chat what a person sent."""

    async def forget(self, message: str, chat: ChatId) -> None:
        """Delete a message, named as it arrived; fine if it is gone. Raises ChatAppDown, ChatGone, CardGone."""
        ...


@runtime_checkable
class Sweeps(Protocol):
    """A chat app that may show a card twice after a crash, and can find the one that nobody was told of."""

    async def sweep(self, chat: ChatId, after: CardId | None, newest: CardId, known: Collection[CardId]) -> None:
        """Take away what we sent to a chat between two cards, except those known. Raises ChatAppDown, ChatGone.

        `after` may be a card of another chat of ours. What people sent always stays; the names of some of it, of any
        kind, may be among those known."""
        ...
