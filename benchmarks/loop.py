"""How soon a sergeant sees what an officer sent, in the demo as anybody starts it, and what the demo weighs.

    python benchmarks/loop.py [--quick] [--check]

`tweetpatrol demo` runs in a process of its own; the phones are spoken to as the page in the browser does. With --check
the program exits with 1 when one of BARS is missed."""

import argparse
import asyncio
import io
import os
import random
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from yarl import URL

from benchmarks.bars.report import report
from benchmarks.media_video import clip
from tests.bot.rehearsal_client import PageClient, open_page

BARS: Final = {
    "text: message to card, median ms": 300.0,
    "12 MP photo: message to covered picture, median s": 5.0,
    "end of the undo window to the public page, median s": 2.0,
    "text while a video is covered: message to card, p95 s": 2.0,
}
MEMORY: Final = "idle memory of all processes, MB"
PATIENCE: Final = 120.0
UNDO_SECONDS: Final = 8.0


async def main() -> int:
    options = _options()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with _demo(Path(folder)) as (base, pid), AsyncExitStack() as stack:
            officer = Officer(base)
            sergeant = await stack.enter_async_context(open_page(base, "sergeant-1"))
            await _begin(officer, sergeant)
            await _warm(officer, sergeant)
            figures[MEMORY] = _tree_megabytes(pid)
            texts = await _texts(officer, sergeant, 20 if options.quick else 100)
            figures["text: message to card, median ms"] = statistics.median(texts) * 1000
            figures["text: message to card, p95 ms"] = _p95(texts) * 1000
            public = await _publishes(base, sergeant, 1 if options.quick else 8)
            figures["end of the undo window to the public page, median s"] = statistics.median(public)
            photos = await _photos(officer, sergeant, 1 if options.quick else 6)
            figures["12 MP photo: message to covered picture, median s"] = statistics.median(photos)
            if not options.quick:
                video = clip(np.asarray(Image.open(io.BytesIO(_picture(2560, 1440)))), 15.0)
                amid = await _texts_amid_video(officer, sergeant, video)
                figures["text while a video is covered: message to card, median s"] = statistics.median(amid)
                figures["text while a video is covered: message to card, p95 s"] = _p95(amid)
            figures["memory of all processes after that, MB"] = _tree_megabytes(pid)
    return report(figures, BARS, options.check, "10.1f")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages, and no video")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    return parser.parse_args()


@asynccontextmanager
async def _demo(folder: Path) -> AsyncIterator[tuple[URL, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--port", str(port), "--data", str(folder / "data")]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    base = URL(f"http://127.0.0.1:{port}")
    try:
        await _answers(base)
        yield base, process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def _answers(base: URL) -> None:
    deadline = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            try:
                async with session.get(base / "rehearsal") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
    raise SystemExit("the demo did not start")


class Officer:
    """An officer's phone, taken out for each message: a page that nobody reads is cut off in the end."""

    def __init__(self, base: URL) -> None:
        self._base = base

    async def send(self, words: str, photo: bytes | None = None) -> float:
        """Send a message; gives when that began."""
        async with open_page(self._base, "lima-3") as page:
            began = time.perf_counter()
            files = [] if photo is None else [await page.photo(photo)]
            await page.send(words, files)
        return began


async def _begin(officer: Officer, sergeant: PageClient) -> None:
    await sergeant.send("/open")
    await _until(sergeant, lambda card: card["title"].startswith("Night B · live"))
    await officer.send("/on")
    await _until(sergeant, lambda card: any("Lima 3" in line for line in card["lines"]))


async def _warm(officer: Officer, sergeant: PageClient) -> None:
    """One message and one small photo, so that everything is loaded."""
    await _photo(officer, sergeant, _picture(640, 480), "Warming up.")
    await asyncio.sleep(1.0)


async def _texts(officer: Officer, sergeant: PageClient, count: int) -> list[float]:
    seconds = []
    for number in range(count):
        words = f"Checked {number} vans so far on Harbour Road, plate AB12 CDE."
        began = await officer.send(words)
        await _until(sergeant, lambda card, n=number: f"Checked {n} vans" in _quote(card))
        seconds.append(time.perf_counter() - began)
    return seconds


async def _publishes(base: URL, sergeant: PageClient, count: int) -> list[float]:
    """Publish some of the posts; the undo window of the rehearsal is 8 seconds."""
    return [await _publish(base, sergeant, number) for number in range(count)]


async def _publish(base: URL, sergeant: PageClient, number: int) -> float:
    words = f"Checked {number} vans"
    waiting = [item for item in sergeant.items.values() if item["kind"] == "card" and words in _quote(item["card"])]
    button = next(b for row in waiting[0]["card"]["rows"] for b in row if b["label"] == "Publish")
    began = time.perf_counter()
    await sergeant.ask("tap", card=waiting[0]["id"], token=button["token"])
    await _until(sergeant, lambda card: words in _quote(card) and "Undo" in str(card["rows"]))
    async with aiohttp.ClientSession() as session:
        while time.perf_counter() - began < PATIENCE:
            async with session.get(base) as response:
                if words in await response.text():
                    return time.perf_counter() - began - UNDO_SECONDS
            await asyncio.sleep(0.02)
    raise SystemExit("the public page never showed it")


async def _photos(officer: Officer, sergeant: PageClient, count: int) -> list[float]:
    return [await _photo(officer, sergeant, _picture(4000, 3000), f"Photo number {n}.") for n in range(count)]


async def _texts_amid_video(officer: Officer, sergeant: PageClient, video: bytes) -> list[float]:
    """Messages, a second apart, from when a video of 720p is being covered until it is."""
    words = "A video."
    await officer.send(words, video)
    await _until(sergeant, lambda card: _quote(card) == words and any("%" in line for line in card["lines"]))
    seconds: list[float] = []
    while _shown(sergeant, lambda card: _quote(card) == words and any("%" in line for line in card["lines"])):
        said = f"Walked round number {len(seconds)} of the car parks."
        began = await officer.send(said)
        await _until(sergeant, lambda card, said=said: _quote(card) == said)
        seconds.append(time.perf_counter() - began)
        await asyncio.sleep(1.0)
    return seconds


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, int(len(seconds) * 0.95) - 1)]


async def _photo(officer: Officer, sergeant: PageClient, content: bytes, words: str) -> float:
    began = await officer.send(words, content)
    await _until(sergeant, lambda card: _quote(card) == words and bool(card["pictures"]))
    took = time.perf_counter() - began
    # The next one starts when this one is through its second look.
    await _until(sergeant, lambda card: _quote(card) == words and "Publish" in str(card["rows"]))
    return took


def _shown(page: PageClient, wanted: Any) -> bool:
    return any(item["kind"] == "card" and wanted(item["card"]) for item in page.items.values())


async def _until(page: PageClient, wanted: Any) -> None:
    def there() -> bool:
        return _shown(page, wanted)

    deadline = time.monotonic() + PATIENCE
    while not there():
        if time.monotonic() > deadline:
            raise SystemExit("a card never came")
        try:
            await page.when(there)
        except TimeoutError:
            continue


def _quote(card: dict[str, Any]) -> str:
    return "".join(piece["text"] for piece in card["quote"] or ())


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


def _tree_megabytes(pid: int) -> float:
    """The resident memory of the demo and of everything that it started (shared pages count in each)."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdecimal()}
    family, grown = {pid}, True
    while grown:
        born = {child for child, parent in parents.items() if parent in family} - family
        family, grown = family | born, bool(born)
    pages = sum(_pages(member) for member in family)
    return pages * os.sysconf("SC_PAGESIZE") / 1_000_000


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return -1


def _pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
