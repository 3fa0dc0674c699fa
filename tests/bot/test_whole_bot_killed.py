"""The whole program over Telegram, killed six times while updates arrive: nothing is lost, nothing is handled twice."""

import asyncio
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlmodel import col, func, select

from bot.delivery import Delivery, DeliveryState
from bot.inbox import InboxItem, InboxState
from bot.outbox import Slot, SlotKind
from moderation import audit
from moderation.audit import AuditEntry
from moderation.post import Post, PostState
from shifts import roster, shift
from shifts.database import Database, utc_now
from shifts.roster_file import Roster
from shifts.timeline import Entry
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram
from tests.journeys.stage import free_port

ROOT: Final = Path(__file__).parents[2]
OFFICERS: Final = {f"lima-{number}": 1000 + number for number in range(1, 6)}
SERGEANT: Final = 1010
KILLS: Final = 6
UPDATES: Final[Mapping[str, int]] = {"message": 250, "edit": 90, "publish": 110, "drop": 50}
"""500 together. One message in twelve is longer than a post may be."""
LABELS: Final = {"publish": "Publish", "drop": "Drop"}
STILL: Final = 60.0
"""Seconds in which a program that lives does something, however slow the machine is."""
UNHEARD: Final = 60
"""People stop for as long as so much of theirs is not heard: a tap that waits for minutes is dropped by Telegram."""

CONFIG: Final = """
[force]
name = "Port Alba Police"
emergency.en = "Emergency? Call 112."
[chat_apps.telegram]
token = "{token}"
base_url = "{base_url}"
poll_seconds = 2
first_pause = 0.1
[networks.timeline]
[moderation]
overlays = ["uk"]
models = false
[times]
undo_seconds = 0.5
scene_minutes = 0
jitter_minutes = 0
lease_seconds = 31
[web]
port = {port}
[files]
roster = "{config}/roster.toml"
places = "{config}"
languages = "{config}/languages"
"""


@dataclass
class Sent:
    """What the phones did: the messages of each person, and how many updates of each kind."""

    messages: list[tuple[int, int]] = field(default_factory=list)
    edits: Counter[tuple[int, int]] = field(default_factory=Counter)
    taps: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)


class Crowd:
    """Officers who send, change and drop, and a sergeant who publishes, as fast as they like."""

    def __init__(self, fake: FakeTelegram, chance: random.Random, updates: Mapping[str, int] = UPDATES) -> None:
        self._fake = fake
        self._updates = updates
        self._chance = chance
        self.sent = Sent()

    def phones(self) -> list[Phone]:
        return [self._fake.phone(person) for person in (*OFFICERS.values(), SERGEANT)]

    async def act(self) -> None:
        """Every update there is to be, in no order; a tap waits until there is something to tap."""
        while left := [kind for kind, most in self._updates.items() if self.sent.done[kind] < most]:
            while len(self._fake.pending) >= UNHEARD:  # noqa: ASYNC110  another process hears them
                await asyncio.sleep(0.05)
            kind = self._chance.choices(left, [self._updates[each] - self.sent.done[each] for each in left])[0]
            self.sent.done[kind] += await self._do(kind)
            await asyncio.sleep(self._chance.random() * 0.06)

    async def _do(self, kind: str) -> bool:
        match kind:
            case "message":
                return await self._message()
            case "edit":
                return await self._edit()
            case _:
                return await self._tap(kind)

    async def _message(self) -> bool:
        person = self._chance.choice(list(OFFICERS.values()))
        number = self.sent.done["message"]
        words = (
            "Traffic is slow. " * 130 if number % 12 == 5 else f"Stopped a van on Harbour Road, {number} checks done."
        )
        self.sent.messages.append((person, await self._fake.phone(person).send_text(words)))
        return True

    async def _edit(self) -> bool:
        if not self.sent.messages:
            return False
        person, message = self._chance.choice(self.sent.messages[-30:])
        self.sent.edits[person, message] += 1
        changed = self.sent.done["edit"]
        await self._fake.phone(person).edit(message, f"Stopped a lorry on Harbour Road, change {changed}.")
        return True

    async def _tap(self, kind: str) -> bool:
        person = SERGEANT if kind == "publish" else self._chance.choice(list(OFFICERS.values()))
        phone, label = self._fake.phone(person), LABELS[kind]
        cards = [card for card in phone.cards() if label in card.labels]
        if not cards:
            return False
        self.sent.taps.add(f"tap.{await phone.tap(label, self._chance.choice(cards).id)}")
        return True


