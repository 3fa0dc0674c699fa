"""The real publisher over the fake X: nothing lost, nothing twice, nothing out of order."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import DeliveryState
from bot.networks.x import X
from bot.x.budget import Tariff
from moderation.redaction import Redactor
from shifts.database import Database, utc_now
from tests.bot import x_desk
from tests.bot.x_account import Account, an_account
from tests.fake_x.server import Kind
from tests.journeys.stage import eventually

ROOT = Path(__file__).parents[2]
TEXTS = ("Bike marking at our desk tonight.", "Parade is over, thank you.", "Check your tyres before the frost.")

STORM: tuple[Kind, ...] = ("lost", "half", "garbage", "drop", "html", "empty", "busy")


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return x_desk.load_redactor()


@pytest.fixture
async def account(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Account]:
    async with an_account(sqlite_database, tmp_path) as opened:
        yield opened


class Night:
    """The deliveries of an account, taken on by hand: a round is what the sweep and the queue would do."""

    def __init__(self, account: Account, network: X, redactor: Redactor) -> None:
        self.account = account
        self._make: Callable[[Callable[[], datetime]], Any] = lambda clock: x_desk.publisher(
            account.database, network, redactor, account.media, clock
        )

    async def round(self, later: timedelta = timedelta()) -> list[DeliveryState]:
        """Every delivery once, by a publisher whose clock is ahead; gives the states."""
        publisher = self._make(lambda: utc_now() + later)
        for row in await x_desk.rows(self.account.database):
            await publisher.deliver(row.id or 0)
        return await x_desk.states(self.account.database)


async def test_posts_go_out_once_and_in_order(account: Account, redactor: Redactor) -> None:
    await x_desk.approve(account.database, *TEXTS)
    async with account.open() as network:
        night = Night(account, network, redactor)
        assert await night.round() == [DeliveryState.SENT] * 3
        await night.round()
    assert account.fake.texts() == list(TEXTS)


@pytest.mark.parametrize("kind", ["lost", "half", "garbage", "drop"])
async def test_a_lost_reply_is_looked_up_and_the_next_post_waits_its_turn(
    account: Account, redactor: Redactor, kind: Any
) -> None:
    await x_desk.approve(account.database, *TEXTS)
    async with account.open() as network:
        night = Night(account, network, redactor)
        account.fake.fail(kind, "post")
        assert await night.round() == [DeliveryState.UNCLEAR, DeliveryState.DUE, DeliveryState.DUE]
        for _ in range(2):
            await night.round()
    assert account.fake.texts() == list(TEXTS)
    assert await x_desk.states(account.database) == [DeliveryState.SENT] * 3


@pytest.mark.parametrize("wait", [-1.0, 240.0])
async def test_a_429_waits_as_long_as_x_says(account: Account, redactor: Redactor, wait: float) -> None:
    await x_desk.approve(account.database, TEXTS[0])
    async with account.open() as network:
        night = Night(account, network, redactor)
        account.fake.fail("busy", "post", wait=wait)
        assert await night.round() == [DeliveryState.DUE]
        (row,) = await x_desk.rows(account.database)
        assert row.not_before is not None
        assert (row.not_before - utc_now()).total_seconds() == pytest.approx(60 if wait < 0 else 241, abs=5)
        assert await night.round() == [DeliveryState.SENT]
    assert account.fake.texts() == [TEXTS[0]]


async def test_a_look_that_is_told_to_wait_leaves_it_unclear(account: Account, redactor: Redactor) -> None:
    await x_desk.approve(account.database, TEXTS[0])
    async with account.open() as network:
        night = Night(account, network, redactor)
        account.fake.fail("lost", "post")
        account.fake.fail("busy", "timeline")
        await night.round()
        assert await night.round() == [DeliveryState.UNCLEAR]
        assert await night.round() == [DeliveryState.SENT]
    assert account.fake.texts() == [TEXTS[0]]


async def test_the_same_words_again_are_refused_once_and_hold_up_nothing(account: Account, redactor: Redactor) -> None:
    await x_desk.approve(account.database, TEXTS[0], TEXTS[0], TEXTS[1])
    async with account.open() as network:
        night = Night(account, network, redactor)
        assert await night.round() == [DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.SENT]
    assert (await x_desk.rows(account.database))[1].reason == "duplicate"
    assert account.fake.texts() == [TEXTS[0], TEXTS[1]]


async def test_a_stale_timeline_costs_rounds_and_never_a_second_post(account: Account, redactor: Redactor) -> None:
    await x_desk.approve(account.database, TEXTS[0])
    async with account.open() as network:
        night = Night(account, network, redactor)
        account.fake.world.lag = 300
        account.fake.fail("lost", "post")
        for _ in range(6):
            await night.round()
        account.fake.world.passed = 301
        assert await night.round() in ([DeliveryState.SENT], [DeliveryState.DUE])
        assert await night.round() == [DeliveryState.SENT]
    assert account.fake.texts() == [TEXTS[0]]


async def test_a_spent_budget_refuses_on_x_alone_and_says_why(account: Account, redactor: Redactor) -> None:
    await x_desk.approve(account.database, *TEXTS)
    async with account.open(Tariff(nightly=0.03)) as network:
        night = Night(account, network, redactor)
        assert await night.round() == [DeliveryState.SENT, DeliveryState.SENT, DeliveryState.REFUSED]
    assert (await x_desk.rows(account.database))[2].reason == "budget"
    assert account.fake.world.bill == 30_000


async def test_a_storm_of_faults_loses_nothing_doubles_nothing_and_keeps_the_order(
    account: Account, redactor: Redactor
) -> None:
    texts = [f"Update {number}: all calm & quiet." for number in range(8)]
    await x_desk.approve(account.database, *texts)
    dice = random.Random(24)
    async with account.open() as network:
        night = Night(account, network, redactor)
        for _ in range(60):
            account.fake.world.passed += dice.choice([0, 0, 40])
            account.fake.world.lag = dice.choice([0, 0, 30])
            account.fake.fail(dice.choice(STORM), dice.choice(["post", "post", "post", "timeline"]), status=502)
            if set(await night.round()) == {DeliveryState.SENT}:
                break
    assert account.fake.texts() == texts
    assert await x_desk.states(account.database) == [DeliveryState.SENT] * 8
    assert account.fake.called("post") > 12


@pytest.mark.parametrize("between", ["before", "after"])
async def test_a_publisher_killed_amid_the_call_loses_nothing_and_posts_nothing_twice(
    account: Account, redactor: Redactor, between: str
) -> None:
    await x_desk.approve(account.database, TEXTS[0])
    account.fake.fail("hang" if between == "before" else "slow", "post", wait=60)
    url = account.database.url.render_as_string(hide_password=False)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot.x_desk", url, account.fake.base_url, str(account.media), cwd=ROOT
    )

    async def called() -> bool | None:
        there = account.fake.texts() == [TEXTS[0]]
        return True if account.fake.called("post") and there == (between == "after") else None

    await eventually(called, lambda: "the publisher never posted", 40)
    child.kill()
    await child.wait()
    async with account.open() as network:
        night = Night(account, network, redactor)
        assert await night.round() == [DeliveryState.SENDING]
        await night.round(later=x_desk.LEASE)
        assert await night.round(later=x_desk.LEASE) == [DeliveryState.SENT]
    assert account.fake.texts() == [TEXTS[0]]
    assert await account.spent() == account.fake.world.bill


async def test_a_recalled_post_is_gone_from_x_even_if_x_deleted_it_first(account: Account, redactor: Redactor) -> None:
    await x_desk.approve(account.database, TEXTS[0])
    async with account.open() as network:
        night = Night(account, network, redactor)
        await night.round()
        await x_desk.recall(account.database)
        account.fake.fail("lost", "delete")
        assert await night.round() == [DeliveryState.RECALLING]
        assert await night.round() == [DeliveryState.RECALLED]
    assert account.fake.texts() == []


@pytest.mark.parametrize(("switch", "taken"), [(True, True), (True, False), (False, True)])
async def test_posts_of_a_shift_stand_under_its_first_one_where_somebody_wants_that_and_x_takes_it(
    account: Account, redactor: Redactor, switch: bool, taken: bool
) -> None:
    account.fake.world.self_threads = taken
    await x_desk.approve(account.database, *TEXTS)
    async with account.open(under_opener=switch) as network:
        await Night(account, network, redactor).round()
    assert account.fake.texts() == list(TEXTS)
    opener, *others = reversed(account.fake.world.own())
    assert opener.answers is None
    assert {post.answers for post in others} == {opener.id if switch and taken else None}
