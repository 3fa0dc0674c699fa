"""Bluesky for the contract over every network: our adapter and the fake server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from bot.network import Published
from bot.networks.bluesky import Bluesky, connect
from tests.fake_bluesky.server import FakeBluesky, Fault, fake_bluesky
from tests.fake_bluesky.world import PASSWORD

PUT = "com.atproto.repo.putRecord"
ALWAYS = 1000


class BlueskyHarness:
    def __init__(
        self, fake: FakeBluesky, network: Bluesky, again: Callable[..., AbstractAsyncContextManager[Bluesky]]
    ) -> None:
        self.fake = fake
        self.network = network
        self.again = again
        """The adapter as after a restart of the program; takes a password."""

    async def texts(self) -> list[str]:
        records = self.fake.world.person("Patrol").records.values()
        return [str(record.value["text"]) for record in sorted(records, key=lambda record: record.indexed)]

    async def answer(self, published: Published, name: str, text: str) -> None:
        self.fake.world.reply(name, published.id, text)

    async def shown(self, published: Published) -> list[str]:
        embedded = self.fake.world.at(published.id).value.get("embed", {}).get("images", [])
        return ["picture" for _ in embedded]

    async def stands_under(self, published: Published) -> str | None:
        reply = self.fake.world.at(published.id).value.get("reply")
        return str(reply["parent"]["uri"]) if reply else None

    async def change(self, heard_id: str, text: str | None) -> None:
        self.fake.world.change(heard_id, text)

    async def hidden(self) -> set[str]:
        gates = self.fake.world.gates.values()
        return {uri for gate in gates for uri in gate.value["hiddenReplies"]}

    async def go_away(self, away: bool) -> None:
        await (self.fake.close() if away else self.fake.open())

    async def lose_replies(self, lose: bool) -> None:
        self.fake.heal()
        if lose:
            self.fake.fail(Fault("lost", PUT, times=ALWAYS))

    async def refuse(self, refuse: bool) -> None:
        self.fake.heal()
        if refuse:
            self.fake.fail(Fault("error", PUT, times=ALWAYS, status=400))

    async def sign_out(self, out: bool) -> None:
        self.fake.world.locked_out = out


@asynccontextmanager
async def bluesky_network(folder: Path) -> AsyncIterator[BlueskyHarness]:
    """A server without posts and our account on it; `folder` is for media and for the session."""
    async with fake_bluesky() as fake:

        def again(password: str = PASSWORD) -> AbstractAsyncContextManager[Bluesky]:
            return connect(
                media=folder,
                state=folder / "state",
                identifier="patrol.bsky.example",
                app_password=password,
                service=fake.base_url,
            )

        async with again() as network:
            yield BlueskyHarness(fake, network, again)