@pytest.fixture
async def database(sqlite_with_engine: Path, tmp_path: Path) -> AsyncIterator[Database]:
    (tmp_path / "data").mkdir()
    shutil.copy(sqlite_with_engine, tmp_path / "data" / "patrol.sqlite")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/data/patrol.sqlite")
    await begin(database)
    yield database
    await database.close()


async def begin(database: Database) -> None:
    """A live shift with five officers and a sergeant on it, all of them on Telegram."""
    now = utc_now()
    async with database.transaction() as session:
        await roster.import_roster(session, Roster.load(ROOT / "config" / "roster.toml"), now)
        people = {person.id: person for person in await roster.everybody(session)}
        for name, account in {**OFFICERS, "sergeant-1": SERGEANT}.items():
            await roster.link(session, name, "telegram", str(account), str(account), now)
        planned = await shift.plan(session, "lima", "Night B", now, now + timedelta(hours=12), now)
        await shift.open_shift(session, planned, people["sergeant-1"], now)
        for name in OFFICERS:
            await shift.go_on(session, people[name], now)


@asynccontextmanager
async def program(folder: Path, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`tweetpatrol run`, killed at the end."""
    with log.open("ab") as written:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run", "--config", str(folder / "patrol.toml")),
            *("--data", str(folder / "data")),
            cwd=ROOT,
            stdout=written,
            stderr=written,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def rows(database: Database, table: type[Any], *conditions: Any) -> list[Any]:
    async with database.reading() as session:
        return list((await session.exec(select(table).where(*conditions))).all())


async def count(database: Database, table: type[Any], *conditions: Any) -> int:
    async with database.reading() as session:
        return (await session.exec(select(func.count()).select_from(table).where(*conditions))).one()


async def handled(database: Database) -> int:
    return await count(database, InboxItem, InboxItem.state != InboxState.NEW)


async def progress(database: Database) -> tuple[int, int]:
    """What grows for as long as anything happens: what was heard and handled, and how often cards were shown."""
    async with database.reading() as session:
        shows = (await session.exec(select(func.sum(Slot.shows)))).one()
    return await handled(database) + await count(database, InboxItem), shows or 0


async def until_it_is(database: Database, look: Callable[[], Awaitable[bool]], complaint: str) -> None:
    """Look again and again until it is so. Raises AssertionError when nothing at all has happened for a while."""
    last, since = await progress(database), time.monotonic()
    while not await look():
        if (now := await progress(database)) != last:
            last, since = now, time.monotonic()
        assert time.monotonic() - since < STILL, complaint
        await asyncio.sleep(0.05)


async def settled(database: Database, fake: FakeTelegram) -> bool:
    """Whether nothing is on its way any more."""
    working = (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
    return not (
        fake.pending
        or await count(database, InboxItem, InboxItem.state == InboxState.NEW)
        or await count(database, Post, col(Post.state).in_((PostState.RECEIVED, PostState.APPROVED)))
        or await count(database, Delivery, col(Delivery.state).in_(working))
        or await count(database, Slot, col(Slot.closed).is_(False), col(Slot.wanted) > col(Slot.shown))
        or await count(database, Slot, col(Slot.closed).is_(False), col(Slot.remove_at).is_not(None))
    )


async def play(
    database: Database, fake: FakeTelegram, folder: Path, updates: Mapping[str, int] = UPDATES, kills: int = KILLS
) -> Sent:
    """Lives that each handle some of what arrives and are killed, and a last one that finishes."""
    chance, log = random.Random(214), folder / "log"
    crowd = Crowd(fake, chance, updates)
    acting = asyncio.create_task(crowd.act())
    complaint = f"it stood still; the log is {log}"
    share = sum(updates.values()) // (kills * 2)
    for _ in range(kills):
        before = await handled(database)
        enough = before + chance.randrange(share // 2, share * 3 // 2)

        async def moved(enough: int = enough) -> bool:
            return await handled(database) >= enough

        async with program(folder, log):
            await until_it_is(database, moved, complaint)
    async with program(folder, log):
        await acting

        async def finished() -> bool:
            return await settled(database, fake)

        await until_it_is(database, finished, complaint)
    return crowd.sent


async def check_inbox(database: Database, sent: Sent, updates: Mapping[str, int] = UPDATES) -> None:
    """Each update is on record once, done with, and its words are gone."""
    items = await rows(database, InboxItem)
    assert len(items) == len({item.item for item in items}) == sum(updates.values())
    assert {item.item for item in items if item.item.startswith("tap.")} == sent.taps
    assert {item.state for item in items} <= {InboxState.HANDLED, InboxState.REFUSED}
    assert [item for item in items if item.payload is not None] == []


async def check_posts(database: Database, sent: Sent) -> None:
    """Every message is one post or one refusal; every change and every decision was made once."""
    items = {item.item: item.state for item in await rows(database, InboxItem)}
    posts = Counter((int(post.chat), int(post.message)) for post in await rows(database, Post))
    for person, message in sent.messages:
        refused = items[f"{person}.{message}"] is InboxState.REFUSED
        assert posts[person, message] == (0 if refused else 1)
    assert 0 < sum(posts.values()) < len(sent.messages)
    events = Counter((entry.event, entry.subject) for entry in await rows(database, AuditEntry))
    for post in await rows(database, Post):
        subject = f"post {post.number}"
        changes = [i for i, state in items.items() if _is_edit_of(i, post) and state is InboxState.HANDLED]
        assert events["received", subject] == 1
        assert events["changed", subject] == len(changes)
        assert events["withdrawn", subject] == (post.state is PostState.WITHDRAWN)
        # Whoever withdraws in the undo window withdraws what was approved.
        assert events["approved", subject] == (post.state is PostState.RELEASED) or (
            events["approved", subject] == 1 and post.state is PostState.WITHDRAWN
        )
    async with database.reading() as session:
        assert await audit.verify(session) > 0


def _is_edit_of(item: str, post: Post) -> bool:
    return item.startswith(f"{post.chat}.{post.message}.")


async def check_public(database: Database) -> None:
    """What was approved is public once, and nothing else is."""
    released = {post.number for post in await rows(database, Post, Post.state == PostState.RELEASED)}
    public = Counter(entry.number for entry in await rows(database, Entry))
    assert public == Counter(dict.fromkeys(released, 1))
    assert released


async def check_cards(database: Database, fake: FakeTelegram) -> int:
    """Each phone shows each of its posts on one living card that tells the truth; gives how many stand twice."""
    posts = {post.id: post for post in await rows(database, Post)}
    of_posts = col(Slot.kind).in_((SlotKind.AUTHOR, SlotKind.DECIDER))
    slots = await rows(database, Slot, of_posts, col(Slot.closed).is_(False))
    living = Counter((slot.chat, slot.subject) for slot in slots)
    assert set(living.values()) == {1}
    twice = 0
    for slot in slots:
        phone, number = fake.phone(int(slot.chat)), posts[slot.subject].number
        cards = {card.id: card for card in phone.cards() if card.text.partition(" ")[2].startswith(f"{number} · ")}
        main = int(slot.card_id.partition("+")[0])
        assert main in cards
        if posts[slot.subject].state is not PostState.WAITING:
            assert "Publish" not in cards[main].labels
        twice += len(cards) - 1
    return twice


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_five_hundred_updates_and_six_kills_of_the_program_lose_and_repeat_nothing(
    database: Database, tmp_path: Path
) -> None:
    async with FakeTelegram().serving() as fake:
        config = CONFIG.format(token=fake.token, base_url=fake.base_url, port=free_port(), config=ROOT / "config")
        (tmp_path / "patrol.toml").write_text(config, "utf-8")
        sent = await play(database, fake, tmp_path)
        await check_inbox(database, sent)
        await check_posts(database, sent)
        await check_public(database)
        assert await check_cards(database, fake) == 0
