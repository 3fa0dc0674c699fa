import secrets

from sqlmodel import select

from bot.rehearsal.public import PublicPost, Trouble
from bot.reply import Reply, ReplyState
from shifts.database import utc_now
from tests.journeys.stage import Phone, Stage, eventually

HARMLESS = "Free bike marking at our desk tonight until ten."


async def published(stage: Stage, text: str) -> PublicPost:
    async def look() -> PublicPost | None:
        return next((post for post in await stage.platform.public.posts() if post.text == text), None)

    post = await eventually(look, lambda: "the network never got it")
    assert isinstance(post, PublicPost)
    return post


async def replied(stage: Stage, words: str) -> tuple[Phone, Phone]:
    """A post of lima-3 is public, and a neighbour has replied to it. Gives the sergeant and the officer."""
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    post = await published(stage, HARMLESS)
    await stage.platform.public.reply(post.id, "Neighbour", words, secrets.token_hex(8), utc_now())
    return sergeant, officer


async def test_a_citizen_asks_the_officer_answers_and_the_answer_stands_in_the_thread(stage: Stage) -> None:
    sergeant, officer = await replied(stage, "Do I need the receipt?")
    _, asked = await officer.card(lambda c: c.quote == "Do I need the receipt?", "the question")
    card = await officer.tap("reply_card.button.answer")
    await officer.card(lambda c: c.ask is not None and c.quote == "Do I need the receipt?", "a question to answer")
    await officer.send("No, just bring the bike.", answers=card)
    shown = await sergeant.sees("card.tone.green", 2)
    assert any("Do I need the receipt?" in line for line in shown.lines)
    await sergeant.tap("card.button.publish", 2)
    answer = await published(stage, "No, just bring the bike.")
    assert answer.answers
    await stage.public(lambda text: "just bring the bike" in text and "bike marking" in text, "/p/1")
    async with stage.database.reading() as session:
        assert (await session.exec(select(Reply))).one().state is ReplyState.ANSWERED
    assert asked.title.startswith("1 ")


async def test_a_ready_answer_is_one_tap_for_the_officer_and_waits_for_the_sergeant(stage: Stage) -> None:
    sergeant, officer = await replied(stage, "Do I need the receipt?")
    await officer.tap("reply_card.button.ready")
    await officer.tap("reply_card.ready.thanks")
    shown = await sergeant.sees("card.tone.green", 2)
    thanks = stage.words.say("reply_card.ready.thanks", "en")
    assert shown.quote == thanks
    assert any("Do I need the receipt?" in line for line in shown.lines)
    assert [one.text for one in await stage.platform.public.posts()] == [HARMLESS]
    await sergeant.tap("card.button.publish", 2)
    assert (await published(stage, thanks)).answers
    async with stage.database.reading() as session:
        assert (await session.exec(select(Reply))).one().state is ReplyState.ANSWERED


async def test_a_reply_can_be_left_without_an_answer(stage: Stage) -> None:
    _, officer = await replied(stage, "Nice!")
    await officer.tap("reply_card.button.ignore")
    await officer.reads("reply_card.state.ignored")


async def test_a_lost_answer_of_a_network_is_looked_up_and_never_posted_twice(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await stage.platform.public.switch(Trouble.LOST_REPLY, on=True)
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "bike marking" in text)
    card = await officer.sees("card.state.released", 1)
    await stage.platform.public.switch(Trouble.LOST_REPLY, on=False)
    sent = stage.words.say("card.delivery.sent", "en", network="rehearsal", url="").strip()
    await officer.card(lambda c: any(line.startswith(sent) for line in c.lines), "that it is there after all")
    assert len([p for p in await stage.platform.public.posts() if p.text == HARMLESS]) == 1
    assert card.quote == HARMLESS


async def test_one_network_down_does_not_hold_up_the_page(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await stage.platform.public.switch(Trouble.DOWN, on=True)
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "bike marking" in text)
    await stage.platform.public.switch(Trouble.DOWN, on=False)
    await published(stage, HARMLESS)


async def test_a_recall_leaves_a_tombstone_and_nothing_else(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    await published(stage, HARMLESS)
    await stage.public(lambda text: "bike marking" in text)
    await sergeant.send("/recall 1")
    await sergeant.tap("card.recall.wrong", 1)
    await officer.sees("card.state.recalled", 1)
    for path in ("/", "/p/1", "/feed.json", "/feed.atom"):
        await stage.public(lambda text: "bike marking" not in text, path)
    assert (await published_state(stage)).withdrawn


async def published_state(stage: Stage) -> PublicPost:
    async def look() -> PublicPost | None:
        return next((post for post in await stage.platform.public.posts() if post.withdrawn), None)

    post = await eventually(look, lambda: "the network never withdrew it")
    assert isinstance(post, PublicPost)
    return post
