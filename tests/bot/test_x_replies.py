"""What the public answers on X: off unless somebody decided, read once, paid for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.network import TryLater
from bot.x.budget import Tariff
from shifts.database import Database
from tests.bot.x_account import POST, Account, an_account


@pytest.fixture
async def account(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Account]:
    async with an_account(sqlite_database, tmp_path) as opened:
        yield opened


async def test_nothing_is_read_while_hearing_is_off(account: Account) -> None:
    async with account.open() as network:
        page = await network.replies(None)
        assert (page.replies, page.cursor) == ((), None)
    assert account.fake.calls == []


async def test_a_reply_says_what_was_answered_without_the_names_before_it(account: Account) -> None:
    async with account.open(hear_replies=True) as network:
        start = await network.replies(None)
        published = await network.publish(POST, "k1", None)
        account.fake.say("Marlow", "@PortAlbaPolice @Ines Lock & key <3 https://example.org/x", published.id)
        (heard,) = (await network.replies(start.cursor)).replies
    assert heard.text == "Lock & key <3 https://example.org/x"
    assert (heard.answers, heard.author_name) == (published.id, "Marlow")
    assert heard.author.isdigit()


async def test_a_mention_that_answers_nothing_stands_under_no_post(account: Account) -> None:
    async with account.open(hear_replies=True) as network:
        start = await network.replies(None)
        account.fake.say("Marlow", "Saw @PortAlbaPolice on the beach")
        page = await network.replies(start.cursor)
        assert [heard.answers for heard in page.replies] == [None]
        assert (await network.replies(page.cursor)).cursor == page.cursor


async def test_people_who_answer_each_other_are_heard_with_the_thread_that_they_are_in(account: Account) -> None:
    async with account.open(hear_replies=True) as network:
        start = await network.replies(None)
        published = await network.publish(POST, "k1", None)
        first = account.fake.say("Marlow", "@PortAlbaPolice is it open?", published.id)
        account.fake.say("Ines", "@Marlow @PortAlbaPolice I want to know as well", first)
        heard = (await network.replies(start.cursor)).replies
    assert [(one.answers, one.thread) for one in heard] == [(published.id, published.id), (first, published.id)]


async def test_a_rush_of_replies_is_heard_whole_and_in_order(account: Account) -> None:
    async with account.open(Tariff(nightly=100), hear_replies=True) as network:
        published = await network.publish(POST, "k1", None)
        start = await network.replies(None)
        for number in range(230):
            account.fake.say("Marlow", f"@PortAlbaPolice {number}", published.id)
        page = await network.replies(start.cursor)
        assert [heard.text for heard in page.replies] == [str(number) for number in range(230)]
    assert account.fake.called("mentions") == 4


async def test_a_reply_to_nobody_who_was_ever_mentioned_before_is_not_lost(account: Account) -> None:
    async with account.open(hear_replies=True) as network:
        published = await network.publish(POST, "k1", None)
        first = await network.replies(None)
        account.fake.say("Marlow", "@PortAlbaPolice Is the road open?", published.id)
        assert len((await network.replies(first.cursor)).replies) == 1


async def test_mentions_are_asked_for_no_more_often_than_was_set(account: Account) -> None:
    async with account.open(hear_replies=True, hear_seconds=60.0) as network:
        start = await network.replies(None)
        for _ in range(5):
            await network.replies(start.cursor)
    assert account.fake.called("mentions") == 2


async def test_what_is_read_is_paid_for_and_nothing_is_read_once_the_budget_is_spent(account: Account) -> None:
    for number in range(7):
        account.fake.say("Ines", f"@PortAlbaPolice Hello {number}")
    # X gives no fewer than five mentions at a time, so five more must fit.
    async with account.open(Tariff(nightly=0.080), hear_replies=True) as network:
        published = await network.publish(POST, "k1", None)
        start = await network.replies(None)
        account.fake.say("Marlow", "@PortAlbaPolice Is the road open?", published.id)
        page = await network.replies(start.cursor)
        assert len(page.replies) == 1
        assert await account.spent() == account.fake.world.bill == 31_000
        with pytest.raises(TryLater):
            await network.replies(page.cursor)
