"""An invented night on patrol, put on a timeline, and the website that shows it."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
from aiohttp import web
from PIL import Image, ImageDraw
from yarl import URL

from shifts import timeline
from shifts.database import Database
from shifts.shift import Shift, ShiftState
from shifts.timeline import Entry
from shifts.website.site import CHANGES, SHUTDOWN_SECONDS, SiteSettings, make_site, site_runner
from shifts.words import Words

LANGUAGES = Path(__file__).resolve().parent.parent.parent / "config" / "languages"
NOW = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)


class TwoAreas:
    """Area names for tests."""

    names: ClassVar[dict[str, dict[str, str]]] = {
        "riverside": {"en": "Riverside", "es": "Ribera", "fr": "Le Port"},
        "old-town": {"en": "Old Town", "es": "Centro", "fr": "Centre"},
    }

    def public_name(self, area: str, language: str) -> str:
        return self.names[area][language]


@dataclass
class Night:
    """A timeline to write on, as the timeline network and the shifts do."""

    database: Database
    folder: Path
    site: web.Application | None = None
    address: str = ""
    now: datetime = NOW
    numbers: int = 200
    shifts: list[Shift] = field(default_factory=list)

    async def open_shift(self, name: str = "Night B") -> Shift:
        """A live shift."""
        shift = Shift(
            unit="night", name=name, state=ShiftState.LIVE, starts_at=self.now, ends_at=self.now + timedelta(hours=8)
        )
        async with self.database.transaction() as session:
            session.add(shift)
            await session.flush()
            assert shift.id is not None
            await timeline.shift_changed(session, shift.id, self.now)
        self.shifts.append(shift)
        self._nudge()
        return shift

    async def set_state(self, shift: Shift, state: ShiftState) -> None:
        async with self.database.transaction() as session:
            row = await session.get_one(Shift, shift.id)
            row.state = state
            row.ended_at = self.now if state is ShiftState.ENDED else None
            session.add(row)
            assert shift.id is not None
            await timeline.shift_changed(session, shift.id, self.now)
        self._nudge()

    async def post(
        self,
        text: str,
        kind: str = "patrol",
        area: str | None = "riverside",
        language: str = "en",
        answers: Entry | None = None,
        pictures: int = 0,
        videos: int = 0,
        byline: str | None = "Lima 3",
        shift: Shift | None = None,
    ) -> Entry:
        """Publish one post."""
        self.numbers += 1
        self.now += timedelta(minutes=4)
        entry = Entry(
            key=f"key-{self.numbers}",
            number=self.numbers,
            shift_id=(shift or self.shifts[-1]).id or 0,
            kind=kind,
            language=language,
            text=text,
            area=area,
            byline=byline,
            published_at=self.now,
            answers=answers.id if answers else None,
            pictures=[*map(self.picture, range(pictures)), *map(self.video, range(videos))],
        )
        async with self.database.transaction() as session:
            entry = await timeline.publish(session, entry)
        self._nudge()
        return entry

    async def withdraw(self, entry: Entry) -> list[str]:
        self.now += timedelta(minutes=1)
        async with self.database.transaction() as session:
            purged = await timeline.withdraw(session, entry.key, self.now)
        self._nudge()
        return purged

    async def correct(self, entry: Entry, correction: str) -> None:
        self.now += timedelta(minutes=1)
        async with self.database.transaction() as session:
            await timeline.correct(
                session,
                entry.key,
                self.now,
                text=entry.text,
                language=entry.language,
                area=entry.area,
                correction=correction,
            )
        self._nudge()

    def video(self, place: int) -> dict[str, object]:
        """A video's poster, and bytes in the place of its film."""
        mp4 = b"\x00\x00\x00\x18ftypmp42" + bytes([place]) * 3000
        name = hashlib.sha256(mp4).hexdigest()
        (self.folder / f"{name}.mp4").write_bytes(mp4)
        return {**self.picture(7 + place), "alt": "Video of 3 seconds. 1 face covered.", "video": name, "seconds": 3}

    def picture(self, place: int) -> dict[str, object]:
        """A drawn street at night, saved as the public media folder holds pictures."""
        width, height = 1200, 800
        image = Image.new("RGB", (width, height), (20 + 10 * place, 28, 46))
        draw = ImageDraw.Draw(image)
        for x in range(0, width, 150):
            draw.rectangle((x + 10, 180 + (x * 7) % 130, x + 135, 560), fill=(34, 44 + (x // 30), 66))
        draw.polygon(((0, height), (width, height), (700, 520), (500, 520)), fill=(52, 56, 62))
        draw.rectangle((430, 470, 770, 640), fill=(226, 228, 230))
        draw.rectangle((520, 590, 680, 625), fill=(0, 0, 0))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
        (self.folder / f"{sha256}.jpg").write_bytes(buffer.getvalue())
        return {"sha256": sha256, "width": width, "height": height, "alt": "White van at night, number plate covered"}

    def _nudge(self) -> None:
        if self.site is not None:
            self.site[CHANGES].nudge()


def settings(folder: Path, **changed: object) -> SiteSettings:
    fields: dict[str, Any] = {
        "name": "Port Alba Police",
        "public_url": "https://patrol.example",
        "time_zone": "Europe/Madrid",
        "emergency": {
            "en": "In an emergency call 112. Nobody takes emergencies on this page.",
            "es": "En una emergencia llame al 112. En esta página no se atienden emergencias.",
            "fr": "En cas d’urgence, appelez le 112. Cette page ne prend pas les urgences.",
        },
        "media_folder": folder,
        "hours": {"en": "Shifts are shown from 18:00 to 06:00."},
    }
    return SiteSettings(**(fields | changed))


async def soon(check: Callable[[], Awaitable[bool]]) -> bool:
    """Whether something becomes true before half a minute is over, which is far longer than it may take."""
    for _ in range(1500):
        if await check():
            return True
        await asyncio.sleep(0.02)
    return False


@asynccontextmanager
async def shown(
    database: Database, folder: Path, *, shutdown_seconds: float = SHUTDOWN_SECONDS, **changed: object
) -> AsyncIterator[Night]:
    """The website on a loopback port, and the night that it shows."""
    folder.mkdir(exist_ok=True)
    site = make_site(settings(folder, **changed), database, TwoAreas(), Words.load(LANGUAGES))
    runner = site_runner(site, shutdown_seconds)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    port = runner.addresses[0][1]
    try:
        yield Night(database, folder, site, f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


async def busy(night: Night) -> dict[str, Entry]:
    """A night with a bit of everything. Gives posts by name."""
    await night.open_shift()
    posts = {}
    posts["lights"] = await night.post(
        "Good evening from Night B. Six of us are out until the morning. Ask us anything under these posts.",
        area=None,
        byline=None,
    )
    posts["road"] = await night.post(
        "Harbour Bridge is closed towards the centre after a spill. Please use the ring road.", "traffic"
    )
    posts["van"] = await night.post("Stopped a van with four bald tyres in Riverside, driver reported.", pictures=1)
    posts["answer"] = await night.post(
        "Yes, worn tyres count even if the car passed its test last month.", answers=posts["van"]
    )
    await night.correct(posts["van"], "It was three tyres, not four.")
    posts["wrong"] = await night.post("Two cars collided near the market.", area="old-town")
    await night.withdraw(posts["wrong"])
    posts["consejo"] = await night.post(
        "Antes de salir: ventanas cerradas y una luz encendida. Más consejos en https://consejos.example/casa.",
        "advice",
        "old-town",
        "es",
        byline="Lima 1",
    )
    posts["market"] = await night.post(
        "The night market opens at eight. Come by foot, parking is full.", "event", "old-town", pictures=2
    )
    return posts


async def get(night: Night, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
    """What a browser gets, and its text. A header is named with underlines."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.get(URL(night.address + path, encoded=True), headers=named) as response,
    ):
        return response, await response.text()
