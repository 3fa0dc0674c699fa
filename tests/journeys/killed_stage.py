"""The stage of the killed journeys: a program that dies and is started again, and its people."""

import asyncio
import os
import secrets
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
from sqlalchemy import text
from sqlmodel import col, select

from bot.chat_app import Button, Card, CardId, ChatId
from bot.delivery import Delivery, DeliveryState
from bot.inbox import InboxItem, InboxState
from bot.outbox import Slot
from bot.rehearsal.item import Item
from bot.rehearsal.platform import Platform, open_platform
from moderation import audit
from moderation.audit import AuditEntry
from moderation.post import Post
from moderation.vault import key_from_file
from shifts.database import Database
from shifts.timeline import Entry
from shifts.words import Words
from tests.journeys.killed_program import WHERE_ARE_YOU, Kill, Start
from tests.journeys.stage import free_port

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 120.0
"""For what never comes; two busy cores may take a minute over what takes a second alone."""
PRESS_AGAIN: Final = 4.0


async def until(look: Callable[[], Awaitable[bool]], complaint: Callable[[], str], patience: float = PATIENCE) -> None:
    """Look again and again until it is so. Raises AssertionError."""
    deadline = asyncio.get_running_loop().time() + patience
    while not await look():
        assert asyncio.get_running_loop().time() < deadline, complaint()
        await asyncio.sleep(0.03)


class Garage:
    """The process that starts programs quickly."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._started: asyncio.Queue[int] = asyncio.Queue()
        self._ended: dict[int, asyncio.Future[int]] = {}

    async def start(self, start: Start) -> int:
        """Start a program; gives its pid. If nobody waits for it any more it is ended, and taken for no later one."""
        assert self._process.stdin is not None
        self._process.stdin.write(start.line())
        starting = asyncio.ensure_future(self._started.get())
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            os.kill(await starting, signal.SIGKILL)
            raise

    async def ended(self, pid: int) -> int:
        """Wait until it has ended; gives how (negative: the signal)."""
        return await asyncio.shield(self._end_of(pid))

    def _end_of(self, pid: int) -> asyncio.Future[int]:
        return self._ended.setdefault(pid, asyncio.get_running_loop().create_future())

    async def listen(self) -> None:
        """Hear what the process says."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said, pid, *how = line.decode().split()
            if said == "started":
                self._started.put_nowait(int(pid))
            else:
                self._end_of(int(pid)).set_result(int(how[0]))


