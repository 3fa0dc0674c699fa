"""How much public the timeline bears on one core: pages a second, and how soon a thousand readers see a post.

    python benchmarks/timeline.py [--quick] [--check]

The website runs in this process, those who ask run in another one on the same machine. Without --quick five
thousand readers are tried as well. With --check the program exits with 1 when one of BARS is missed."""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import aiohttp
import uvloop
from aiohttp import web
from sqlmodel import SQLModel

from shifts import timeline
from shifts.database import Database, utc_now
from shifts.shift import Shift, ShiftState
from shifts.timeline import Entry
from shifts.website.site import CHANGES, STREAM, SiteSettings, make_site, site_runner
from shifts.words import Words

LANGUAGES: Final = Path(__file__).resolve().parent.parent / "config" / "languages"

BARS: Final = {
    "pages a second, gzip": (">=", 4000.0),
    "pages a second, 304": (">=", 4000.0),
    "1000 readers, p50 ms": ("<=", 50.0),
    "1000 readers, p99 ms": ("<=", 200.0),
    "1000 readers, KB each": ("<=", 25.0),
}
"""Far from the best that was measured: two cores may be busy with other things."""

CONNECTIONS: Final = 32


class NoAreas:
    """The benchmark's posts name one area."""

    def public_name(self, area: str, language: str) -> str:
        return f"{area} ({language})"


# The side that asks, in a process of its own.


class Asking(asyncio.Protocol):
    """One keep-alive connection that asks for the same page again and again."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answers = 0
        self.missing = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            head, _, body = data.partition(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self.missing = int(length or 0) - len(body)
        if self.missing == 0:
            self.answers += 1
            assert self.transport is not None
            self.transport.write(self.request)


async def ask_pages(port: int, seconds: float, etag: str) -> None:
    """Print how many answers a second came."""
    lines = ["GET / HTTP/1.1", "Host: patrol.example", "Accept-Encoding: gzip", "Accept-Language: en-GB"]
    lines += [f"If-None-Match: {etag}"] if etag else []
    request = "\r\n".join([*lines, "", ""]).encode()
    loop = asyncio.get_running_loop()
    asking = []
    for _ in range(CONNECTIONS):
        _, one = await loop.create_connection(lambda: Asking(request), "127.0.0.1", port)
        asking.append(one)
    await asyncio.sleep(0.5)
    before, started = sum(one.answers for one in asking), time.monotonic()
    await asyncio.sleep(seconds)
    print((sum(one.answers for one in asking) - before) / (time.monotonic() - started))


@dataclass
class Arrivals:
    """When each post came to each reader."""

    greeted: int = 0
    times: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))


class Reading(asyncio.Protocol):
    """One reader of the live stream."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals
        self.greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(
            b"GET /live HTTP/1.1\r\nHost: patrol.example\r\nAccept-Language: en\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if not self.greeted and b"retry:" in data:
            self.greeted = True
            self.arrivals.greeted += 1
        for part in data.split(b'"number":')[1:]:
            self.arrivals.times[int(part.partition(b",")[0])].append(now)


async def read_stream(port: int, readers: int) -> None:
    """Print "ready", and when the input ends all arrivals."""
    arrivals = Arrivals()
    loop = asyncio.get_running_loop()
    for _ in range(readers):
        await loop.create_connection(lambda: Reading(arrivals), "127.0.0.1", port)
    for _ in range(600):
        if arrivals.greeted == readers:
            break
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(arrivals.times))


# The side that answers.


@asynccontextmanager
async def website(folder: Path) -> AsyncIterator[tuple[web.Application, Database, int]]:
    """The website on a free port, with a shift that has posted forty times."""
    database = Database(f"sqlite+aiosqlite:///{folder}/timeline.db")
    async with database.engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    now = utc_now()
    async with database.transaction() as session:
        session.add(Shift(id=1, unit="night", name="Night B", state=ShiftState.LIVE, starts_at=now, ends_at=now))
    for number in range(40):
        await post(database, number)
    settings = SiteSettings(
        "Port Alba Police", "https://patrol.example", "UTC", {"en": "Call 112."}, folder, readers_per_address=20_000
    )
    application = make_site(settings, database, NoAreas(), Words.load(LANGUAGES))
    runner = site_runner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    try:
        yield application, database, runner.addresses[0][1]
    finally:
        await runner.cleanup()
        await database.close()


