"""The stage of the journeys: the real program in this process, played on the rehearsal's phones."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from sqlmodel import select

from bot import delivery, settings, wiring
from bot.chat_app import AccountId, AttachmentKind, Button, Card, CardId, ChatId
from bot.demo import plan_a_shift
from bot.rehearsal.item import Item, Sent, SentFile
from bot.rehearsal.platform import Platform
from bot.settings import Settings
from bot.wiring import Program
from moderation.post import Post, PostState
from shifts.database import utc_now

T = TypeVar("T")
A_MINUTE_TO_UNDO = pytest.mark.parametrize("times", [{"undo_seconds": 60.0}], ids=["a minute to undo"])
"""However slow the machine is, nothing leaves before the test lets that minute pass (`Stage.undo_is_over`)."""
CONFIG = Path(__file__).parents[2] / "config" / "rehearsal" / "patrol.toml"
PATIENCE = 30.0
PICTURES = 100.0
TIMES: Mapping[str, Any] = {"undo_seconds": 0.5, "album_seconds": 0.3}


class Phone:
    """One person's phone: what they send, and the cards that they see."""

    def __init__(self, stage: "Stage", account: str, language: str) -> None:
        self._stage = stage
        self.account = AccountId(account)
        self.chat = ChatId(account)
        self.language = language

    async def send(self, text: str = "", *photos: bytes, answers: CardId | None = None, as_file: bool = False) -> str:
        """Send a message; gives its id on the phone."""
        platform = self._stage.platform
        kind = AttachmentKind.FILE if as_file else AttachmentKind.PHOTO
        files = []
        for photo in photos:
            ref = await platform.uploads.add(self.chat, photo, utc_now())
            files.append(SentFile(kind, ref, size=len(photo)))
        sent = Sent(text, tuple(files), answers)
        item = await platform.phones.send(self.account, sent, secrets.token_hex(8), utc_now())
        platform.arrived.set()
        assert item is not None
        return item.id

    async def edit(self, item: str, text: str) -> None:
        """Change the text of an earlier message."""
        await self._stage.platform.phones.edit(self.account, item, text, secrets.token_hex(8), utc_now())
        self._stage.platform.arrived.set()

    async def items(self) -> list[Item]:
        return await self._stage.platform.phones.history(self.chat)

    async def cards(self) -> list[tuple[CardId, Card]]:
        """The cards on the phone, the newest last."""
        return [(CardId(i.id), i.content) for i in await self.items() if isinstance(i.content, Card)]

    async def card(
        self, shows: Callable[[Card], bool], what: str = "", patience: float = PATIENCE
    ) -> tuple[CardId, Card]:
        """Wait for a card of which that is true."""
        last: list[Card] = []

        async def look() -> tuple[CardId, Card] | None:
            nonlocal last
            cards = await self.cards()
            last = [card for _, card in cards]
            return next(((i, c) for i, c in reversed(cards) if shows(c)), None)

        return await eventually(look, lambda: f"{self.account} never saw {what or 'that card'}: {last}", patience)

    def says(self, key: str, **fields: object) -> str:
        """A sentence of ours as this person reads it."""
        return self._stage.words.say(key, self.language, **fields)

    async def reads(self, key: str, **fields: object) -> Card:
        """Wait for a sentence of ours, on any part of any card."""
        sentence = self.says(key, **fields)
        _, card = await self.card(lambda c: sentence in (c.title, *c.lines) or sentence in c.title, key)
        return card

    async def sees(self, key: str, number: int | None = None) -> Card:
        """Wait for a card whose title says this (and names this post)."""
        sentence = self._stage.words.say(key, self.language)
        start = "" if number is None else f"{number} "
        _, card = await self.card(lambda c: sentence in c.title and c.title.startswith(start), key)
        return card

    async def tap(self, key: str, number: int | None = None, patience: float = PATIENCE, **fields: object) -> CardId:
        """Wait for a button with this label and press it."""
        label = self._stage.words.say(key, self.language, **fields)

        def has(card: Card) -> bool:
            return self.button(card, label) is not None and (number is None or card.title.startswith(f"{number} "))

        card_id, card = await self.card(has, f"a button {label}", patience)
        pressed = self.button(card, label)
        assert pressed is not None
        await self.press(card_id, pressed.token)
        return card_id

    async def press(self, card: CardId, token: str) -> None:
        """Press a button by its token, stale or not."""
        await self._stage.platform.phones.tap(self.account, card, token, secrets.token_hex(8), utc_now())
        self._stage.platform.arrived.set()

    def button(self, card: Card, label: str) -> Button | None:
        return next((b for row in card.rows for b in row if b.label == label or b.label.endswith(f" {label}")), None)


