"""How soon the bot answers in chat, over a fake Telegram; that of two who approve at once, one wins; and that kill -9
in the middle of many interactions loses and repeats nothing.

    python benchmarks/chat.py [--quick] [--check]

The whole program runs in a process of its own and is spoken to as Telegram would. Receipt: from an officer's message
to the first sign of it on their phone; card: to the card from which a sergeant can publish (of a 12 MP photo: to the
covered picture). Agreement: from a sergeant's tap to the officer's card that tells of it. A correction: from `/correct`
to the page, Bluesky and the card of the first post, over both people's taps and the undo window. The races press the
same button at the same time, for two sergeants on two platforms. The kills are those of
tests/bot/test_whole_bot_killed.py, in greater number.
With --check the program exits with 1 when one of BARS is missed."""

import argparse
import asyncio
import io
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from benchmarks.bars.report import report
from benchmarks.chatting.corrections import corrections
from benchmarks.chatting.ground import ROOT, database_in, p95, until
from benchmarks.chatting.kills import MIXED, MIXED_QUICK, kills
from benchmarks.chatting.races import races
from shifts import roster, shift
from shifts.database import Database, utc_now
from shifts.roster_file import Roster
from tests.fake_bluesky.server import FakeBluesky, fake_bluesky
from tests.fake_bluesky.world import PASSWORD
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram
from tests.fake_telegram.world import Shown
from tests.journeys.stage import free_port

BARS: Final = {
    "receipt of a text, p95 s": 1.0,
    "card of a text, p95 s": 2.0,
    "card of a 12 MP photo, p95 s": 5.0,
    "cards agree after a decision, p95 s": 2.0,
    "a correction, from /correct to everywhere, p95 s": 30.0,
    "races without exactly one winner": 0.0,
    "races whose second was not told who was first": 0.0,
    "ways in which kills were felt": 0.0,
}
PEOPLE: Final = {"lima-3": 1003, "sergeant-1": 1010}


@dataclass(frozen=True)
class Counts:
    """How often each thing is done."""

    texts: int = 200
    decisions: int = 50
    photos: int = 20
    corrections: int = 20
    races: int = 1000
    kills: int = 12


QUICK: Final = Counts(texts=10, decisions=5, photos=1, corrections=3, races=30, kills=1)

CONFIG: Final = """
[force]
name = "Port Alba Police"
emergency.en = "Emergency? Call 112."
[chat_apps.telegram]
token = "{token}"
base_url = "{base_url}"
[networks.timeline]
[networks.bluesky]
identifier = "patrol.bsky.example"
app_password = "{password}"
service = "{service}"
[times]
scene_minutes = 0
jitter_minutes = 0
[web]
port = {port}
[files]
roster = "{config}/roster.toml"
places = "{config}"
languages = "{config}/languages"
"""


async def main() -> int:
    options = _options()
    counts = QUICK if options.quick else Counts()
    with tempfile.TemporaryDirectory() as folder:
        figures = await _played(Path(folder), counts)
        figures |= await races(Path(folder) / "races", counts.races)
        figures |= await kills(Path(folder) / "killed", MIXED_QUICK if options.quick else MIXED, counts.kills)
    return report(figures, BARS, options.check, "10.2f")


async def _played(folder: Path, counts: Counts) -> dict[str, float]:
    """What an officer and a sergeant see, and when."""
    took: dict[str, list[float]] = {}
    async with FakeTelegram().serving() as fake, fake_bluesky() as bluesky, _program(fake, bluesky, folder) as database:
        officer, sergeant = fake.phone(PEOPLE["lima-3"]), fake.phone(PEOPLE["sergeant-1"])
        await _photo(officer, sergeant, _picture(640, 480), "Warming up.")
        await _finished(sergeant, "Warming up.")
        took["receipt of a text"], took["card of a text"] = await _texts(officer, sergeant, counts.texts)
        agreed = await _agreed(officer, sergeant, counts.decisions)
        took["cards agree after a decision"] = list(agreed.values())
        took["card of a 12 MP photo"] = await _photos(officer, sergeant, counts.photos)
        numbers = [number for number in agreed if _corrigible(officer, number)][: counts.corrections]
        took["a correction, from /correct to everywhere"] = await corrections(
            officer, sergeant, bluesky, database, numbers
        )
    figures: dict[str, float] = {}
    for name, seconds in took.items():
        figures |= {f"{name}, median s": statistics.median(seconds), f"{name}, p95 s": p95(seconds)}
    return figures


def _corrigible(officer: Phone, number: str) -> bool:
    """Whether it is one of the texts: a photo is not among those that are corrected here."""
    return any(_number(card) == number and "vans so far" in card.text for card in officer.cards())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages and races")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    return parser.parse_args()


