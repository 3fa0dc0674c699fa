"""The port to a network: where releases become public, and where the public's replies come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from moderation.release import Release


class Counting(StrEnum):
    """How a network counts the length of a text."""

    CODE_POINTS = "code points"
    GRAPHEMES = "graphemes"
    WEIGHTED = "weighted"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network takes: data, so that no shared code asks for a network's name.

    `characters` as `counting` counts them; `per_link` is what any link counts, where that is fixed; `picture_bytes`
    and `alt_characters` are per picture; `dollars` is the price of one post, `link_dollars` of one with a link (None:
    the same), `alt_dollars` of each alt text; `bot/prices.py` adds them up. `video_bytes` is the largest video (0: none
    is taken, its poster stands there instead). `own`: a page of the force's own, which also shows the answers that were
    given on other networks. `threads`: a post may stand under one of our own; `under_opener`: each post of a
    shift is tried under the shift's first one there. `edits`: words of a post can be changed (`Corrects`); `hides`: a
    reply can be hidden (`Hides`). `settle`: seconds after which it surely shows what it accepted; before that, "not
    there" is no answer."""

    characters: int
    counting: Counting
    pictures: int
    picture_bytes: int
    alt_characters: int
    per_link: int | None = None
    bytes: int | None = None
    dollars: float = 0.0
    link_dollars: float | None = None
    alt_dollars: float = 0.0
    own: bool = False
    video_bytes: int = 0
    edits: bool = False
    hides: bool = False
    threads: bool = False
    looks: int = 25
    under_opener: bool = False
    settle: float = 10.0


@dataclass(frozen=True, slots=True)
class Published:
    """A post as the network knows it."""

    id: str
    url: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody of the public answered. `answers` is `Published.id` of ours, None where we are only mentioned;
    `author` a stable id of the author; `language` is what the network says that it is written in, if it does.

    `thread` is the id of the post at the head of its thread, where the adapter cannot tell whether `answers` is ours.
    `aside`: people talk to each other in a thread that is not ours, and name us."""

    id: str
    answers: str | None
    author: str
    author_name: str
    text: str
    at: datetime
    url: str | None = None
    language: str | None = None
    thread: str | None = None
    aside: bool = False


@dataclass(frozen=True, slots=True)
class HeardPage:
    """Replies in the network's order, and the cursor to ask with next time; `more`: at once, for there are more."""

    replies: tuple[Heard, ...]
    cursor: str | None
    more: bool = False


OUT_OF_CREDIT: Final = "credit"
"""Why a network takes nothing until a person pays for more."""
LONGEST_WAIT: Final = 86_400.0
"""Seconds, whatever a server asks for."""
SOON: Final = 900.0


class TryLater(Exception):
    """Nothing was published; try again after `wait` seconds: at most a day, whatever a server asks for. `reason`:
    OUT_OF_CREDIT, where that is why."""

    def __init__(self, wait: float, reason: str | None = None) -> None:
        super().__init__("the network asks to try later")
        self.wait = min(max(0.0, wait), LONGEST_WAIT)
        self.reason = reason

    @property
    def soon(self) -> float:
        """`wait`, but SOON at most: for what does no harm when asked once more, while somebody may be in danger."""
        return min(self.wait, SOON)


class Refused(Exception):
    """The network will never take this release as it is. `reason` is a short code without words of the post."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignedOut(Exception):
    """Our credentials do not work any more: nothing goes to this network until a person mends that."""


class Unclear(Exception):
    """It may have been published: look (`find`) before anything else."""


class Network(Protocol):
    """One network. Every adapter module offers `connect(**settings)`, an async context manager that yields one."""

    @property
    def limits(self) -> Limits: ...

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        """Publish once; the same key gives the same post. `answers` is the network's id of what this is an answer to.

        Raises TryLater, Refused, SignedOut, Unclear."""
        ...

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        """Look whether it is there after an Unclear. Raises TryLater, SignedOut."""
        ...

    async def withdraw(self, published: Published) -> None:
        """Take it away; fine if it is gone already. Raises TryLater, SignedOut."""
        ...

    async def replies(self, cursor: str | None) -> HeardPage:
        """What was answered since `cursor` (None: from now on). Raises TryLater, SignedOut."""
        ...


@runtime_checkable
class Corrects(Protocol):
    """What only some networks can do: change the words of a post that is there."""

    async def correct(self, published: Published, release: Release) -> Published:
        """Put the words of an approved correction in the place of the old ones; the pictures stay.

        Raises TryLater (also in doubt: to do it twice does no harm), Refused, SignedOut."""
        ...


@runtime_checkable
class Hides(Protocol):
    """What only some networks can do: put what somebody answered out of sight under our post, and show it again."""

    async def hide(self, heard_id: str, under: str) -> None:
        """Hide a reply under our post `under`; fine if it is hidden or gone. Raises TryLater, Refused, SignedOut."""
        ...

    async def show_again(self, heard_id: str, under: str) -> None:
        """Take that back; fine if it is not hidden, or gone. Raises TryLater, Refused, SignedOut."""
        ...


@runtime_checkable
class Follows(Protocol):
    """What only some networks can do: say what became of replies."""

    async def again(self, heard_ids: Sequence[str]) -> Mapping[str, str | None]:
        """The words of replies as they are now, None for those that are gone. Raises TryLater, SignedOut."""
        ...
