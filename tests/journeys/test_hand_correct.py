from sqlmodel import select

from bot.delivery import Delivery, DeliveryState
from bot.rehearsal.public import PublicPost
from moderation.post import Post, PostState
from tests.journeys.stage import Phone, Stage, eventually

FIRST = "Free bike marking at our desk tonight until ten."
RIGHT = "Free bike marking at our desk tonight until nine."
LINE = "The time was wrong."


async def published(stage: Stage, text: str) -> PublicPost:
    async def look() -> PublicPost | None:
        return next((post for post in await stage.platform.public.posts() if post.text == text), None)

    return await eventually(look, lambda: "the network never got it")


async def corrects(phone: Phone, number: int, text: str) -> None:
    """Ask for the card, say that the time was wrong, and write the words as they should be."""
    await phone.send(f"/correct {number}")
    await phone.tap("correction.wrong.time", number)
    card, _ = await phone.card(lambda c: c.ask is not None and c.title.startswith(f"{number} "), "what to write")
    await phone.send(text, answers=card)


async def test_corrected_words_are_approved_by_another_and_stand_everywhere_until_all_is_recalled(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer, inspector = stage.phone("lima-3"), stage.phone("inspector-1")
    await officer.send(FIRST)
    await sergeant.tap("card.button.publish", 1)
    first = await published(stage, FIRST)
    await stage.public(lambda text: FIRST in text)
    await corrects(sergeant, 1, f"{RIGHT} Call 07700 900123.")
    _, shown = await inspector.card(lambda c: any(LINE in line for line in c.lines), "the correction")
    assert shown.quote is not None
    assert "07700" not in shown.quote
    assert not any(c.title.startswith("2 ") and sergeant.button(c, "Publish") for _, c in await sergeant.cards())
    await inspector.tap("card.button.publish", 2)
    page = await stage.public(lambda text: "until nine" in text and LINE in text)
    assert "until ten" not in page
    apart = await published(stage, f"Correction: {shown.quote}")
    assert apart.answers == first.id
    assert (await officer.reads("correction.by", number=2)).title.startswith("1 ")
    assert (await sergeant.reads("correction.by", number=2)).title.startswith("1 ")
    for path in ("/p/1", "/feed.json", "/feed.atom"):
        await stage.public(lambda text: "until nine" in text and LINE in text and "until ten" not in text, path)
    await officer.send("/recall 2")
    await officer.tap("card.recall.wrong", 1)
    await stage.public(lambda text: "until nine" not in text and LINE not in text, "/p/1")

    async def all_gone() -> bool | None:
        return all(post.withdrawn for post in await stage.platform.public.posts()) or None

    await eventually(all_gone, lambda: "something of it stayed")
    async with stage.database.reading() as session:
        assert {p.state for p in (await session.exec(select(Post))).all()} == {PostState.RECALLED}


async def test_a_correction_waits_for_its_post_and_only_one_is_decided_about_at_a_time(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3", "lima-4")
    officer, other = stage.phone("lima-3"), stage.phone("lima-4")
    await officer.send(FIRST)
    await sergeant.sees("card.tone.green", 1)
    await officer.send("/correct 1")
    await officer.reads("correction.nothing_to_correct")
    await sergeant.tap("card.button.publish", 1)
    await published(stage, FIRST)
    await other.send("/correct 1")
    await other.reads("correction.not_yours")
    await corrects(officer, 1, RIGHT)
    await sergeant.card(lambda c: c.quote == RIGHT, "the correction")
    await sergeant.send("/correct 1")
    await sergeant.reads("correction.pending")
    async with stage.database.reading() as session:
        assert {row.state for row in (await session.exec(select(Delivery))).all()} == {DeliveryState.SENT}


async def test_a_correction_that_was_sent_back_gives_way_to_another(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer, inspector = stage.phone("lima-3"), stage.phone("inspector-1")
    await officer.send(FIRST)
    await sergeant.tap("card.button.publish", 1)
    await published(stage, FIRST)
    await corrects(officer, 1, "Free bike marking at our desk tonight until six.")
    await inspector.tap("card.button.send_back", 2)
    await inspector.tap("card.reason.tone", 2)
    await inspector.sees("card.state.sent_back", 2)
    await corrects(sergeant, 1, RIGHT)
    await inspector.card(lambda c: c.quote == RIGHT and c.title.startswith("3 "), "the other correction")
    async with stage.database.reading() as session:
        states = dict((await session.exec(select(Post.number, Post.state))).all())
    assert states[2] is PostState.WITHDRAWN
    await inspector.tap("card.button.publish", 3)
    await stage.public(lambda text: "until nine" in text and LINE in text)