@asynccontextmanager
async def _program(fake: FakeTelegram, bluesky: FakeBluesky, folder: Path) -> AsyncIterator[Database]:
    """The whole program with a live shift, an officer and a sergeant on it."""
    telegram = {"token": fake.token, "base_url": fake.base_url, "port": free_port(), "config": ROOT / "config"}
    config = CONFIG.format(**telegram, service=bluesky.base_url, password=PASSWORD)
    (folder / "patrol.toml").write_text(config, "utf-8")
    (folder / "data").mkdir()
    database = Database(database_in(folder / "data"))
    await _begin(database)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        *("--config", str(folder / "patrol.toml"), "--data", str(folder / "data")),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield database
    finally:
        process.terminate()
        await process.wait()
        await database.close()


async def _begin(database: Database) -> None:
    now = utc_now()
    async with database.transaction() as session:
        await roster.import_roster(session, Roster.load(ROOT / "config" / "roster.toml"), now)
        people = {person.id: person for person in await roster.everybody(session)}
        for name, account in PEOPLE.items():
            await roster.link(session, name, "telegram", str(account), str(account), now)
        planned = await shift.plan(session, "lima", "Night B", now, now + timedelta(hours=12), now)
        await shift.open_shift(session, planned, people["sergeant-1"], now)
        await shift.go_on(session, people["lima-3"], now)


async def _texts(officer: Phone, sergeant: Phone, count: int) -> tuple[list[float], list[float]]:
    """Seconds to the receipt and to the card, of each message."""
    took = [await _text(officer, sergeant, number) for number in range(count)]
    return [receipt for receipt, _ in took], [card for _, card in took]


async def _text(officer: Phone, sergeant: Phone, number: int) -> tuple[float, float]:
    before = len(officer.cards())
    began = time.perf_counter()
    await officer.send_text(f"Checked {number} vans so far on Harbour Road, plate AB12 CDE.")
    receipt = await until(began, lambda: len(officer.cards()) > before)
    return receipt, await until(began, lambda: _publishable(sergeant, f"Checked {number} vans"))


async def _photos(officer: Phone, sergeant: Phone, count: int) -> list[float]:
    """Each is sent when the one before has been through its second look."""
    picture, took = _picture(4000, 3000), []
    for number in range(count):
        if number:
            await _finished(sergeant, f"Photo number {number - 1}, all quiet.")
        took.append(await _photo(officer, sergeant, picture, f"Photo number {number}, all quiet."))
    return took


async def _photo(officer: Phone, sergeant: Phone, picture: bytes, words: str) -> float:
    """Seconds to the covered picture."""
    began = time.perf_counter()
    await officer.send_document(picture, "night.jpg", "image/jpeg", words)
    return await until(began, lambda: any(words in card.text and _pictured(card) for card in sergeant.cards()))


async def _finished(sergeant: Phone, words: str) -> None:
    await until(time.perf_counter(), lambda: _publishable(sergeant, words))


async def _agreed(officer: Phone, sergeant: Phone, count: int) -> dict[str, float]:
    """Seconds from a sergeant's yes to the officer's card that tells of it, by the number of the post."""
    took: dict[str, float] = {}
    while len(took) < count:
        # The next card comes down anew after each decision, so it is looked for each time.
        await until(time.perf_counter(), lambda: bool(_undecided(sergeant, took)))
        number, card = next(iter(_undecided(sergeant, took).items()))
        took[number] = await _yes(officer, sergeant, number, card)
    return took


def _undecided(sergeant: Phone, took: dict[str, float]) -> dict[str, Shown]:
    texts = [card for card in sergeant.cards() if "vans so far" in card.text and "Publish" in card.labels]
    waiting = {_number(card): card for card in texts}  # noise looks like a small face at times, which takes a tick
    return {number: card for number, card in waiting.items() if number not in took}


async def _yes(officer: Phone, sergeant: Phone, number: str, card: Shown) -> float:
    began = time.perf_counter()
    await sergeant.tap("Publish", card.id)
    return await until(began, lambda: _approved(officer, number))


def _number(card: Shown) -> str:
    return card.text.partition(" ·")[0].split()[-1]


def _approved(officer: Phone, number: str) -> bool:
    return any(_number(card) == number and "approved" in card.text for card in officer.cards() if " · " in card.text)


def _pictured(card: Shown) -> bool:
    return card.photo is not None


def _publishable(sergeant: Phone, words: str) -> bool:
    return any(words in card.text and "Publish" in card.labels for card in sergeant.cards())


def _picture(width: int, height: int) -> bytes:
    """A noisy night with a lit sign: nobody's photo, and no easier to decode than one."""
    chance = random.Random(214)
    image = Image.frombytes("RGB", (width // 8, height // 8), chance.randbytes(width // 8 * (height // 8) * 3))
    image = image.resize((width, height))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 3, height // 2, width // 3 + width // 6, height // 2 + height // 20), fill="#f2c530")
    draw.text((width // 3 + 8, height // 2 + 8), "OPEN LATE", fill="#101010", font=ImageFont.load_default(height // 28))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