class Stage:
    """The running program and the people who play."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.words = program.words
        self.database = program.database
        assert program.platform is not None
        self.platform: Platform = program.platform
        self.url = f"http://127.0.0.1:{program.settings.web.port}"

    def phone(self, account: str) -> Phone:
        person = next((p for p in self.program.people if p.account == account.partition("+")[0]), None)
        return Phone(self, account, person.language if person else "en")

    async def open_shift(self, *officers: str) -> Phone:
        """A sergeant opens the shift and these officers go on it. Gives the sergeant's phone."""
        sergeant = self.phone("sergeant-1")
        await sergeant.tap("shift_card.button.open")
        await sergeant.sees("shift_card.state.live")
        for officer in officers:
            phone = self.phone(officer)
            await phone.send("/on")
            await phone.reads("command.on", shift="Night B")
        return sergeant

    async def page(self, path: str = "/") -> str:
        """A public page as a reader gets it."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            return await response.text()

    async def public(self, shows: Callable[[str], bool], path: str = "/") -> str:
        """Wait until a public page shows something."""

        async def look() -> str | None:
            text = await self.page(path)
            return text if shows(text) else None

        return await eventually(look, lambda: f"{path} never showed it")

    async def undo_is_over(self) -> None:
        """The time to undo has passed for all that is approved."""
        async with self.database.transaction() as session:
            now = utc_now()
            posts = await session.exec(select(Post).where(Post.state == PostState.APPROVED).with_for_update())
            for post in posts.all():
                post.undo_until = now
                for row in await delivery.of_post(session, post.id or 0):
                    row.due_at = now


async def eventually(
    look: Callable[[], Awaitable[T | None]], complaint: Callable[[], str], patience: float = PATIENCE
) -> T:
    """Look again and again until there is something to see."""
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        seen = await look()
        if seen is not None:
            return seen
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(complaint())
        await asyncio.sleep(0.03)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stage_settings(database_url: str, data: Path, **times: Any) -> Settings:
    """The rehearsal's settings with a short undo window, on a database and a folder of this test's own."""
    port = free_port()
    loaded = settings.load(CONFIG, data, {settings.DATABASE: database_url})
    return loaded.model_copy(
        update={
            "web": loaded.web.model_copy(update={"port": port}),
            "force": loaded.force.model_copy(update={"public_url": f"http://127.0.0.1:{port}"}),
            "times": loaded.times.model_copy(update={**TIMES, **times}),
            "moderation": loaded.moderation.model_copy(update={"warm": False, "models": False}),
        }
    )


@asynccontextmanager
async def play(loaded: Settings) -> AsyncIterator[Stage]:
    """Run the whole program in this process for as long as the block lasts."""
    stop = asyncio.Event()
    async with wiring.open_program(loaded, alone=True) as program:
        await plan_a_shift(program)
        running = asyncio.create_task(wiring.run(program, wiring.PROCESSES, stop, "journey"))
        played = asyncio.current_task()
        # A program that cannot start ends the journey at once, not after everybody's patience.
        running.add_done_callback(lambda _: played.cancel() if played and not stop.is_set() else None)
        try:
            yield Stage(program)
        finally:
            stop.set()
            await running
