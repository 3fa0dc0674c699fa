"""Killed while somebody cries for help: the alarm rings on until a person has it, and whom to call is said once."""

from typing import Final

import pytest

from bot.alarm import Alarm
from bot.fixed_answer import FixedAnswer
from bot.reply import Reply
from tests.journeys.killed_night import Night
from tests.journeys.killed_program import Kill
from tests.journeys.killed_stage import KilledStage, until

CRY: Final = "there's a man with a knife outside the chip shop he's swinging it at people"
MORE: Final = "please hurry, he is still there"
RINGS: Final = {"alarm_seconds": 1.0}


async def cried(stage: KilledStage, text: str) -> None:
    """Somebody answers the public post with these words."""
    asked = (await stage.platform.public.posts())[-1].id
    await stage.phone("lima-3").citizen_answers(asked, text)


async def rang(stage: KilledStage, times: int) -> None:
    async def often() -> bool:
        return any(alarm.rings >= times for alarm in await stage.rows(Alarm))

    await until(often, lambda: f"it never rang {times} times")


async def acknowledged(stage: KilledStage) -> None:
    async def over() -> bool:
        return [alarm.acknowledged_by for alarm in await stage.rows(Alarm)] == ["control-room"]

    await stage.phone("control-room").taps_until("triage.button.acknowledge", over, "nobody could acknowledge it")


async def told(stage: KilledStage) -> list[str]:
    """What the public reads under what somebody wrote."""
    return [post.text for post in await stage.platform.public.posts() if post.answers]


@pytest.mark.slow
@pytest.mark.parametrize("kills", [(Kill("alarm-raised", 5), Kill("alarm-rang", 40)), (Kill("answered", 3),)])
def test_an_alarm_rings_on_over_deaths_until_it_is_acknowledged(night: Night, kills: tuple[Kill, ...]) -> None:
    async def journey(stage: KilledStage) -> None:
        await cried(stage, CRY)
        await rang(stage, 3)
        await until(stage.died, lambda: "it never died")
        before = (await stage.rows(Alarm))[0].rings
        await rang(stage, before + 1)
        await acknowledged(stage)
        await stage.settled()
        assert len(await stage.rows(Reply, Reply.text == CRY)) == 1
        assert len(await stage.rows(Alarm)) == 1

    night.play(journey, "public", *kills, **RINGS)


@pytest.mark.slow
@pytest.mark.parametrize("kill", [Kill("alarm-raised", 60), Kill("fixed-text-sent", 0)])
def test_whoever_cries_for_help_twice_over_a_death_is_told_once_whom_to_call(night: Night, kill: Kill) -> None:
    async def journey(stage: KilledStage) -> None:
        await cried(stage, CRY)

        async def said() -> bool:
            return len(await told(stage)) == 1

        await until(said, lambda: "they were never told whom to call")
        await until(stage.died, lambda: "it never died")
        await cried(stage, MORE)

        async def heard() -> bool:
            return len(await stage.rows(Reply)) == 2

        await until(heard, lambda: "the second cry was never heard")
        await acknowledged(stage)
        await stage.settled()
        assert len(await told(stage)) == 1
        assert len(await stage.rows(FixedAnswer)) == 1
        assert stage.patrol.lines("repeated") == [] or kill.mark == "fixed-text-sent"

    night.play(journey, "public", kill, **RINGS)