@asynccontextmanager
async def garage() -> AsyncIterator[Garage]:
    """Load the program once."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.journeys.killed_program", cwd=ROOT, stdin=-1, stdout=-1
    )
    assert process.stdout is not None
    assert process.stdin is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"loaded\n"
    opened = Garage(process)
    listening = asyncio.create_task(opened.listen())
    try:
        yield opened
    finally:
        process.stdin.close()
        await process.wait()
        await listening


class Patrol:
    """One program over its lives: started again whenever it was killed, until the curtain falls."""

    def __init__(self, garage: Garage, data: Path, kills: Sequence[Kill], times: Mapping[str, float]) -> None:
        self._garage = garage
        self.data = data
        self._kills = list(kills)
        self._times = dict(times)
        self.port = free_port()
        self.pid = 0
        self.deaths = 0
        self.report = data.parent / f"{data.name}.report"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def live(self) -> None:
        """Start, and start again after every kill; any other end is a mistake of the program."""
        while True:
            kill = self._kills.pop(0) if self._kills else None
            self.pid = await self._garage.start(Start(str(self.data), self.port, str(self.report), self._times, kill))
            how = await self._garage.ended(self.pid)
            if how != -9:
                raise AssertionError(f"the program ended with {how}: {self._log()}")
            self.deaths += 1

    def lines(self, word: str) -> list[tuple[str, int]]:
        """What the report says: where each life `passed` a mark after how many steps, or was `killed`."""
        if not self.report.exists():
            return []
        told = [line.split() for line in self.report.read_text("ascii").splitlines()]
        return [(mark, int(steps)) for said, mark, steps in told if said == word]

    async def story(self) -> str:
        """What the program of now did and is doing: the end of its log, and where everything in it stands."""
        with suppress(ProcessLookupError):
            for question in WHERE_ARE_YOU:
                os.kill(self.pid, question)
                await asyncio.sleep(1)
        return f"{self.report.read_text('ascii')[-1000:]}\n{self._log(30_000)}"

    def _log(self, length: int = 2000) -> str:
        return self.report.with_suffix(".log").read_text("utf-8", "replace")[-length:]


class KilledStage:
    """Everything that a journey looks at, over the lives of its program."""

    def __init__(self, patrol: Patrol, platform: Platform, database: Database, words: Words) -> None:
        self.patrol = patrol
        self.platform = platform
        self.database = database
        self.words = words

    def phone(self, account: str) -> "KilledPhone":
        return KilledPhone(self, account)

    async def rows(self, table: type[Any], *conditions: Any) -> list[Any]:
        async with self.database.reading() as session:
            return list((await session.exec(select(table).where(*conditions))).all())

    async def settled(self) -> None:
        """Wait until nothing is on its way: inbox, cards and deliveries."""

        async def look() -> bool:
            return not (
                await self.rows(InboxItem, InboxItem.state == InboxState.NEW)
                or await self.rows(Slot, col(Slot.closed).is_(False), col(Slot.wanted) > col(Slot.shown))
                or await self.rows(
                    Delivery,
                    col(Delivery.state).in_(
                        (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR, DeliveryState.RECALLING)
                    ),
                )
            )

        await until(look, lambda: "it never settled", PATIENCE)

    async def public(self, number: int) -> tuple[int, int]:
        """How often the public sees a post: on the timeline, and on the rehearsal's network."""
        entries = await self.rows(Entry, Entry.number == number)
        posts = [post for post in await self.platform.public.posts() if post.number == number]
        return len(entries), len(posts)

    async def died(self) -> bool:
        return self.patrol.deaths > 0

    async def events(self, number: int) -> Counter[str]:
        """How often the audit says what of a post."""
        return Counter(row.event for row in await self.rows(AuditEntry, AuditEntry.subject == f"post {number}"))

    async def jobs(self, name: str) -> int:
        """How often the durable engine was asked for a job."""
        async with self.database.reading() as session:
            counted = text("SELECT count(*) FROM workflow_status WHERE name = :name")
            connection = await session.connection()
            return int((await connection.execute(counted, {"name": name})).scalar_one())

    async def check(self, posts: int, *people: str) -> None:
        """What holds after every journey, however often the program died on it."""
        await self.settled()
        assert [row.number for row in await self.rows(Post)] == list(range(1, posts + 1))
        assert await self.rows(InboxItem, InboxItem.state == InboxState.FAILED) == []
        async with self.database.reading() as session:
            assert await audit.verify(session) > 0
        heard = Counter((row.event, row.subject) for row in await self.rows(AuditEntry, AuditEntry.event == "received"))
        assert set(heard.values()) <= {1}
        for account in people:
            await self._check_phone(self.phone(account))

    async def _check_phone(self, phone: "KilledPhone") -> None:
        """Each card stands there once, and nothing is said twice."""
        titles = Counter(card.title for _, card in await phone.cards())
        assert [title for title, times in titles.items() if times > 1] == []
        living = {row.card_id for row in await self.rows(Slot, Slot.chat == phone.chat, col(Slot.closed).is_(False))}
        notices = {row.card_id for row in await self.rows(Slot, Slot.chat == phone.chat, col(Slot.closed).is_(True))}
        assert {card for card, _ in await phone.cards()} <= living | notices


