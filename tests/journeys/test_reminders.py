"""Nobody decides: who is reminded when, on whose phone, and from what moment the minutes count."""

from datetime import timedelta

from sqlmodel import select

from moderation.post import Post, PostState
from shifts.database import utc_now
from tests.journeys.stage import A_MINUTE_TO_UNDO, Phone, Stage, eventually

HARMLESS = "Quiet start to the night. Thank you to everyone who waved at us."
CHANGED = "Quiet start to the night. Thank you all."


async def test_sergeants_standby_and_inspectors_are_reminded_one_after_the_other_and_then_it_expires(
    stage: Stage,
) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer, standby, inspector = (stage.phone(name) for name in ("lima-3", "sergeant-2", "inspector-1"))
    await officer.send(HARMLESS)
    await sergeant.sees("card.tone.green", 1)
    await _has_waited(stage, 3)
    await _reminded(sergeant, "clock.reminder", 1)
    await _has_waited(stage, 6)
    await _reminded(standby, "clock.standby", 1)
    await standby.sees("card.tone.green", 1)
    await _has_waited(stage, 11)
    await _reminded(inspector, "clock.inspector", 1)
    await inspector.sees("card.tone.green", 1)
    await _has_waited(stage, 31)
    await officer.sees("card.state.expired", 1)
    await officer.reads("clock.expired", number=1)
    assert stage.program.settings.times.expiry_minutes == 30
    assert [await _count(phone, "clock.reminder") for phone in (sergeant, standby, inspector)] == [1, 0, 0]


@A_MINUTE_TO_UNDO
async def test_the_minutes_begin_anew_after_an_undo_and_with_new_words_and_go_on_when_an_inspector_is_asked(
    stage: Stage,
) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer, standby, inspector = (stage.phone(name) for name in ("lima-3", "sergeant-2", "inspector-1"))
    await officer.send(HARMLESS)
    await sergeant.sees("card.tone.green", 1)
    await _has_waited(stage, 11)
    await _reminded(inspector, "clock.inspector", 1)
    await sergeant.tap("card.button.publish", 1)
    await sergeant.tap("card.button.undo", 1)
    await officer.sees("card.state.waiting", 1)
    await _has_waited(stage, 3)
    await _reminded(sergeant, "clock.reminder", 1)
    await sergeant.tap("card.button.inspector", 1)
    await inspector.reads("tap.inspector_wanted", number=1, officer="Sierra 1")
    await _has_waited(stage, 6)
    await _reminded(standby, "clock.standby", 1)
    await sergeant.tap("card.button.send_back", 1)
    await sergeant.tap("card.reason.tone", 1)
    card = await officer.tap("card.button.change", 1)
    await officer.card(lambda c: c.ask is not None, "the words to change")
    await officer.send(CHANGED, answers=card)
    await sergeant.card(lambda c: c.quote == CHANGED and bool(c.rows), "the new words")
    await _has_waited(stage, 3)
    await _reminded(sergeant, "clock.reminder", 2)
    await standby.tap("card.button.publish", 1)
    await officer.sees("card.state.approved", 1)


async def _has_waited(stage: Stage, minutes: float) -> None:
    """Let the post have waited for so long."""
    async with stage.database.transaction() as session:
        post = (await session.exec(select(Post))).one()
        assert post.state is PostState.WAITING
        assert post.clock_from is not None
        post.clock_from = utc_now() - timedelta(minutes=minutes)


async def _reminded(phone: Phone, key: str, times: int) -> None:
    """Wait until a phone has been told this so often."""

    async def look() -> bool | None:
        return await _count(phone, key) == times or None

    await eventually(look, lambda: f"{phone.account} was never told {key} {times} times")


async def _count(phone: Phone, key: str) -> int:
    before, after = phone.says(key, number=1, minutes="#").split("#")
    titles = [card.title for _, card in await phone.cards()]
    return sum(title.startswith(before) and title.endswith(after) for title in titles)
