from datetime import timedelta

from sqlmodel import col, select

from bot.delivery import Delivery
from bot.outbox import Slot, SlotKind
from moderation.decision import Decision
from moderation.post import Post, PostState
from shifts.database import utc_now
from shifts.officer import Officer
from shifts.timeline import Entry
from tests.journeys.stage import Stage

HARMLESS = "Quiet start to the night. Thank you to everyone who waved at us."


async def test_who_is_not_accredited_practises_on_the_same_cards_and_nothing_goes_anywhere(stage: Stage) -> None:
    async with stage.database.transaction() as session:
        learner = await session.get_one(Officer, "lima-3")
        learner.accredited_until = utc_now() - timedelta(days=1)
    await stage.open_shift("lima-4")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await officer.reads("shift.lapsed")
    await officer.send("/practica")
    await officer.reads("tutorial.begin")
    await officer.send(HARMLESS)
    yes = await officer.reads("tutorial.yes")
    assert yes.quote == HARMLESS
    assert stage.words.say("tutorial.nowhere", "en") in yes.lines
    await officer.send("A drunk idiot fell off his bike, plate AB12 CDE.")
    _, back = await officer.card(lambda c: any("closely" in line for line in c.lines), "another look")
    assert "AB12" not in (back.quote or "")
    async with stage.database.reading() as session:
        posts = (await session.exec(select(Post).order_by(col(Post.id)))).all()
        nothing = [list((await session.exec(select(table))).all()) for table in (Delivery, Decision, Entry)]
        cards = (await session.exec(select(Slot).where(col(Slot.kind) == SlotKind.DECIDER))).all()
    assert [(post.lesson, post.networks) for post in posts] == [(True, [])] * 2
    assert yes.title.startswith("T1 ")
    assert [post.state for post in posts] == [PostState.APPROVED, PostState.SENT_BACK]
    assert nothing == [[], [], []]
    assert list(cards) == []
    assert await stage.platform.public.posts() == []
    await stage.phone("lima-4").send(HARMLESS)
    await stage.phone("lima-4").sees("card.state.waiting", 1)  # lessons use up no number of the force
