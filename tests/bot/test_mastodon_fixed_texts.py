"""Fixed texts on Mastodon: all have the same words, and yet each person in danger gets theirs, and gets it once."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import pytest
from sqlmodel import col, select

from bot.belonging import others
from bot.delivery import Delivery, DeliveryState
from bot.fixed_answer import FixedAnswer
from bot.fixed_publishing import FixedPublisher
from bot.networks.mastodon import Mastodon
from bot.routing import Routing
from shifts.database import Database, utc_now
from tests.bot.replies_stage import Replies, a_scan, replies
from tests.contracts.fault_proxy import Fault
from tests.contracts.mastodon_harness import STATUSES, MastodonHarness, mastodon_without_keys
from tests.contracts.test_networks import POST

CRIES: Final = (
    ("Marlow", "please help my husband has collapsed and is not breathing"),
    ("Ines", "help there is a fire in our house and we cannot get out"),
)


async def cried(night: Replies, harness: MastodonHarness) -> None:
    """Two people call for help under our post, and we have heard them."""
    post = await harness.network.publish(POST, "k1", None)
    start = (await harness.network.replies(None)).cursor
    for name, words in CRIES:
        await harness.answer(post, name, words)
    night.crowd.heard.extend((await harness.network.replies(start)).replies)
    await night.ears().listen("far")


class Speaker:
    """The publisher of fixed texts; each step comes long after the one before."""

    def __init__(self, night: Replies, network: Mastodon) -> None:
        self.now = utc_now()
        routing: Routing = night.routing
        self._publisher = FixedPublisher(
            night.database, {"far": network}, routing.templates, a_scan(), lambda: None, lambda: self.now
        )

    async def step(self, answer_id: int) -> None:
        await self._publisher.step(answer_id)
        self.now += timedelta(minutes=1)


async def said_to(harness: MastodonHarness) -> list[str]:
    """What our answers stand under."""
    return sorted(str(one.in_reply_to_id) for one in await harness.statuses() if one.in_reply_to_id is not None)


@pytest.mark.parametrize("first", ["drop", "lost"])
@pytest.mark.parametrize("second", ["drop", "lost"])
async def test_a_text_whose_confirmation_was_lost_is_not_taken_for_somebody_elses(
    sqlite_database: Database, tmp_path: Path, first: Literal["drop", "lost"], second: Literal["drop", "lost"]
) -> None:
    """drop: it never arrived; lost: it did, and we were not told. Then the program is started anew."""
    night = await replies(sqlite_database, wait=None)
    folder = tmp_path / "network"
    folder.mkdir()
    async with mastodon_without_keys(folder, sqlite_database) as harness:
        await cried(night, harness)
        speaker = Speaker(night, harness.network)
        for answer_id, kind in ((1, first), (2, second)):
            harness.proxy.heal()
            harness.proxy.fail(Fault(kind, "POST", STATUSES))
            await speaker.step(answer_id)
        async with harness.again() as network:
            speaker = Speaker(night, network)
            speaker.now += timedelta(minutes=5)
            for _ in range(3):
                for answer_id in (1, 2):
                    await speaker.step(answer_id)
        heard = sorted(one.id for one in night.crowd.heard)
        assert await said_to(harness) == heard
        async with night.database.reading() as session:
            rows = (await session.exec(select(FixedAnswer).order_by(col(FixedAnswer.id)))).all()
        assert {row.state for row in rows} == {DeliveryState.SENT}
        under = {str(one.id): str(one.in_reply_to_id) for one in await harness.statuses()}
        assert [under[row.published_id or ""] for row in rows] == [row.answers for row in rows]


async def test_fixed_texts_and_pieces_of_threads_are_known_to_be_somebody_elses(database: Database) -> None:
    night = await replies(database, wait=None)
    await night.say(CRIES[0][1])
    async with database.transaction() as session:
        text = (await session.exec(select(FixedAnswer))).one()
        text.published_id = "said-1"
        row = (await session.exec(select(Delivery))).one()
        row.parts = ["far-1", "far-9"]
    there = ["said-1", "far-1", "far-9", "unknown"]
    assert await others(database, there, "k2") == {"said-1", "far-1", "far-9"}
    assert await others(database, ["said-1"], text.key) == set()