class KilledPhone:
    """One person's phone. Whoever finds the program dead tries again, as the real page does."""

    def __init__(self, stage: KilledStage, account: str) -> None:
        self._stage = stage
        self.chat = ChatId(account)

    async def send(self, text: str, *photos: bytes) -> None:
        files = [{"kind": "photo", "ref": await self._upload(photo), "name": "night.jpg"} for photo in photos]
        await self._ask("send", text=text, files=files)

    async def edit(self, item: str, text: str) -> None:
        await self._ask("edit", message=item, text=text)

    async def press(self, card: CardId, token: str) -> None:
        await self._ask("tap", card=card, token=token)

    async def citizen_answers(self, post: str, text: str) -> None:
        await self._ask("reply", post=post, name="Ada Example", text=text)

    async def answer(self, ask: str, text: str) -> None:
        """Answer the card that asks this."""
        card = next(card_id for card_id, card in await self.cards() if card.ask and card.ask.label == self._say(ask))
        await self._ask("send", text=text, files=[], answers=card)

    async def asks(self, key: str) -> bool:
        """Whether a card here asks this."""
        return any(card.ask and card.ask.label == self._say(key) for _, card in await self.cards())

    async def items(self) -> list[Item]:
        return await self._stage.platform.phones.history(self.chat)

    async def cards(self) -> list[tuple[CardId, Card]]:
        return [(CardId(item.id), item.content) for item in await self.items() if isinstance(item.content, Card)]

    async def sees(self, key: str, **fields: object) -> None:
        """Wait for a card that says this."""
        sentence = self._say(key, **fields)

        async def look() -> bool:
            return any(sentence in text for _, c in await self.cards() for text in (c.title, *c.lines))

        await until(look, lambda: f"{self.chat} never saw {key}: {self._stage.patrol.lines('killed')}", PATIENCE)

    async def taps_until(self, key: str, done: Callable[[], Any], what: str) -> None:
        """Press the button with this label whenever it is there, as a person does who sees nothing happen."""
        pressed_at: float | None = None

        async def look() -> bool:
            nonlocal pressed_at
            if await done():
                return True
            now = asyncio.get_running_loop().time()
            if pressed_at is None or now - pressed_at > PRESS_AGAIN:
                found = await self._button(key)
                if found is not None:
                    pressed_at = now
                    await self.press(found[0], found[1].token)
            return False

        await until(look, lambda: f"{what}: {self._stage.patrol.lines('killed')}", PATIENCE)

    async def offers(self, key: str) -> bool:
        """Whether a card here still has this button."""
        return await self._button(key) is not None

    async def _button(self, key: str) -> tuple[CardId, Button] | None:
        label = self._say(key)
        for card_id, card in reversed(await self.cards()):
            for button in (b for row in card.rows for b in row):
                if button.label == label or button.label.endswith(f" {label}"):
                    return card_id, button
        return None

    def _say(self, key: str, **fields: object) -> str:
        return self._stage.words.say(key, "en", **fields)

    async def _upload(self, photo: bytes) -> str:
        url = f"{self._stage.patrol.url}/rehearsal/upload?chat={self.chat}"
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError, ConnectionError):
                    async with session.post(url, data=photo, headers={"Origin": self._stage.patrol.url}) as answer:
                        return str((await answer.json())["ref"])
                await asyncio.sleep(0.05)

    async def _ask(self, deed: str, **fields: object) -> None:
        form = {"do": deed, "chat": self.chat, "nonce": secrets.token_hex(8), **fields}
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            while not await self._asked(session, form):  # noqa: ASYNC110  another process comes back
                await asyncio.sleep(0.05)

    async def _asked(self, session: aiohttp.ClientSession, form: dict[str, object]) -> bool:
        """Whether the program said that it is done. It may be done unsaid: the nonce makes asking again safe."""
        base = self._stage.patrol.url
        try:
            async with session.ws_connect(f"{base}/rehearsal/live", origin=base) as socket:
                await socket.send_json(form)
                async for frame in socket:
                    told = frame.json()
                    if told.get("nonce") == form["nonce"]:
                        assert told["is"] == "done", told
                        return True
        except (aiohttp.ClientError, ConnectionError):
            return False
        return False


@asynccontextmanager
async def play_killed(
    garage: Garage, template: Path, data: Path, kills: Sequence[Kill], times: Mapping[str, float]
) -> AsyncIterator[KilledStage]:
    """Play on a copy of a night that has begun already; the night itself stays as it was."""
    shutil.copytree(template, data)
    patrol = Patrol(garage, data, kills, times)
    database = Database(f"sqlite+aiosqlite:///{data}/patrol.sqlite")
    async with open_platform(data / "rehearsal.sqlite", key_from_file(data / "vault.key")) as platform:
        stage = KilledStage(patrol, platform, database, Words.load(ROOT / "config" / "languages"))
        played = asyncio.current_task()
        living = asyncio.create_task(patrol.live())
        # A program that ends by itself ends the journey at once, not after everybody's patience.
        living.add_done_callback(lambda task: played.cancel() if played and not task.cancelled() else None)
        try:
            yield stage
        except (AssertionError, BaseExceptionGroup) as error:
            error.add_note(await patrol.story())
            raise
        finally:
            living.cancel()
            await asyncio.wait([living])  # a start that is under way ends first
            await _end(garage, patrol)
            await database.close()
            if living.done() and not living.cancelled():
                living.result()


async def _end(garage: Garage, patrol: Patrol) -> None:
    """End the program that is alive now, by its id; everything is on the disk."""
    if patrol.pid:
        with suppress(ProcessLookupError):
            os.kill(patrol.pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            await garage.ended(patrol.pid)
