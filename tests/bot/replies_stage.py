"""A shift with one public post, the people who deal with replies, and a network on which somebody answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from sqlmodel import col, select

from bot.delivery import Delivery, DeliveryState
from bot.hearing import Ears
from bot.network import Counting, Heard, HeardPage, Limits, Network
from bot.outbox import Slot, SlotKind
from bot.reply import Reply
from bot.routing import WAIT, Routing
from bot.triage import Triage
from bot.triage_labels import About
from bot.triage_model import Shares
from bot.triage_room import TriageRoom
from bot.triage_second import SecondLook
from moderation.detector import DetectorFailed
from moderation.post import Post, PostState
from moderation.redaction import Redactor
from moderation.scan import Scan
from moderation.template import Templates
from shifts import roster
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState, join
from shifts.words import Words

CONFIG: Final = Path(__file__).parents[2] / "config"
TRIAGE: Final = Triage.load(CONFIG / "triage")
PEOPLE: Final = (
    ("lima-3", "officer"),
    ("control-room", "control"),
    ("press-1", "press"),
    ("tips-1", "tips"),
    ("inspector-1", "inspector"),
)


@cache
def a_scan() -> Scan:
    """Fixed texts have no files."""
    return Scan(Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False), CONFIG)


@dataclass
class Crowd:
    """A network on which people answer; `now` is what their replies say today, None for what is gone."""

    heard: list[Heard] = field(default_factory=list)
    now: dict[str, str | None] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits(500, Counting.CODE_POINTS, 4, 1_000_000, 1000, looks=5))

    async def replies(self, cursor: str | None) -> HeardPage:
        return HeardPage(tuple(self.heard[int(cursor or 0) :]), str(len(self.heard)))

    async def again(self, heard_ids: Sequence[str]) -> dict[str, str | None]:
        return {one: self.now[one] for one in heard_ids if one in self.now}

    async def hide(self, heard_id: str, under: str) -> None:
        if self.fails:
            raise self.fails.pop()
        self.hidden.append(heard_id)

    async def show_again(self, heard_id: str, under: str) -> None:
        if self.fails:
            raise self.fails.pop()
        self.hidden.remove(heard_id)


class Room:
    """A second judge that says what it is told to, and fails over the words that it cannot `fails_over`."""

    def __init__(self, shares: Shares | None, fails_over: str | None = None) -> None:
        self.shares = shares
        self.fails_over = fails_over
        self.asked: list[str] = []

    async def weigh(self, text: str) -> Shares:
        self.asked.append(text)
        if self.shares is None or (self.fails_over is not None and self.fails_over in text):
            raise DetectorFailed("out of order")
        return self.shares


@dataclass
class Replies:
    database: Database
    crowd: Crowd
    routing: Routing

    def ears(self) -> Ears:
        return Ears(self.database, {"far": cast(Network, self.crowd)}, self.routing, lambda: None)

    async def say(self, text: str, author: str = "p1", answers: str | None = "far-1") -> int:
        """Somebody writes, and we hear it; gives the id of the reply."""
        heard_id = self.says(text, author, answers)
        await self.ears().listen("far")
        async with self.database.reading() as session:
            found = (await session.exec(select(Reply.id).where(Reply.heard_id == heard_id))).one()
        assert found is not None
        return found

    def says(self, text: str, author: str = "p1", answers: str | None = "far-1", **told: Any) -> str:
        """Somebody writes, and nobody has listened yet; gives its id on the network."""
        heard_id = f"r{len(self.crowd.heard)}"
        self.crowd.heard.append(Heard(heard_id, answers, author, "Ada", text, utc_now(), **told))
        return heard_id

    async def weigh(self, shares: Shares | None, now: datetime | None = None) -> int:
        room = cast(TriageRoom, Room(shares))
        return await SecondLook(self.database, room, self.routing).sweep(now or utc_now())

    async def reply(self, reply_id: int) -> Reply:
        async with self.database.reading() as session:
            return await session.get_one(Reply, reply_id)

    async def phones(self, reply_id: int, *kinds: SlotKind) -> set[str]:
        """Who has a card about it."""
        wanted = kinds or (SlotKind.REPLY, SlotKind.DESK)
        async with self.database.reading() as session:
            meant = select(Slot).where(col(Slot.kind).in_(wanted), Slot.subject == reply_id)
            slots = await session.exec(meant.where(col(Slot.remove_at).is_(None)))
            return {slot.officer_id for slot in slots.all()}


def shares(**told: float) -> Shares:
    """What a second judge might say; the rest is `other`."""
    given = {About(name): share for name, share in told.items()}
    return {**dict.fromkeys(About, 0.0), About.OTHER: 1 - sum(given.values()), **given}


async def replies(database: Database, wait: timedelta | None = WAIT) -> Replies:
    """Everything, in an empty database."""
    async with database.transaction() as session:
        now = utc_now()
        until = now + timedelta(days=1)
        for officer_id, role in PEOPLE:
            named: dict[str, Any] = {"call_sign": officer_id, "name": "P", "unit": "lima", "language": "en"}
            session.add(Officer(id=officer_id, roles=[role], accredited_until=until, **named))
        session.add(Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=now, ends_at=until))
        await session.flush()
        await join(session, await session.get_one(Officer, "lima-3"), await session.get_one(Shift, 1), now)
        for officer_id, _ in PEOPLE:
            await roster.link(session, officer_id, "chat", officer_id, officer_id, now)
        session.add(_post(now))
        await session.flush()
        session.add(_delivery(now))
    return Replies(database, Crowd(), Routing(TRIAGE, Templates.load(CONFIG / "templates.toml"), wait))


def _post(now: datetime) -> Post:
    where = {"app": "chat", "chat": "c", "message": "1", "source_id": "s", "original_id": "s"}
    times = {"prepare_at": now, "sent_at": now, "received_at": now, "clock_from": now}
    named: dict[str, Any] = {**where, **times, "author_id": "lima-3", "shift_id": 1, "language": "en"}
    return Post.model_validate({"id": 1, "number": 1, "state": PostState.RELEASED, "text": "Stopped a van.", **named})


def _delivery(now: datetime) -> Delivery:
    named: dict[str, Any] = {"post_id": 1, "network": "far", "key": "k1", "published_id": "far-1", "due_at": now}
    return Delivery(state=DeliveryState.SENT, **named)
