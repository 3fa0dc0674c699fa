"""How soon the bot answers in chat, over a fake Telegram; that of two who approve at once, one wins; and that kill -9
in the middle of many interactions loses and repeats nothing.

    python benchmarks/chat.py [--quick] [--check]

The whole program runs in a process of its own and is spoken to as Telegram would. Receipt: from an officer's message
to the first sign of it on their phone; card: to the card from which a sergeant can publish (of a 12 MP photo: to the
covered picture). Agreement: from a sergeant's tap to the officer's card that tells of it. The races press the same
button twice at the same time, for two sergeants. The kills are those of tests/bot/test_whole_bot_killed.py, in greater
number. With --check the program exits with 1 when one of BARS is missed."""

import argparse
import asyncio
import io
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont
from sqlmodel import col, select

from benchmarks.bars.report import report
from bot import outbox, taps, wiring
from bot.desk import Caller, Desk
from bot.outbox import SlotKind
from moderation import approval, queue
from moderation.decision import Decision, DecisionKind
from moderation.post import Post, PostState
from shifts import roster, shift
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.refusal import Refusal
from shifts.roster_file import Roster
from shifts.state import AlreadyMoved
from tests.bot import test_whole_bot_killed as killed
from tests.fake_telegram.phone import Phone
from tests.fake_telegram.server import FakeTelegram
from tests.fake_telegram.world import Shown
from tests.ground import add_engine_tables, create_tables
from tests.journeys.stage import free_port, stage_settings

ROOT: Final = Path(__file__).parents[1]
BARS: Final = {
    "receipt of a text, p95 s": 1.0,
    "card of a text, p95 s": 2.0,
    "card of a 12 MP photo, p95 s": 5.0,
    "cards agree after a decision, p95 s": 2.0,
    "races without exactly one winner": 0.0,
    "ways in which kills were felt": 0.0,
}
MIXED: Final = {"message": 500, "edit": 180, "publish": 220, "drop": 100}
MIXED_QUICK: Final = {"message": 30, "edit": 10, "publish": 14, "drop": 6}
PATIENCE: Final = 120.0
PEOPLE: Final = {"lima-3": 1003, "sergeant-1": 1010}
APPROVERS: Final = ("sergeant-1", "sergeant-2")

