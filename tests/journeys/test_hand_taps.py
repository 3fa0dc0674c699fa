"""How many taps it takes: counted, because an officer's night is counted in them."""

from sqlmodel import col, func, select

from bot.inbox import InboxItem
from tests.journeys.stage import Phone, Stage

HARMLESS = "Quiet start to the night. Thank you to everyone who waved at us."


async def test_a_green_post_is_published_with_one_tap(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    before = await _actions(stage, sergeant)
    await stage.phone("lima-3").send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "waved" in text)
    assert await _actions(stage, sergeant) - before == 1


async def test_a_post_is_edited_and_published_with_three_actions(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    before = await _actions(stage, sergeant)
    await stage.phone("lima-3").send(HARMLESS)
    card = await sergeant.tap("card.button.edit", 1)
    await sergeant.card(lambda c: c.ask is not None and c.ask.prefill == HARMLESS, "the text to edit")
    await sergeant.send("Quiet start to the night. Thank you all.", answers=card)
    await sergeant.card(lambda c: c.quote == "Quiet start to the night. Thank you all.", "the new words")
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "Thank you all." in text)
    assert await _actions(stage, sergeant) - before == 3


async def _actions(stage: Stage, phone: Phone) -> int:
    """How many messages and taps have come from this phone."""
    async with stage.database.reading() as session:
        found = await session.exec(select(func.count(col(InboxItem.id))).where(InboxItem.chat == phone.chat))
        return found.one()
