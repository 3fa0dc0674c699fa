"""Threads and answers on X, where they are allowed and where they are not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.network import Refused
from shifts.database import Database
from tests.bot.x_account import POST, Account, an_account


@pytest.fixture
async def account(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Account]:
    async with an_account(sqlite_database, tmp_path) as opened:
        yield opened


# Threads


async def test_a_thread_is_single_posts_where_replies_are_not_allowed(account: Account) -> None:
    async with account.open() as network:
        first = await network.publish(POST, "k1", None)
        await network.publish(replace(POST, text="The road is open again."), "k2", first.id)
    assert [post.answers for post in account.fake.world.own()] == [None, None]


async def test_a_thread_stands_under_its_opener_where_replies_are_allowed(account: Account) -> None:
    async with account.open(replies_allowed=True) as network:
        first = await network.publish(POST, "k1", None)
        await network.publish(replace(POST, text="The road is open again."), "k2", first.id)
    assert [post.answers for post in account.fake.world.own()] == [first.id, None]


async def test_a_thread_that_x_refuses_becomes_single_posts(account: Account) -> None:
    account.fake.world.self_threads = False
    async with account.open(replies_allowed=True) as network:
        first = await network.publish(POST, "k1", None)
        await network.publish(replace(POST, text="The road is open again."), "k2", first.id)
    assert [post.answers for post in account.fake.world.own()] == [None, None]


@pytest.mark.parametrize("allowed", [True, False])
async def test_an_answer_to_a_citizen_never_stands_alone(account: Account, allowed: bool) -> None:
    asked = account.fake.say("Marlow", "Is the road open?")
    async with account.open(replies_allowed=allowed) as network:
        with pytest.raises(Refused) as refused:
            await network.publish(replace(POST, text="Yes, since 21:10.", reply=7), "k1", asked)
    assert (refused.value.reason, account.fake.texts()) == ("reply", [])
