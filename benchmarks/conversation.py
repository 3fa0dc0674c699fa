"""How soon a citizen's question is on the officer's phone, and the approved answer under it: Mastodon, Bluesky.

    python benchmarks/conversation.py [--quick] [--check]

The whole program runs in this process, with the pace at which it listens in service, over a mock of Mastodon and a fake
of Bluesky; people play on the rehearsal's phones. Both judges of replies are at work, but for the quick run. With
--check the program exits with 1 when one of BARS is missed."""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from sqlmodel import col, select

from benchmarks.bars.report import report
from bot.delivery import Delivery, DeliveryState
from bot.migrating import upgrade
from bot.network import Published
from bot.settings import Settings, Times
from shifts.database import Database, utc_now
from tests.contracts.bluesky_harness import bluesky_network
from tests.contracts.mastodon_harness import mastodon_network
from tests.contracts.network_harness import NetworkHarness
from tests.fake_bluesky.world import PASSWORD
from tests.journeys.stage import PATIENCE, Phone, Stage, eventually, play, stage_settings
from tests.journeys.test_replies import HARMLESS
from tests.journeys.test_triage import quoting

HEARD: Final = "reply to the officer's phone, p95 s"
SAID: Final = "answer approved to visible, p95 s"
ELSEWHERE: Final = "answers that do not stand under their question"
BARS: Final = {HEARD: 15.0, SAID: 10.0, ELSEWHERE: 0.0}
LOADING: Final = 180.0
TALK: Final = (
    ("Do I need the receipt?", "No, just bring the bike."),
    ("Until when are you there?", "Until ten tonight."),
    ("What does it cost?", "Nothing, it is free."),
    ("My daughter has a scooter, can she come?", "Yes, scooters are welcome too."),
    ("Is there anywhere to park?", "Yes, behind the building."),
    ("Will there be another evening like this?", "Yes, next month again."),
    ("Does the paint ever come off?", "Not for many years."),
    ("Can my neighbour bring mine along?", "Yes, anybody may bring it."),
)


@dataclass
class Talk:
    """A conversation under one post on one network."""

    network: str
    harness: NetworkHarness
    stage: Stage
    officer: Phone
    sergeant: Phone
    heard: list[float] = field(default_factory=list)
    said: list[float] = field(default_factory=list)
    elsewhere: int = 0

    async def post(self) -> Published:
        """The post that people ask about, once it is there."""
        await self.officer.send(HARMLESS)
        await self.sergeant.tap("card.button.publish", 1, patience=LOADING)
        return (await self._there(1))[-1]

    async def turn(self, post: Published, number: int, question: str, answer: str) -> None:
        """Somebody asks, the officer answers, the sergeant approves."""
        asked = perf_counter()
        await self.harness.answer(post, "Marlow", question)
        await self.officer.card(quoting(question), question)
        self.heard.append(perf_counter() - asked)
        card = await self.officer.tap("reply_card.button.answer")
        await self.officer.card(lambda c: c.ask is not None and c.quote == question, "a question to answer")
        await self.officer.send(answer, answers=card)
        await self.sergeant.tap("card.button.publish", number)
        approved = perf_counter()

        async def visible() -> bool | None:
            return answer in await self.harness.texts() or None

        await eventually(visible, lambda: "nobody could ever read it", LOADING)
        self.said.append(perf_counter() - approved)
        published = (await self._there(number))[-1]
        self.elsewhere += await self.harness.stands_under(published) in {None, post.id}

    async def _there(self, count: int) -> list[Published]:
        """Our posts on the network, once there are so many."""
        statement = select(Delivery.published_id).where(
            Delivery.network == self.network, Delivery.state == DeliveryState.SENT
        )

        async def look() -> list[Published] | None:
            async with self.stage.database.reading() as session:
                ids = (await session.exec(statement.order_by(col(Delivery.id)))).all()
            there = [Published(one, None, utc_now()) for one in ids if one]
            return there if len(there) >= count else None

        return await eventually(look, lambda: "the network never got it", PATIENCE)


async def main() -> int:
    options = _options()
    figures: dict[str, float] = {}
    for network in ("mastodon", "bluesky"):
        with tempfile.TemporaryDirectory() as folder:
            async with _there(network, Path(folder), quick=options.quick) as talk:
                post = await talk.post()
                for number, (question, answer) in enumerate(TALK[: 2 if options.quick else len(TALK)], start=2):
                    await talk.turn(post, number, question, answer)
        found = {HEARD: _p95(talk.heard), SAID: _p95(talk.said), ELSEWHERE: talk.elsewhere}
        figures |= {f"{network}: {figure}": value for figure, value in found.items()}
    return report(figures, BARS, options.check, "9.2f")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two questions a network, judged by the rules alone")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    return parser.parse_args()


@asynccontextmanager
async def _there(network: str, folder: Path, *, quick: bool) -> AsyncIterator[Talk]:
    url = f"sqlite+aiosqlite:///{folder / 'program.db'}"
    await asyncio.to_thread(upgrade, Database(url))
    (folder / "network").mkdir()
    if network == "mastodon":
        async with mastodon_network(folder / "network") as mastodon:
            told = {"base_url": mastodon.proxy.base_url, "access_token": "Patrol-token"}
            async with _playing(network, mastodon, told, _settings(url, folder, quick)) as talk:
                yield talk
    else:
        async with bluesky_network(folder / "network") as bluesky:
            service = bluesky.fake.base_url
            told = {"identifier": "patrol.bsky.example", "app_password": PASSWORD, "service": service}
            async with _playing(network, bluesky, told, _settings(url, folder, quick)) as talk:
                yield talk


def _settings(url: str, folder: Path, quick: bool) -> Settings:
    loaded = stage_settings(url, folder / "data", reply_poll_seconds=Times().reply_poll_seconds)
    moderation = loaded.moderation.model_copy(update={"models": not quick, "warm": not quick})
    return loaded.model_copy(update={"moderation": moderation})


@asynccontextmanager
async def _playing(
    network: str, harness: NetworkHarness, told: dict[str, Any], loaded: Settings
) -> AsyncIterator[Talk]:
    networks: dict[str, dict[str, Any]] = {"timeline": {}, network: told}
    async with play(loaded.model_copy(update={"networks": networks})) as stage:
        sergeant = await stage.open_shift("lima-3")
        yield Talk(network, harness, stage, stage.phone("lima-3"), sergeant)


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[ceil(len(seconds) * 0.95) - 1]


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
