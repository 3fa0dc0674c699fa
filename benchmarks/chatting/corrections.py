"""How soon the words that correct a post stand wherever the wrong ones do: on the page, elsewhere under the post."""

import asyncio
import time
from typing import Final

from sqlmodel import select

from benchmarks.chatting.ground import PATIENCE, until
from shifts.database import Database
from shifts.timeline import Entry
from tests.fake_bluesky.server import FakeBluesky
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.world import Shown

AT_ONCE: Final = 5
WRONG: Final = "The time"
"""What was wrong, as a button says it."""


async def corrections(
    officer: Phone, sergeant: Phone, bluesky: FakeBluesky, database: Database, numbers: list[str]
) -> list[float]:
    """Seconds from `/correct N` to everywhere, with everything that people do in between and the undo window."""
    took: list[float] = []
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        for number in some:
            await _shown(officer, number, "published")
        took += await asyncio.gather(*(_correction(officer, sergeant, bluesky, database, one) for one in some))
    return took


async def _correction(officer: Phone, sergeant: Phone, bluesky: FakeBluesky, database: Database, number: str) -> float:
    began, words = time.perf_counter(), f"Checked {500 + int(number)} vans so far in Riverside."
    await officer.send_text(f"/correct {number}")
    card = await _card(officer, lambda shown: shown.text.startswith(f"{_sign(shown)}{number} · correction"), WRONG)
    await officer.tap(WRONG, card.id)
    await until(began, lambda: "Answer this message" in officer.chat.messages[card.id].text)
    await officer.send_text(words, card.id)
    while words not in " ".join(_texts(bluesky)) and time.perf_counter() - began < PATIENCE:
        await _agree(sergeant, words)
        await asyncio.sleep(0.5)
    await until(began, lambda: words in " ".join(_texts(bluesky)))
    await _shown(officer, number, "Corrected by")
    await _on_the_page(database, int(number), words)
    return time.perf_counter() - began


async def _agree(sergeant: Phone, words: str) -> None:
    """Press what a sergeant would: each word that is asked about stays, and it is published."""
    for card in [shown for shown in sergeant.cards() if words in shown.text]:
        label = next((label for label in card.labels if label.startswith("Keep “") or label == "Publish"), None)
        if label is not None:
            await sergeant.tap(label, card.id)


async def _card(phone: Phone, meant: object, label: str) -> Shown:
    assert callable(meant)
    await until(time.perf_counter(), lambda: any(meant(card) and label in card.labels for card in phone.cards()))
    return next(card for card in phone.cards() if meant(card) and label in card.labels)


def _sign(card: Shown) -> str:
    """A card begins with a sign of its colour."""
    sign, blank, _ = card.text.partition(" ")
    return sign + blank


def _shows(phone: Phone, number: str, words: str) -> bool:
    return any(card.text.startswith(f"{_sign(card)}{number} ·") and words in card.text for card in phone.cards())


def _texts(bluesky: FakeBluesky) -> list[str]:
    return [str(record.value["text"]) for record in bluesky.world.person("Patrol").records.values()]


async def _shown(phone: Phone, number: str, words: str) -> None:
    await until(time.perf_counter(), lambda: _shows(phone, number, words))


async def _on_the_page(database: Database, number: int, words: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with database.reading() as session:
                shown = (await session.exec(select(Entry.text).where(Entry.number == number))).all()
            if words in " ".join(shown):
                return
            await asyncio.sleep(0.02)
