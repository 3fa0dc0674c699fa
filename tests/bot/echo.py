"""A little program behind the rehearsal, for tests: it shows a draft for every message, and lets it be published."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web
from PIL import Image, ImageDraw

from bot.chat_app import (
    AccountId,
    Ask,
    Button,
    Card,
    ChatApp,
    ChatId,
    Choice,
    Edit,
    Incoming,
    Message,
    Picture,
    Tone,
    Weight,
)
from bot.chat_apps import rehearsal as chat_app
from bot.rehearsal.page import rehearsal_routes
from bot.rehearsal.person import Person
from bot.rehearsal.platform import Platform, open_platform
from shifts.words import Words

KEY = bytes(range(32))
LANGUAGES = Path(__file__).parents[2] / "config" / "languages"
LIMA = ChatId("lima3")
SERGEANT = ChatId("moss")
PEOPLE = (
    Person(AccountId("lima3"), "Lima 3", ("officer",), "en"),
    Person(AccountId("lima4"), "Lima 4", ("officer",), "es"),
    Person(AccountId("moss"), "Sgt Moss", ("officer", "sergeant"), "en"),
    Person(AccountId("vale"), "Insp. Vale", ("officer", "inspector"), "en"),
)
ON_PAGE = (
    "<!doctype html><html lang=en><title>Public</title><h1>Port Alba tonight</h1><p>Nobody is on patrol.</p></html>"
)


class Echo:
    """What it heard, and the one card that a message leads to on each phone."""

    def __init__(self, app: ChatApp, picture: Path) -> None:
        self.app = app
        self.picture = picture
        self.heard: list[Incoming] = []

    async def run(self) -> None:
        async for incoming in self.app.incoming():
            self.heard.append(incoming)
            await self.take(incoming)

    async def take(self, incoming: Incoming) -> None:
        match incoming:
            case Message(text="/on", chat=chat):
                await self.app.show(
                    Card("You are on Night B until 06:00. /help says more.", Tone.PLAIN), chat, incoming.id
                )
            case Message(answers=None):
                await self.draft(incoming)
            case Message(answers=answers, chat=chat, text=text) if answers is not None:
                await self.app.replace(answers, chat, Card("214 · changed", Tone.AMBER, quote=text))
            case Choice():
                await self.tapped(incoming)
            case Message() | Edit():
                pass

    async def draft(self, message: Message) -> None:
        pictures = (Picture(self.picture, "White van at night, plate covered"),) if message.attachments else ()
        for chat, title, rows in (
            (message.chat, "214 · Night B · waiting for a sergeant", OFFICER_ROWS),
            (SERGEANT, "214 · GREEN", SERGEANT_ROWS),
        ):
            tone = Tone.PLAIN if chat == message.chat else Tone.GREEN
            card = Card(title, tone, pictures, message.text or None, ((0, 4),), LINES, None, rows)
            await self.app.show(card, chat, f"{message.id} {chat}")

    async def tapped(self, choice: Choice) -> None:
        await self.app.answer(choice, "Done." if choice.token == "publish" else None)
        if choice.token == "publish":
            card = Card("214 · published", Tone.GREY, lines=("page · Mastodon · X",))
            await self.app.replace(choice.card, choice.chat, card)
        elif choice.token == "change":
            ask = Ask("Write the new text of 214", "Stopped a van in Riverside.")
            card = Card("214 · your change", Tone.AMBER, quote="Stopped a van.", ask=ask, rows=OFFICER_ROWS)
            await self.app.replace(choice.card, choice.chat, card)


OFFICER_ROWS = (
    (Button("clear", "Clear of scene", Weight.MAIN), Button("change", "Change text")),
    (Button("fix", "Fix picture"), Button("alt", "Alt text"), Button("earlier", "Earlier…")),
    (Button("drop", "Drop", Weight.DANGER),),
)
SERGEANT_ROWS = (
    (Button("publish", "Publish", Weight.MAIN), Button("edit", "Edit"), Button("back", "Send back")),
    (
        Button("original", "Original"),
        Button("redactions", "Redactions"),
        Button("wait", "Wait…"),
        Button("up", "Inspector"),
    ),
)
LINES = (
    "page · Mastodon 96/500 · Bluesky 96/300 · X 96/280, about $0.015",
    "Removed: 1 address → area, 1 plate · Photo: 1 plate, 2 faces",
    "No minor, no name, scene clear",
)


def covered_picture(path: Path) -> Path:
    """A picture as a card shows it: something at night, with two covered places."""
    picture = Image.new("RGB", (1280, 853), (22, 30, 48))
    pen = ImageDraw.Draw(picture)
    pen.polygon([(0, 853), (0, 560), (1280, 500), (1280, 853)], fill=(38, 44, 58))
    pen.rounded_rectangle((300, 250, 960, 640), 40, fill=(214, 220, 228))
    pen.rounded_rectangle((350, 300, 620, 440), 14, fill=(70, 90, 120))
    pen.ellipse((390, 580, 510, 700), fill=(12, 14, 18))
    pen.ellipse((760, 580, 880, 700), fill=(12, 14, 18))
    for box in ((420, 310, 520, 430), (560, 540, 720, 590)):
        pen.rectangle(box, fill=(0, 0, 0))
    picture.save(path, "JPEG", quality=88)
    return path


def application(platform: Platform, people: Sequence[Person] = PEOPLE) -> web.Application:
    """The rehearsal's page beside a public page that says nothing."""
    served = web.Application()
    served.add_routes(rehearsal_routes(platform, people, Words.load(LANGUAGES)))
    served.router.add_get("/", _public)
    return served


async def _public(_request: web.Request) -> web.Response:
    return web.Response(text=ON_PAGE, content_type="text/html")


async def serve(folder: Path, port: int) -> None:
    """Run until killed; for tests that kill, and to look at the page by hand."""
    picture = covered_picture(folder / "covered.jpg")
    async with open_platform(folder / "rehearsal.sqlite", KEY) as platform, chat_app.connect(platform=platform) as app:
        runner = web.AppRunner(application(platform), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await Echo(app, picture).run()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
