"""What time a post on Bluesky shows: when it left, not when somebody agreed to it; the same at each try."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.bluesky.record import instant
from bot.fixed_answer import FixedAnswer
from bot.fixed_publishing import FixedPublisher
from bot.network import Heard
from moderation.redaction import Redactor
from moderation.scan import Scan
from moderation.template import Templates
from shifts.database import Database, utc_now
from shifts.words import Words
from tests.bot.replies_stage import CONFIG, replies
from tests.bot.test_mastodon_bluesky_delivered import publisher
from tests.bot.test_publishing import a_desk
from tests.contracts.bluesky_harness import PUT, BlueskyHarness, bluesky_network
from tests.contracts.test_networks import POST
from tests.fake_bluesky.server import Fault


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[BlueskyHarness]:
    async with bluesky_network(tmp_path) as started:
        yield started


@pytest.fixture
def redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), models=False)


def created(harness: BlueskyHarness, text: str) -> datetime:
    records = harness.fake.world.person("Patrol").records.values()
    (record,) = (record for record in records if record.value["text"] == text)
    return datetime.fromisoformat(record.value["createdAt"])


async def test_a_post_that_waited_shows_when_it_left_whichever_try_brought_it_there(
    sqlite_database: Database, harness: BlueskyHarness, redactor: Redactor, tmp_path: Path
) -> None:
    async with a_desk(sqlite_database, redactor, tmp_path) as desk:
        desk.publisher = publisher(desk, harness.network)
        approved = desk.clock.now
        await desk.approve(1, "All quiet.", embargo_until=approved + timedelta(hours=3))
        desk.clock.on(hours=3)
        harness.fake.fail(Fault("busy", PUT))
        harness.fake.fail(Fault("lost", PUT))
        await desk.run(5)
        (row,) = await desk.rows()
    assert row.first_sent_at is not None
    assert row.first_sent_at > approved + timedelta(hours=3)
    assert instant(created(harness, "All quiet.")) == instant(row.first_sent_at)


async def test_a_fixed_text_shows_when_it_was_said_and_not_when_it_was_agreed(
    sqlite_database: Database, harness: BlueskyHarness, redactor: Redactor, tmp_path: Path
) -> None:
    night = await replies(sqlite_database)
    opener = await harness.network.publish(POST, "k1", None)
    plea = harness.fake.world.reply("Ines", opener.id, "Please help, somebody is breaking into my house")
    night.crowd.heard.append(Heard(plea.uri, "far-1", "p1", "Ines", str(plea.value["text"]), utc_now()))
    before = utc_now()
    await night.ears().listen("far")
    templates = Templates.load(CONFIG / "templates.toml")
    saying = FixedPublisher(
        sqlite_database, {"far": harness.network}, templates, Scan(redactor, tmp_path), lambda: None
    )
    assert await saying.sweep(utc_now(), "far") == 1
    async with sqlite_database.reading() as session:
        answer = (await session.exec(select(FixedAnswer))).one()
    shown = datetime.fromisoformat(harness.fake.world.at(answer.published_id or "").value["createdAt"])
    assert before - timedelta(milliseconds=1) <= shown <= utc_now()
