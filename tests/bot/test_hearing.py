"""What is heard is kept, whatever strangers write; what cannot be kept keeps nothing else from being heard."""

from dataclasses import dataclass, replace
from typing import cast

import pytest
from sqlmodel import col, select

from bot.alarm import Alarm
from bot.hearing import TRIES, Ears
from bot.network import Network
from bot.reply import Reply, ReplyCursor
from bot.triage import Triage, Triaged
from shifts.database import Database
from tests.bot.replies_stage import TRIAGE, Replies, replies

EMERGENCY = "please help my husband has collapsed and is not breathing"


@pytest.fixture
async def night(database: Database) -> Replies:
    return await replies(database)


@dataclass
class Stumbles:
    """The rules, which fail over one word in a way that nobody foresaw."""

    word: str

    def triage(self, text: str, language: str | None) -> Triaged:
        if self.word in text:
            raise ZeroDivisionError(text)
        return TRIAGE.triage(text, language)


async def kept(night: Replies) -> list[Reply]:
    async with night.database.reading() as session:
        return list((await session.exec(select(Reply).order_by(col(Reply.id)))).all())


async def test_words_that_a_database_cannot_hold_are_kept_without_what_it_cannot(night: Replies) -> None:
    night.says("Is the \x00bridge \ud83d open?", url="https://far.example/" + 600 * "a")
    await night.ears().listen("far")
    (reply,) = await kept(night)
    assert (reply.text, reply.url) == ("Is the bridge  open?", None)


async def test_a_reply_that_cannot_be_kept_keeps_no_cry_for_help_from_being_heard(
    night: Replies, caplog: pytest.LogCaptureFixture
) -> None:
    routing = replace(night.routing, triage=cast(Triage, Stumbles("zebra")))
    ears = Ears(night.database, {"far": cast(Network, night.crowd)}, routing, lambda: None)
    night.says("A zebra ran by.")
    night.says(EMERGENCY)
    for time in range(1, TRIES + 1):
        await ears.listen("far")
        async with night.database.reading() as session:
            assert len((await session.exec(select(Alarm))).all()) == 1
            assert (await session.get(ReplyCursor, "far") is not None) is (time == TRIES)
    async with night.database.reading() as session:
        assert (await session.get_one(ReplyCursor, "far")).cursor == "2"
    assert [reply.text for reply in await kept(night)] == [EMERGENCY]
    assert "zebra" not in caplog.text
    assert [getattr(record, "given_up", None) for record in caplog.records] == [False] * (TRIES - 1) + [True]
