from sqlmodel import col, select

from bot.delivery import Delivery, DeliveryState
from bot.rehearsal.public import Trouble
from moderation.audit import AuditEntry
from tests.journeys.stage import Stage, eventually

HARMLESS = "Free bike marking at our desk tonight until ten."


async def test_a_sergeant_has_what_a_network_refused_tried_again(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    await stage.platform.public.switch(Trouble.REFUSES, on=True)
    await stage.phone("lima-3").send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    _, card = await sergeant.card(lambda c: sergeant.button(c, "Skip") is not None, "what to do about it")
    assert card.quote == HARMLESS
    assert stage.words.say("trouble.rules", "en") in card.lines
    await stage.public(lambda text: "bike marking" in text)
    await stage.platform.public.switch(Trouble.REFUSES, on=False)
    await sergeant.tap("trouble.button.again", 1)

    async def sent() -> bool | None:
        async with stage.database.reading() as session:
            return {row.state for row in (await session.exec(select(Delivery))).all()} == {DeliveryState.SENT} or None

    await eventually(sent, lambda: "it never went out after all")
    assert len([p for p in await stage.platform.public.posts() if p.text == HARMLESS]) == 1
    async with stage.database.reading() as session:
        told = (await session.exec(select(AuditEntry).where(col(AuditEntry.event).startswith("by hand")))).all()
    assert [entry.actor for entry in told] == ["sergeant-1"]