CONFIG: Final = """
[force]
name = "Port Alba Police"
emergency.en = "Emergency? Call 112."
[chat_apps.telegram]
token = "{token}"
base_url = "{base_url}"
[networks.timeline]
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
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with FakeTelegram().serving() as fake, _program(fake, Path(folder)):
            officer, sergeant = fake.phone(PEOPLE["lima-3"]), fake.phone(PEOPLE["sergeant-1"])
            await _photo(officer, sergeant, _picture(640, 480), "Warming up.")
            await _finished(sergeant, "Warming up.")
            receipts, cards = await _texts(officer, sergeant, 10 if options.quick else 200)
            agreed = await _agreed(officer, sergeant, 5 if options.quick else 50)
            photos = await _photos(officer, sergeant, 1 if options.quick else 20)
        figures["receipt of a text, median s"] = statistics.median(receipts)
        figures["receipt of a text, p95 s"] = _p95(receipts)
        figures["card of a text, median s"] = statistics.median(cards)
        figures["card of a text, p95 s"] = _p95(cards)
        figures["cards agree after a decision, median s"] = statistics.median(agreed)
        figures["cards agree after a decision, p95 s"] = _p95(agreed)
        figures["card of a 12 MP photo, median s"] = statistics.median(photos)
        figures["card of a 12 MP photo, p95 s"] = _p95(photos)
        figures |= await _races(Path(folder) / "races", 30 if options.quick else 1000)
        mixed, kills = (MIXED_QUICK, 1) if options.quick else (MIXED, 12)
        figures |= await _killed(Path(folder) / "killed", mixed, kills)
    return report(figures, BARS, options.check, "10.2f")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages and races")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    return parser.parse_args()


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, int(len(seconds) * 0.95) - 1)] if len(seconds) > 2 else max(seconds)


@asynccontextmanager
async def _program(fake: FakeTelegram, folder: Path) -> AsyncIterator[None]:
    """The whole program with a live shift, an officer and a sergeant on it."""
    config = CONFIG.format(token=fake.token, base_url=fake.base_url, port=free_port(), config=ROOT / "config")
    (folder / "patrol.toml").write_text(config, "utf-8")
    (folder / "data").mkdir()
    await _begin(_database(folder / "data" / "patrol.sqlite"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        *("--config", str(folder / "patrol.toml"), "--data", str(folder / "data")),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def _database(path: Path) -> str:
    create_tables(f"sqlite:///{path}")
    url = f"sqlite+aiosqlite:///{path}"
    add_engine_tables(url)
    return url


async def _begin(url: str) -> None:
    database, now = Database(url), utc_now()
    async with database.transaction() as session:
        await roster.import_roster(session, Roster.load(ROOT / "config" / "roster.toml"), now)
        people = {person.id: person for person in await roster.everybody(session)}
        for name, account in PEOPLE.items():
            await roster.link(session, name, "telegram", str(account), str(account), now)
        planned = await shift.plan(session, "lima", "Night B", now, now + timedelta(hours=12), now)
        await shift.open_shift(session, planned, people["sergeant-1"], now)
        await shift.go_on(session, people["lima-3"], now)
    await database.close()


async def _texts(officer: Phone, sergeant: Phone, count: int) -> tuple[list[float], list[float]]:
    """Seconds to the receipt and to the card, of each message."""
    took = [await _text(officer, sergeant, number) for number in range(count)]
    return [receipt for receipt, _ in took], [card for _, card in took]


async def _text(officer: Phone, sergeant: Phone, number: int) -> tuple[float, float]:
    before = len(officer.cards())
    began = time.perf_counter()
    await officer.send_text(f"Stopped van number {number} on Harbour Road, plate AB12 CDE.")
    receipt = await _until(began, lambda: len(officer.cards()) > before)
    return receipt, await _until(began, lambda: _publishable(sergeant, f"van number {number} "))


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
    return await _until(began, lambda: any(words in card.text and _pictured(card) for card in sergeant.cards()))


async def _finished(sergeant: Phone, words: str) -> None:
    await _until(time.perf_counter(), lambda: _publishable(sergeant, words))


async def _agreed(officer: Phone, sergeant: Phone, count: int) -> list[float]:
    """Seconds from a sergeant's yes to the officer's card that tells of it."""
    took: dict[str, float] = {}
    while len(took) < count:
        # The next card comes down anew after each decision, so it is looked for each time.
        waiting = {_number(card): card for card in sergeant.cards() if "Publish" in card.labels}
        number, card = next((number, card) for number, card in waiting.items() if number not in took)
        took[number] = await _yes(officer, sergeant, number, card)
    return list(took.values())


async def _yes(officer: Phone, sergeant: Phone, number: str, card: Shown) -> float:
    began = time.perf_counter()
    await sergeant.tap("Publish", card.id)
    return await _until(began, lambda: _approved(officer, number))


def _number(card: Shown) -> str:
    return card.text.partition(" ·")[0].split()[-1]


def _approved(officer: Phone, number: str) -> bool:
    return any(_number(card) == number and "approved" in card.text for card in officer.cards() if " · " in card.text)


def _pictured(card: Shown) -> bool:
    return card.photo is not None


def _publishable(sergeant: Phone, words: str) -> bool:
    return any(words in card.text and "Publish" in card.labels for card in sergeant.cards())


async def _until(began: float, there: Callable[[], bool]) -> float:
    while not there():
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit("what was waited for never came")
        await asyncio.sleep(0.005)
    return time.perf_counter() - began


async def _races(folder: Path, count: int) -> dict[str, float]:
    """Two sergeants press Publish on the same card at the same time, again and again."""
    folder.mkdir()
    settings = stage_settings(_database(folder / "patrol.sqlite"), folder / "data")
    wrong, began = 0, time.perf_counter()
    async with wiring.open_program(settings, alone=True) as program:
        desk = program.desk(program.vault())
        callers = await _approvers(program.database)
        for number in range(count):
            wrong += not await _race(program.database, desk, callers, number)
    seconds = time.perf_counter() - began
    return {"races": count, "races without exactly one winner": wrong, "a race, mean ms": seconds / count * 1000}


async def _approvers(database: Database) -> list[Caller]:
    now = utc_now()
    async with database.transaction() as session:
        people = {person.id: person for person in await roster.everybody(session)}
        planned = await shift.plan(session, "lima", "Night B", now, now + timedelta(hours=12), now)
        opened = await shift.open_shift(session, planned, people[APPROVERS[0]], now)
        await shift.join(session, people[APPROVERS[1]], opened, now)
        return [Caller(people[name], (await roster.accounts(session, name))[0]) for name in APPROVERS]


async def _race(database: Database, desk: Desk, callers: list[Caller], number: int) -> bool:
    """Whether exactly one of them approved it, once."""
    now = utc_now()
    async with database.transaction() as session:
        post = await queue.receive(session, _green(number, now), now)
        await queue.prepared(session, post, "PASS", now)
        post.drafted = post.prepared = post.revision
        post.content = f"{number:064d}"
        slots = [await outbox.living(session, caller.account, SlotKind.DECIDER, post.id) for caller in callers]
        author = await session.get_one(Officer, post.author_id)
        seen = approval.seen(post, [], author.byline)
    pressed = [
        _press(database, desk, caller, f"{slot.id}.publish.{seen}.1")
        for caller, slot in zip(callers, slots, strict=True)
    ]
    yeses = await asyncio.gather(*pressed)
    async with database.reading() as session:
        after = await session.get_one(Post, post.id)
        statement = select(Decision.officer_id).where(
            Decision.post_id == post.id, col(Decision.kind) == DecisionKind.PUBLISH
        )
        decided = (await session.exec(statement)).all()
    return yeses.count(True) == 1 == len(decided) and after.state is PostState.APPROVED


async def _press(database: Database, desk: Desk, caller: Caller, token: str) -> bool:
    try:
        async with database.transaction() as session:
            await taps.press(session, desk, caller, token, utc_now())
    except (Refusal, AlreadyMoved):
        return False
    return True


async def _killed(folder: Path, updates: Mapping[str, int], kills: int) -> dict[str, float]:
    """Everybody writes, changes, drops and publishes at once while the program is killed again and again."""
    (folder / "data").mkdir(parents=True)
    database = Database(_database(folder / "data" / "patrol.sqlite"))
    await killed.begin(database)
    async with FakeTelegram().serving() as fake:
        told = {"token": fake.token, "base_url": fake.base_url, "port": free_port(), "config": ROOT / "config"}
        (folder / "patrol.toml").write_text(killed.CONFIG.format(**told), "utf-8")
        sent = await killed.play(database, fake, folder, updates, kills)
        felt = [
            await _felt(killed.check_inbox(database, sent, updates)),
            await _felt(killed.check_posts(database, sent)),
            await _felt(killed.check_public(database)),
            await _felt(killed.check_cards(database, fake)),
        ]
    await database.close()
    return {"mixed interactions": sum(updates.values()), "kills": kills, "ways in which kills were felt": sum(felt)}


async def _felt(check: Awaitable[object]) -> bool:
    """Whether something was lost, repeated or untrue."""
    try:
        await check
    except AssertionError as error:
        print(f"felt: {error}"[:300], file=sys.stderr)
        return True
    return False


def _green(number: int, now: datetime) -> Post:
    return Post(
        number=0, author_id="lima-3", shift_id=1, app="rehearsal", chat="lima-3", message=f"{number}", source_id="-",
        original_id="-", networks=["timeline"], text=f"All quiet, {number} times.", kind="advice", prepare_at=now,
        sent_at=now, received_at=now,
    )  # fmt: skip


def _picture(width: int, height: int) -> bytes:
    """A noisy night with a plate: nobody's photo, and no easier to decode than one."""
    chance = random.Random(214)
    image = Image.frombytes("RGB", (width // 8, height // 8), chance.randbytes(width // 8 * (height // 8) * 3))
    image = image.resize((width, height))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 3, height // 2, width // 3 + width // 6, height // 2 + height // 20), fill="#f2c530")
    draw.text((width // 3 + 8, height // 2 + 8), "AB12 CDE", fill="#101010", font=ImageFont.load_default(height // 28))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
