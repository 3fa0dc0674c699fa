"""A call that was given up may go on by itself: nobody looks for what it brings before it has surely ended."""

from pathlib import Path
from typing import cast

from bot.delivery import UNENDED, DeliveryState
from bot.network import Network, Published
from moderation.redaction import Redactor
from moderation.release import Release
from shifts.database import Database
from shifts.words import Words
from tests.bot.fault_network import FaultNetwork
from tests.bot.test_mastodon_bluesky_delivered import publisher
from tests.bot.test_publishing import CONFIG, a_desk


class Endless(FaultNetwork):
    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        raise TimeoutError


async def test_nobody_looks_for_a_post_while_its_call_may_still_go_on(
    sqlite_database: Database, tmp_path: Path
) -> None:
    redactor = Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)
    async with a_desk(sqlite_database, redactor, tmp_path) as desk:
        desk.publisher = publisher(desk, cast(Network, Endless()))
        await desk.approve(1, "All quiet.")
        (row,) = await desk.rows()
        before = desk.clock.now
        await desk.publisher.deliver(row.id or 0)
        (row,) = await desk.rows()
        assert row.state is DeliveryState.UNCLEAR
        assert row.not_before is not None
        assert row.not_before >= before + UNENDED
