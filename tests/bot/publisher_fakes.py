"""Every network as a fake of it, misled as networks are, for publishers in processes of their own."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import mastodon

from bot.mastodon_network.plain import plain
from bot.network import Network
from bot.networks import bluesky as bluesky_adapter
from bot.networks import x as x_adapter
from shifts.database import Database, utc_now
from tests.contracts import fault_proxy, x_harness
from tests.contracts.fault_proxy import FaultProxy
from tests.fake_bluesky import server as fake_bluesky
from tests.fake_bluesky.server import FakeBluesky
from tests.fake_bluesky.world import PASSWORD
from tests.fake_x.server import FakeX, Kind

HANGS: Final = 6.0
"""Seconds of a call that nobody waits for to its end."""
PUT: Final = "com.atproto.repo.putRecord"
STATUSES: Final = "/api/v1/statuses"
TOKEN: Final = "Patrol-token"
X_STORM: Final[tuple[Kind, ...]] = (
    "lost", "half", "garbage", "drop", "html", "empty", "busy", "busy", "status", "hang", "slow",
)  # fmt: skip
BLUESKY_STORM: Final = ("lost", "after", "html", "busy", "drop", "half", "hang")
MASTODON_STORM: Final = ("lost", "after", "html", "busy", "drop", "half", "json")

X_TABLE: Final = """
[networks.x]
base_url = "{url}"
spending = {{ nightly = {nightly} }}
[networks.x.keys]
api_key = "{api_key}"
api_secret = "{api_secret}"
access_token = "{access_token}"
access_secret = "{access_secret}"
"""
BLUESKY_TABLE: Final = """
[networks.bluesky]
identifier = "patrol.bsky.example"
app_password = "{password}"
service = "{url}"
"""
MASTODON_TABLE: Final = """
[networks.mastodon]
base_url = "{url}"
access_token = "{token}"
"""


@dataclass
class Fakes:
    """X and Bluesky as they are strict, Mastodon where a server of it is given, and what goes wrong with them."""

    x: FakeX
    bluesky: FakeBluesky
    mastodon: FaultProxy | None = None
    faults: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(24))

    @property
    def networks(self) -> tuple[str, ...]:
        return ("timeline", "x", "bluesky", *(("mastodon",) if self.mastodon else ()))

    def tables(self, nightly: float) -> str:
        """Their part of patrol.toml."""
        keys: Mapping[str, str] = x_harness.settings(self.x)["keys"]
        told = X_TABLE.format(url=self.x.base_url, nightly=nightly, **keys)
        told += BLUESKY_TABLE.format(url=self.bluesky.base_url, password=PASSWORD)
        return told + (MASTODON_TABLE.format(url=self.mastodon.base_url, token=TOKEN) if self.mastodon else "")

    def strike(self) -> None:
        """Let one more post go wrong on each network, in some way."""
        self.faults += len(self.networks) - 1
        kind = self.dice.choice(X_STORM)
        wait = self.dice.choice([-1.0, 2.0]) if kind == "busy" else HANGS
        self.x.fail(kind, self.dice.choice(["post", "post", "post", "timeline"]), wait=wait, status=self._status())
        put = fake_bluesky.Fault(self.dice.choice(BLUESKY_STORM), PUT, status=self._status(), wait=HANGS)
        self.bluesky.fail(put)
        if self.mastodon is not None:
            headers = {"X-RateLimit-Reset": (utc_now() + timedelta(seconds=2)).isoformat()}
            busy = self.dice.choice([None, headers])
            post = fault_proxy.Fault(self.dice.choice(MASTODON_STORM), "POST", STATUSES, 1, self._status(), 0.2, busy)
            self.mastodon.fail(post)

    async def connected(self, stack: AsyncExitStack, database: Database, folder: Path) -> dict[str, Network]:
        """X and Bluesky as the program connects them."""
        keys = x_harness.settings(self.x, spending={"nightly": 1000})
        bluesky = bluesky_adapter.connect(
            media=folder,
            state=folder / "state",
            identifier="patrol.bsky.example",
            app_password=PASSWORD,
            service=self.bluesky.base_url,
        )
        return {
            "x": await stack.enter_async_context(x_adapter.connect(database=database, media=folder, **keys)),
            "bluesky": await stack.enter_async_context(bluesky),
        }

    async def seen(self) -> dict[str, list[str]]:
        """Per network, every text that the public ever saw there, in its order."""
        records = sorted(self.bluesky.world.person("Patrol").records.values(), key=lambda record: record.indexed)
        seen = {"x": self.x.texts(), "bluesky": [str(record.value["text"]) for record in records]}
        if self.mastodon is not None:
            seen["mastodon"] = await asyncio.to_thread(_statuses, self.mastodon.base_url)
        return seen

    def mend(self) -> None:
        self.x.mend()
        self.bluesky.heal()
        if self.mastodon is not None:
            self.mastodon.heal()

    def _status(self) -> int:
        return self.dice.choice([500, 502, 503])


@asynccontextmanager
async def fakes(mastodon: str | None = None) -> AsyncIterator[Fakes]:
    """Empty networks; `mastodon` is the address of a server, before which our proxy is put."""
    async with AsyncExitStack() as stack:
        x = await stack.enter_async_context(FakeX().serving())
        bluesky = await stack.enter_async_context(fake_bluesky.fake_bluesky())
        proxy = None
        if mastodon is not None:
            proxy = await stack.enter_async_context(fault_proxy.fault_proxy(mastodon))
        yield Fakes(x, bluesky, proxy)


def _statuses(base_url: str) -> list[str]:
    client = mastodon.Mastodon(access_token=TOKEN, api_base_url=base_url)
    us, found = client.account_verify_credentials(), list[mastodon.return_types.Status]()
    while page := client.account_statuses(us.id, max_id=found[-1].id if found else None, limit=40):
        found += page
    return [plain(status.content) for status in reversed(found)]
