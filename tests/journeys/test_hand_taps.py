"""How many taps it takes: counted, because an officer's night is counted in them."""

from sqlmodel import col, func, select

from bot.inbox import InboxItem
from moderation.post import Post
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


async def test_a_word_stays_by_its_own_button_however_often_that_is_pressed(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    await stage.phone("lima-3").send("We met the crew of the Zanabar and the Quillowen at the desk tonight.")
    await sergeant.tap("card.button.publish", 1)
    label = stage.words.say("card.button.keep", "en", word="Zanabar")
    card_id, card = await sergeant.card(lambda c: sergeant.button(c, label) is not None, "the words to look at")
    button = sergeant.button(card, label)
    assert button is not None
    for _ in range(2):
        await sergeant.press(card_id, button.token)
    other = stage.words.say("card.button.keep", "en", word="Quillowen")
    await sergeant.card(
        lambda c: sergeant.button(c, other) is not None and sergeant.button(c, label) is None, "one left"
    )
    before = await _actions(stage, sergeant)
    await sergeant.send("/queue")
    await sergeant.card(lambda c: "waits" in c.title, "the queue, after both presses")
    assert await _actions(stage, sergeant) - before == 1
    async with stage.database.reading() as session:
        post = (await session.exec(select(Post))).one()
    assert len(post.lifted) == 1
