"""What one person cannot publish alone: red posts, and posts that are held for a condition."""

from sqlmodel import select

from moderation.decision import Decision, DecisionKind
from moderation.post import Post
from shifts.database import utc_now
from tests.journeys.stage import Stage, eventually

RED = "A man is in a critical condition after a crash in Riverside."
HELD = "We checked a van at 3 Elm Lane. The driver was reported."


async def test_a_red_post_is_published_by_two_people_one_right_after_the_other(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    inspector = stage.phone("inspector-1")
    await stage.phone("lima-3").send(RED)
    await inspector.sees("card.tone.red", 1)
    await sergeant.tap("card.button.publish", 1)
    await inspector.reads("tap.second_wanted", number=1, officer="Sierra 1")
    await inspector.reads("card.one_of_two", officer="Sierra 1", roles="inspector")
    shown = await sergeant.reads("card.one_of_two", officer="Sierra 1", roles="inspector")
    assert sergeant.button(shown, stage.words.say("card.button.publish", sergeant.language)) is None
    await inspector.tap("card.button.publish", 1)
    await stage.public(lambda text: "being cared for" in text)
    assert await _decisions(stage) == [
        ("sergeant-1", DecisionKind.FIRST_OF_TWO),
        ("inspector-1", DecisionKind.PUBLISH),
    ]


async def test_a_held_post_is_published_by_the_sergeant_as_soon_as_its_condition_is_met(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    inspector = stage.phone("inspector-1")
    await stage.phone("lima-3").send(HELD)
    shown = await sergeant.sees("card.tone.amber", 1)
    assert sergeant.button(shown, stage.words.say("card.button.publish", sergeant.language)) is None
    assert sergeant.says("card.held", roles="inspector") in shown.lines
    await inspector.tap("card.button.met", 1)
    await sergeant.reads("tap.condition_met", number=1, officer="India 1")
    await sergeant.tap("card.button.publish", 1)
    sentence = stage.words.say("policy.ticks.place_ok", sergeant.language)
    ticks, card = await sergeant.card(lambda c: f"☐ {sentence}" in c.lines, "what has to be ticked")
    await sergeant.press(ticks, card.rows[0][0].token)
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "The driver was reported." in text)
    assert await _decisions(stage) == [
        ("inspector-1", DecisionKind.CONDITION_MET),
        ("sergeant-1", DecisionKind.PUBLISH),
    ]


async def _decisions(stage: Stage) -> list[tuple[str, DecisionKind]]:
    """Who decided what about the only post, in order."""
    async with stage.database.reading() as session:
        post = (await session.exec(select(Post))).one()
        made = (await session.exec(select(Decision).where(Decision.post_id == post.id).order_by("id"))).all()
    return [(one.officer_id, one.kind) for one in made]


async def test_who_is_on_a_post_is_named_to_everybody_until_their_time_is_over(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer, colleague = stage.phone("lima-3"), stage.phone("sergeant-2")
    await colleague.send("/on")
    sent = await officer.send("Quiet start to the night.")
    await colleague.sees("card.tone.green", 1)
    await colleague.send("/queue")
    await sergeant.tap("card.button.wait", 1)
    named = colleague.says("card.claimed", officer="Sierra 1"), colleague.says("shift_card.claimed", officer="Sierra 1")
    await colleague.card(lambda c: named[0] in c.lines, "who is on it")
    await colleague.card(lambda c: any(line.endswith(named[1]) for line in c.lines), "who is on it, in the queue")
    await officer.edit(sent, "Busy start to the night.")
    await officer.reads("queue.claimed", officer="Sierra 1")
    async with stage.database.transaction() as session:
        (await session.exec(select(Post))).one().claimed_until = utc_now()

    async def free() -> bool | None:
        lines = [line for _, card in await colleague.cards() for line in card.lines]
        return not any(line.endswith(named) for line in lines) or None

    await eventually(free, lambda: "a claim that had ended stood on the cards")
    await colleague.tap("card.button.publish", 1)
    await stage.public(lambda text: "Quiet start" in text)
