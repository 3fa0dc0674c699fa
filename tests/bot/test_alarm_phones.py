"""An alarm rings on somebody's phone, whoever the roster leaves out."""

from collections.abc import Collection

import pytest
from sqlmodel import col, select

from bot import alarm
from bot.alarm import Alarm
from bot.outbox import SlotKind
from moderation.decision import NotAllowed
from shifts.database import Database, utc_now
from shifts.officer import Account, Officer
from tests.bot.replies_stage import Replies, replies

EMERGENCY = "please help my husband has collapsed and is not breathing"


async def without_phones(night: Replies, officers: Collection[str]) -> None:
    """People who are in the roster and have never joined on a phone."""
    async with night.database.transaction() as session:
        for account in (await session.exec(select(Account).where(col(Account.officer_id).in_(officers)))).all():
            await session.delete(account)


async def acknowledge(night: Replies, officer_id: str) -> None:
    async with night.database.transaction() as session:
        rung = (await session.exec(select(Alarm))).one()
        officer = await session.get_one(Officer, officer_id)
        await alarm.acknowledge(session, rung.id or 0, officer, utc_now(), false=False)


async def test_an_alarm_that_nobody_else_can_hear_rings_at_the_press_office_which_may_end_it(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    night = await replies(database)
    await without_phones(night, ["control-room", "inspector-1"])
    await night.say(EMERGENCY)
    assert await night.phones(1, SlotKind.ALARM) == {"press-1"}
    assert "nobody of the control room can be rung" in caplog.text
    with pytest.raises(NotAllowed):
        await acknowledge(night, "tips-1")
    await acknowledge(night, "press-1")


async def test_where_the_control_room_has_a_phone_the_press_office_neither_rings_nor_ends_it(
    database: Database,
) -> None:
    night = await replies(database)
    await without_phones(night, ["inspector-1"])
    await night.say(EMERGENCY)
    assert await night.phones(1, SlotKind.ALARM) == {"control-room"}
    with pytest.raises(NotAllowed):
        await acknowledge(night, "press-1")
