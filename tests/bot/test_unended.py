"""A call that was given up may go on by itself: nobody looks for what it brings before it has surely ended."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from bot.delivery import STUCK_AFTER, UNENDED, DeliveryState
from bot.network import Network, Published, Unclear
from bot.networks import x
from moderation.redaction import Redactor
from moderation.release import Release
from shifts.database import Database
from shifts.words import Words
from tests.bot.fault_network import LIMITS, Fault, FaultNetwork
from tests.bot.test_mastodon_bluesky_delivered import publisher
from tests.bot.test_publishing import CONFIG, a_desk


class Endless(FaultNetwork):
    """Every call is given up, or its answer lost."""

    lost: Exception = TimeoutError()

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        raise self.lost


@pytest.mark.parametrize(
    ("lost", "settle", "seconds"),
    [(TimeoutError(), 10.0, UNENDED.total_seconds()), (Unclear(), 10.0, 10.0), (Unclear(), 30.0, 30.0)],
)
async def test_nobody_looks_for_a_post_before_it_could_be_seen_or_while_its_call_may_still_go_on(
    sqlite_database: Database, tmp_path: Path, lost: Exception, settle: float, seconds: float
) -> None:
    redactor = Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)
    async with a_desk(sqlite_database, redactor, tmp_path) as desk:
        network = Endless(limits=replace(LIMITS, settle=settle))
        network.lost = lost
        desk.publisher = publisher(desk, cast(Network, network))
        await desk.approve(1, "All quiet.")
        (row,) = await desk.rows()
        before = desk.clock.now
        await desk.publisher.deliver(row.id or 0)
        (row,) = await desk.rows()
        assert (row.state, row.not_before) == (DeliveryState.UNCLEAR, before + timedelta(seconds=seconds))


async def test_nobody_looks_for_what_a_killed_publisher_sent_before_it_could_be_seen(
    sqlite_database: Database, tmp_path: Path
) -> None:
    redactor = Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)
    async with a_desk(sqlite_database, redactor, tmp_path) as desk:
        network = FaultNetwork(limits=replace(LIMITS, settle=45.0))
        desk.publisher = publisher(desk, cast(Network, network), lease=timedelta(seconds=31))
        await desk.approve(1, "All quiet.")
        (row,) = await desk.rows()
        assert await desk.publisher._intend(row.id or 0) is not None  # and here it was killed, amid its call
        desk.clock.on(seconds=74)  # a call of 30 seconds, and 45 until it is surely seen
        assert await desk.publisher._intend(row.id or 0) is None
        network.seen.append((row.key, "All quiet."))
        desk.clock.on(seconds=2)
        await desk.publisher.deliver(row.id or 0)
        assert (await desk.states(), network.texts()) == ([DeliveryState.SENT], ["All quiet."])


def test_x_is_given_half_a_minute_to_show_what_it_took_unless_told_otherwise() -> None:
    keys = {"api_key": "a", "api_secret": "b", "access_token": "770090000-c", "access_secret": "d"}
    assert [x.limits(keys=keys).settle, x.limits(keys=keys, settle_seconds=5.0).settle] == [30.0, 5.0]


@pytest.mark.parametrize(
    ("sends", "looks"),
    [([Fault.LOST_BEFORE], STUCK_AFTER + 20), ([*[Fault.LATER] * (STUCK_AFTER + 20), Fault.LOST_BEFORE], 0)],
    ids=["nobody could look for an hour", "it was away for an hour before"],
)
async def test_an_unclear_post_leaves_by_itself_when_its_network_was_away_for_long_and_is_back(
    sqlite_database: Database, tmp_path: Path, sends: list[Fault], looks: int
) -> None:
    redactor = Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)
    async with a_desk(sqlite_database, redactor, tmp_path, *sends) as desk:
        desk.network.look_faults = [Fault.LATER] * looks
        await desk.approve(1, "All quiet.")
        await desk.run(STUCK_AFTER + 25)
        assert (await desk.states(), desk.network.texts()) == ([DeliveryState.SENT], ["All quiet."])
