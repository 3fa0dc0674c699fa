"""Threads and answers on X, where they are allowed and where they are not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.network import Refused, Unclear
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


@pytest.mark.parametrize("taken", [True, False])
async def test_a_correction_stands_under_what_it_corrects_where_x_takes_it_without_any_switch(
    account: Account, taken: bool
) -> None:
    account.fake.world.self_threads = taken
    right = replace(POST, text="Correction: it was three tyres.", correction="A number was wrong.")
    async with account.open() as network:
        first = await network.publish(POST, "k1", None)
        await network.publish(right, "k2", first.id)
    assert [post.answers for post in account.fake.world.own()] == [first.id if taken else None, None]
    assert account.fake.world.bill == 30_000 == await account.spent()


@pytest.mark.parametrize("text", ["Yes, since 21:10.", "@PortAlbaFire has opened it."])
async def test_an_answer_whose_confirmation_was_lost_is_known_again_by_its_words(account: Account, text: str) -> None:
    asked = account.fake.say("Marlow", "@PortAlbaPolice Is the road open?")
    answer = replace(POST, text=text, reply=7)
    async with account.open(replies_allowed=True) as network:
        account.fake.fail("lost", "post")
        with pytest.raises(Unclear):
            await network.publish(answer, "k1", asked)
        found = await network.find(answer, "k1", POST.approved_at)
        assert found is not None
        assert await network.find(replace(answer, text=text[4:]), "k2", POST.approved_at) is None
    assert account.fake.texts() == [text]
