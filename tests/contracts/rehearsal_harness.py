"""The rehearsal's phones for the contract over every chat app."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp.test_utils import TestServer

from bot.chat_app import AccountId, CardId, ChatApp, ChatId
from bot.chat_apps import rehearsal
from bot.rehearsal.person import Person
from bot.rehearsal.platform import Platform, open_platform
from tests.bot.echo import KEY, application
from tests.bot.rehearsal_client import Form, PageClient, open_page

if TYPE_CHECKING:
    from tests.contracts.chat_app_harness import Seen

NUMBERS = (1001, 1002)


class RehearsalPerson:
    """Somebody with a phone on the page. Pictures of an album leave together, as they do from a real phone."""

    def __init__(self, page: PageClient) -> None:
        self._page = page
        self._album: list[Form] = []
        self._caption = ""
        self._album_name: str | None = None

    @property
    def chat(self) -> ChatId:
        return ChatId(self._page.chat)

    async def writes(self, text: str, answers: CardId | None = None) -> str:
        await self._flush()
        return str((await self._page.send(text, answers=answers))["id"])

    async def sends_picture(self, picture: bytes, caption: str = "", album: str | None = None) -> str:
        if album != self._album_name:
            await self._flush()
        photo = await self._page.photo(picture)
        if album is None:
            return str((await self._page.send(caption, [photo]))["id"])
        self._album_name = album
        self._caption = self._caption or caption
        self._album.append(photo)
        return ""

    async def changes(self, message: str, text: str) -> None:
        await self._page.ask("edit", message=message, text=text)

    async def taps(self, label: str) -> None:
        for item in reversed(await self._page.cards()):
            for button in (button for row in item["card"]["rows"] for button in row if button["label"] == label):
                await self._page.ask("tap", card=item["id"], token=button["token"])
                return
        raise AssertionError("no such button")

    async def cards(self) -> "list[Seen]":
        from tests.contracts.chat_app_harness import Seen

        return [
            Seen(_words(item["card"]), _labels(item["card"]), len(item["card"]["pictures"]))
            for item in await self._page.cards()
        ]

    async def _flush(self) -> None:
        album, self._album, self._album_name = self._album, [], None
        if album:
            await self._page.send(self._caption, album)
        self._caption = ""


class RehearsalHarness:
    """The page and its store go on; `connect` is what starts and stops."""

    def __init__(self, platform: Platform, people: dict[int, RehearsalPerson]) -> None:
        self._platform = platform
        self._people = people

    def person(self, number: int) -> RehearsalPerson:
        return self._people[number]

    def connect(self) -> AbstractAsyncContextManager[ChatApp]:
        return rehearsal.connect(platform=self._platform)


@asynccontextmanager
async def rehearsal_harness(folder: Path) -> AsyncIterator[RehearsalHarness]:
    """Start a platform with a page and a phone for everybody."""
    people = [Person(AccountId(str(number)), f"Officer {number}", ("officer",), "en") for number in NUMBERS]
    path = folder / f"{secrets.token_hex(4)}.sqlite"
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(open_platform(path, KEY))
        server = await stack.enter_async_context(TestServer(application(platform, people)))
        pages = {
            number: await stack.enter_async_context(open_page(server.make_url("/"), str(number))) for number in NUMBERS
        }
        yield RehearsalHarness(platform, {number: RehearsalPerson(page) for number, page in pages.items()})


def _words(card: Form) -> str:
    quote = "".join(piece["text"] for piece in card["quote"] or ())
    ask = card["ask"] or {"label": "", "prefill": ""}
    return "\n".join((card["title"], quote, *card["lines"], ask["label"], ask["prefill"]))


def _labels(card: Form) -> tuple[str, ...]:
    return tuple(button["label"] for row in card["rows"] for button in row)