async def post(database: Database, number: int) -> None:
    text = f"Post {number}: the road by the harbour is closed towards the centre after a spill, please go round."
    async with database.transaction() as session:
        await timeline.publish(
            session,
            Entry(
                key=f"key-{number}",
                number=number,
                shift_id=1,
                kind="traffic",
                language="en",
                text=text,
                area="Riverside",
                byline="Lima 3",
                published_at=utc_now(),
            ),
        )


async def other_process(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, __file__, *arguments, stdin=pipe, stdout=pipe, limit=2**26
    )


async def pages_a_second(port: int, seconds: float, etag: str = "") -> float:
    asking = await other_process("--ask", str(port), str(seconds), etag)
    said, _ = await asking.communicate()
    return float(said)


async def etag_of(port: int) -> str:
    headers = {"Accept-Encoding": "gzip", "Accept-Language": "en-GB"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/", headers=headers) as response,
    ):
        return response.headers["ETag"]


def memory_kb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1024


async def fan_out(
    application: web.Application, database: Database, port: int, readers: int, posts: int
) -> dict[str, float]:
    """Milliseconds from commit to each reader, and what a reader costs."""
    before = memory_kb()
    reading = await other_process("--read", str(port), str(readers))
    assert reading.stdout is not None
    await reading.stdout.readline()
    await asyncio.sleep(0.5)
    each = (memory_kb() - before) / readers
    assert len(application[STREAM]) == readers
    committed: dict[int, float] = {}
    for number in range(readers * 1000, readers * 1000 + posts):
        await post(database, number)
        committed[number] = time.monotonic()
        application[CHANGES].nudge()
        await asyncio.sleep(0.3)
    said, _ = await reading.communicate(b"")
    arrived = {int(number): times for number, times in json.loads(said).items()}
    assert all(len(arrived[number]) == readers for number in committed), "a reader missed a post or saw it twice"
    waits = sorted(1000 * (at - committed[number]) for number in committed for at in arrived[number])
    return {
        f"{readers} readers, p50 ms": waits[len(waits) // 2],
        f"{readers} readers, p99 ms": waits[len(waits) * 99 // 100],
        f"{readers} readers, KB each": each,
    }


async def measure(quick: bool) -> dict[str, float]:
    seconds = 3.0 if quick else 10.0
    with tempfile.TemporaryDirectory() as folder:
        async with website(Path(folder)) as (application, database, port):
            etag = await etag_of(port)
            figures = {"pages a second, gzip": await pages_a_second(port, seconds)}
            figures["pages a second, 304"] = await pages_a_second(port, seconds, etag)
            for readers in (1000,) if quick else (1000, 5000):
                figures |= await fan_out(application, database, port, readers, posts=15 if quick else 50)
    return figures


def report(figures: dict[str, float]) -> bool:
    """Print the table; whether every bar was held."""
    good = True
    for name, figure in figures.items():
        sign, bar = BARS.get(name, ("", 0.0))
        held = figure >= bar if sign == ">=" else figure <= bar or not sign
        good = good and held
        stated = f"bar {sign} {bar:g}" if sign else ""
        print(f"{name:26} {figure:10.1f}   {stated:14} {'' if held else 'MISSED'}".rstrip())
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    parser.add_argument("--ask", nargs=3, metavar=("PORT", "SECONDS", "ETAG"), help=argparse.SUPPRESS)
    parser.add_argument("--read", nargs=2, type=int, metavar=("PORT", "READERS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, hard), hard))
    if options.ask:
        uvloop.run(ask_pages(int(options.ask[0]), float(options.ask[1]), options.ask[2]))
    elif options.read:
        uvloop.run(read_stream(*options.read))
    elif not report(uvloop.run(measure(options.quick))) and options.check:
        sys.exit(1)


if __name__ == "__main__":
    main()
