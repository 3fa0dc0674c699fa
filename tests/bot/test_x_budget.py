"""What X costs: never a cent over the night's budget, never a cent that X did not charge."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.network import Refused, TryLater, Unclear
from bot.x.attempt import Attempts
from bot.x.budget import Budget, Tariff
from moderation.release import Release
from shifts.database import Database
from tests.bot.test_x import jpeg
from tests.bot.x_account import POST, Account, an_account

CENT = 10_000


@pytest.fixture
async def account(database: Database, tmp_path: Path) -> AsyncIterator[Account]:
    """On SQLite and on PostgreSQL: the sum is taken by the database."""
    async with an_account(database, tmp_path) as opened:
        yield opened


async def publish(account: Account, tariff: Tariff, count: int) -> int:
    """Post so many different texts; gives how many were refused for the budget."""
    refused = 0
    async with account.open(tariff) as network:
        for number in range(count):
            try:
                await network.publish(replace(POST, text=f"Update {number} of tonight."), f"k{number}", None)
            except Refused as error:
                refused += error.reason == "budget"
    return refused


async def test_the_post_that_would_be_a_cent_over_is_refused_before_any_call(account: Account) -> None:
    assert await publish(account, Tariff(nightly=0.059), 4) == 1
    assert (account.fake.called("post"), account.fake.world.bill, await account.spent()) == (3, 45_000, 45_000)


async def test_a_budget_can_be_spent_to_the_last_cent(account: Account) -> None:
    assert await publish(account, Tariff(nightly=0.060), 5) == 1
    assert account.fake.world.bill == 60_000 == await account.spent()


async def test_a_new_night_has_its_own_budget(account: Account) -> None:
    tariff = Tariff(nightly=0.015)
    assert await publish(account, tariff, 2) == 1
    account.clock.passed = timedelta(hours=24)
    async with account.open(tariff) as network:
        await network.publish(replace(POST, text="The next night."), "k9", None)
    assert account.fake.world.bill == 30_000


def test_a_night_begins_at_its_hour_and_not_at_midnight() -> None:
    tariff = Tariff(from_hour=12)
    nights = [tariff.night(datetime(2026, 11, day, hour, tzinfo=UTC)) for day, hour in ((21, 12), (22, 2), (22, 12))]
    assert nights == ["2026-11-21", "2026-11-21", "2026-11-22"]


async def test_two_at_once_can_not_both_take_the_last_cent(account: Account) -> None:
    async with account.open(Tariff(nightly=0.05)) as one, account.open(Tariff(nightly=0.05)) as other:
        done = await asyncio.gather(
            *[
                network.publish(replace(POST, text=f"Update {number}."), f"k{number}", None)
                for number, network in enumerate([one, other] * 4)
            ],
            return_exceptions=True,
        )
    assert sum(isinstance(result, Refused) for result in done) == 5
    assert account.fake.world.bill == 45_000 == await account.spent()


async def test_a_link_costs_what_a_link_costs(account: Account) -> None:
    linked = replace(POST, text="Advice: https://example.org/locks")
    async with account.open(Tariff(nightly=0.20)) as network:
        await network.publish(linked, "k1", None)
        with pytest.raises(Refused):
            await network.publish(POST, "k2", None)
    assert account.fake.world.bill == 20 * CENT == await account.spent()


async def test_pictures_cost_their_alt_texts_and_a_failed_try_costs_only_what_it_used(account: Account) -> None:
    release = account.with_pictures(POST, jpeg(64), jpeg(65))
    async with account.open() as network:
        account.fake.fail("busy", "post")
        with pytest.raises(TryLater):
            await network.publish(release, "k1", None)
        assert account.fake.world.bill == CENT == await account.spent()
        await network.publish(release, "k1", None)
        assert account.fake.world.bill == 35_000 == await account.spent()


async def test_looking_and_withdrawing_are_counted_and_never_refused(account: Account) -> None:
    async with account.open(Tariff(nightly=0.015)) as network:
        account.fake.fail("lost", "post")
        with pytest.raises(Unclear):
            await network.publish(POST, "k1", None)
        found = await network.find(POST, "k1", POST.approved_at)
        assert found is not None
        await network.withdraw(found)
        await network.withdraw(found)
    assert account.fake.texts() == []
    assert account.fake.world.bill == 26_000 == await account.spent()


async def test_a_publisher_that_is_stopped_amid_its_pictures_pays_for_no_more_than_x_took(account: Account) -> None:
    release = account.with_pictures(POST, jpeg(64), jpeg(65))
    async with account.open() as network:
        account.fake.fail("busy", "post")
        with pytest.raises(TryLater):
            await network.publish(release, "k1", None)
        account.fake.fail("hang", "upload", wait=30.0)
        posting = asyncio.create_task(network.publish(release, "k1", None))
        while account.fake.called("upload") < 3:  # noqa: ASYNC110  the server is asked from elsewhere
            await asyncio.sleep(0.01)
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting
        assert account.fake.world.bill == CENT == await account.spent()
        await network.publish(release, "k1", None)
        assert account.fake.world.bill == 35_000 == await account.spent()


async def test_what_one_that_was_killed_had_reserved_is_given_back_with_the_next_try(account: Account) -> None:
    attempts = Attempts(account.database, Budget(account.database, Tariff(), account.clock), account.clock)
    await attempts.begin("k1", 15_000, 10_000)
    await attempts.charged("k1", 5_000)
    await attempts.begin("k1", 15_000, 10_000)
    assert await account.spent() == 5_000 + 25_000


async def test_more_mentions_than_a_night_can_pay_for_are_heard_the_next_night_and_each_once(account: Account) -> None:
    tariff = Tariff(nightly=0.5)
    async with account.open(tariff, hear_replies=True) as network:
        page = await network.replies(None)
        said = [account.fake.say(f"Person {number}", f"@PortAlbaPolice {number}") for number in range(60)]
        heard, nights = list[str](), 1
        while len(heard) < len(said):
            try:
                page = await network.replies(page.cursor)
            except TryLater:
                assert await account.spent() <= nights * 500_000, "a night costs no more than was set"
                account.clock.passed += timedelta(hours=24)
                nights += 1
                continue
            heard += [one.id for one in page.replies]
            assert await account.spent() == account.fake.world.bill
        account.fake.say("Ines", "@PortAlbaPolice the last one")
        last = await network.replies(page.cursor)
    assert sorted(heard) == sorted(said)
    assert [one.author_name for one in last.replies] == ["Ines"]
    assert nights == 2


async def test_a_try_that_was_not_there_is_paid_for_once(account: Account) -> None:
    async with account.open() as network:
        for _ in range(3):
            account.fake.fail("drop", "post")
            with pytest.raises(Unclear):
                await network.publish(POST, "k1", None)
        await network.publish(POST, "k1", None)
    assert account.fake.world.bill == 15_000 == await account.spent()


async def test_three_publishers_spend_a_night_to_the_cent_while_x_fails_them(account: Account) -> None:
    url = account.database.url.render_as_string(hide_password=False)
    databases = [Database(url) for _ in range(3)]
    tariff = Tariff(nightly=0.105)
    async with AsyncExitStack() as stack:
        networks = [
            await stack.enter_async_context(Account(account.fake, database, account.media).open(tariff))
            for database in databases
        ]
        for kind in ("busy", "lost", "drop"):
            account.fake.fail(kind, "post")
        waiting = list(range(15))
        for _ in range(4):
            told = [networks[number % 3].publish(numbered(number), f"k{number}", None) for number in waiting]
            results = await asyncio.gather(*told, return_exceptions=True)
            again = (TryLater, Unclear)
            waiting = [n for n, result in zip(waiting, results, strict=True) if isinstance(result, again)]
        assert waiting == []
    for database in databases:
        await database.close()
    posts = account.fake.texts()
    assert account.fake.world.bill == await account.spent() > 105_000 - 15_000, "another post would have fitted"
    assert len(posts) == len(set(posts))
    assert len(posts) * 15_000 <= 105_000


def numbered(number: int) -> Release:
    return replace(POST, text=f"Update {number} of tonight.")
