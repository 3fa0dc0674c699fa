"""Mastodon for the contract over every network: mastodon_mock as a server, and our proxy before it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path

import mastodon
from mastodon.return_types import Status
from mastodon_mock.config import MastodonMockConfig, SeedAccount, SeedConfig
from mastodon_mock.testing import MockServer
from mastodon_mock.testing.server import FaultHandle

from bot.mastodon_network.plain import plain
from bot.network import Published
from bot.networks.mastodon import Mastodon, connect
from shifts.database import Database
from tests.contracts.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.ground import create_tables

STATUSES = "/api/v1/statuses"
PEOPLE = ("Patrol", "Marlow", "Ines")


@cache
def server() -> MockServer:
    """One server for all tests of a worker; each test finds it as new."""
    seeded = [SeedAccount(username=name.lower(), display_name=name, access_token=f"{name}-token") for name in PEOPLE]
    return MockServer(config=MastodonMockConfig(seed=SeedConfig(accounts=seeded)), log_level="error").start()


class MastodonHarness:
    def __init__(
        self, proxy: FaultProxy, network: Mastodon, again: Callable[[], AbstractAsyncContextManager[Mastodon]]
    ) -> None:
        self.proxy = proxy
        self.network = network
        self.again = again
        """The adapter as after a restart of the program."""
        self._faults: dict[str, FaultHandle] = {}

    async def statuses(self) -> list[Status]:
        """Our statuses as the public gets them, oldest first."""

        def look(client: mastodon.Mastodon) -> list[Status]:
            us = client.account_verify_credentials()
            return list(reversed(client.account_statuses(us.id, limit=40)))

        return await asyncio.to_thread(look, self.client("Patrol"))

    async def texts(self) -> list[str]:
        return [plain(status.content) for status in await self.statuses()]

    async def answer(self, published: Published, name: str, text: str) -> None:
        """As apps do it, with our handle in front."""
        client = self.client(name)
        await asyncio.to_thread(client.status_post, f"@patrol {text}", in_reply_to_id=published.id)

    async def shown(self, published: Published) -> list[str]:
        status = await asyncio.to_thread(self.client("Patrol").status, published.id)
        return ["video" if one.type == "video" else "picture" for one in status.media_attachments]

    async def stands_under(self, published: Published) -> str | None:
        status = await asyncio.to_thread(self.client("Patrol").status, published.id)
        return None if status.in_reply_to_id is None else str(status.in_reply_to_id)

    async def change(self, heard_id: str, text: str | None) -> None:
        client = self.client("Marlow")
        if text is None:
            await asyncio.to_thread(client.status_delete, heard_id)
        else:
            await asyncio.to_thread(client.status_update, heard_id, f"@patrol {text}")

    async def hidden(self) -> set[str]:
        raise NotImplementedError("Mastodon hides nobody else's words")

    async def go_away(self, away: bool) -> None:
        await (self.proxy.close() if away else self.proxy.open())

    async def lose_replies(self, lose: bool) -> None:
        self.proxy.heal()
        if lose:
            self.proxy.fail(Fault("lost", "POST", STATUSES, times=1000))

    async def refuse(self, refuse: bool) -> None:
        await self._fault("refuse", refuse, f"^{STATUSES}", 422)

    async def sign_out(self, out: bool) -> None:
        await self._fault("sign out", out, "^/api/", 401)

    def client(self, name: str) -> mastodon.Mastodon:
        """Somebody's own app, past the proxy."""
        return mastodon.Mastodon(access_token=f"{name}-token", api_base_url=server().base_url)

    async def _fault(self, name: str, on: bool, path: str, status: int) -> None:
        """By the mock's own fault plane."""
        if on:
            error = {"error": "Validation failed: van"}
            self._faults[name] = server().fault(path_regex=path, status=status, body=error)
            await asyncio.to_thread(self._faults[name].__enter__)
        elif name in self._faults:
            await asyncio.to_thread(self._faults.pop(name).__exit__, None, None, None)

    async def mend(self) -> None:
        for name in list(self._faults):
            await self._fault(name, False, "", 0)


@asynccontextmanager
async def mastodon_network(folder: Path, database: Database | None = None) -> AsyncIterator[MastodonHarness]:
    """An instance without posts, our account on it, and the media folder `folder`."""
    await asyncio.to_thread(server().reset)
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(fault_proxy(server().base_url))
        if database is None:
            database = await stack.enter_async_context(_a_database(folder))
        network = await stack.enter_async_context(_connect(proxy, folder, database))
        harness = MastodonHarness(proxy, network, lambda: _connect(proxy, folder, database))
        stack.push_async_callback(harness.mend)
        yield harness


@asynccontextmanager
async def mastodon_without_keys(folder: Path, database: Database | None = None) -> AsyncIterator[MastodonHarness]:
    """As GoToSocial: an instance that does not look at idempotency keys."""
    async with mastodon_network(folder, database) as harness:
        harness.proxy.hidden.add("idempotency-key")
        yield harness


def _connect(proxy: FaultProxy, folder: Path, database: Database) -> AbstractAsyncContextManager[Mastodon]:
    return connect(database=database, media=folder, base_url=proxy.base_url, access_token="Patrol-token")


@cache
def _tables() -> bytes:
    """A SQLite file with all tables and no rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        create_tables(f"sqlite:///{path}")
        return path.read_bytes()


@asynccontextmanager
async def _a_database(folder: Path) -> AsyncIterator[Database]:
    path = folder / "patrol.db"
    path.write_bytes(_tables())
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()
