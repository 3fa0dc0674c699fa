from datetime import timedelta

from sqlmodel import col, select

from bot.delivery import Delivery, DeliveryState
from bot.rehearsal.item import Sent
from moderation.post import Happened, Post, PostState, Wait
from shifts.database import utc_now
from shifts.officer import Officer
from tests.journeys.stage import Phone, Stage, eventually

HARMLESS = "Quiet start to the night. Thank you to everyone who waved at us."


async def test_an_officer_says_how_long_ago_and_the_sergeant_reads_a_rounded_time(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await officer.tap("card.button.when", 1)
    await officer.tap("card.when.30", 1)
    _, card = await sergeant.card(lambda c: any(line.startswith("Happened at about") for line in c.lines), "when")
    told = next(line for line in card.lines if line.startswith("Happened at about"))
    assert told.rstrip(".")[-2:] in {"00", "15", "30", "45"}
    assert (await _post(stage)).happened is Happened.THIRTY


async def test_six_messages_after_twenty_minutes_offline_arrive_once_in_order_and_marked_late(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    began = utc_now() - timedelta(minutes=20)
    for number in (3, 1, 5, 2, 6, 4, 1):
        sent = Sent(f"Message number {number}, all quiet.")
        at = began + timedelta(minutes=number)
        await stage.platform.phones.send(officer.account, sent, f"offline-{number}", at)
    stage.platform.arrived.set()

    async def six() -> list[Post] | None:
        async with stage.database.reading() as session:
            posts = list((await session.exec(select(Post).order_by(col(Post.sent_at)))).all())
        return posts if len(posts) == 6 and all(p.state is PostState.WAITING for p in posts) else None

    posts = await eventually(six, lambda: "six posts never waited")
    assert [post.text[15] for post in posts] == ["1", "2", "3", "4", "5", "6"]
    _, card = await sergeant.card(lambda c: c.quote is not None and "number 2" in c.quote, "the second")
    assert any(line.startswith("⚠ Late") for line in card.lines)
    assert posts[1].sent_at == began + timedelta(minutes=2)
    await sergeant.send("/queue")
    _, queue = await sergeant.card(lambda c: "6 posts wait" in c.title, "the queue")
    by_number = {str(post.number): post.text[15] for post in posts}
    assert [by_number[line.split(" ")[0]] for line in queue.lines[:6]] == ["1", "2", "3", "4", "5", "6"]


async def test_a_sergeant_lets_a_post_wait_and_nothing_of_it_leaves_before(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.wait", 1)
    await sergeant.tap("card.wait.15", 1)
    await sergeant.card(lambda c: any(line.startswith("Goes out at") for line in c.lines), "until when it waits")
    post = await _post(stage)
    assert post.embargo_until is not None
    assert post.clock_from == post.embargo_until
    await sergeant.tap("card.button.publish", 1)
    await officer.sees("card.state.approved", 1)
    await _undo_is_over(stage)
    async with stage.database.reading() as session:
        rows = (await session.exec(select(Delivery))).all()
    assert rows
    assert {(row.state, row.due_at) for row in rows} == {(DeliveryState.DUE, post.embargo_until)}
    await sergeant.tap("card.button.undo", 1)
    await sergeant.tap("card.button.wait", 1)
    await sergeant.tap("card.wait.0", 1)
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "waved" in text)


async def test_a_sergeant_waits_for_the_scene_and_the_officer_ends_that(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.wait", 1)
    await sergeant.tap("card.wait.scene", 1)
    await officer.reads("tap.say_when_clear", number=1)
    await sergeant.tap("card.button.publish", 1)
    await officer.sees("card.state.approved", 1)
    await _undo_is_over(stage)
    assert "waved" not in await stage.page()
    assert (await _post(stage)).wait is Wait.SCENE
    await officer.tap("card.button.clear", 1)
    await stage.public(lambda text: "waved" in text)


async def test_the_next_oldest_card_comes_down_after_a_decision(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    for number in (1, 2, 3):  # one after the other, so that the cards stand in this order
        await officer.send(f"Message number {number}, all quiet.")
        await sergeant.sees("card.tone.green", number)
    before = {card_id for card_id, _ in await sergeant.cards()}
    await sergeant.tap("card.button.publish", 1)

    async def second_is_last() -> bool | None:
        cards = [(i, c) for i, c in await sergeant.cards() if c.title[:2] in {"1 ", "2 ", "3 "}]
        last_id, last = cards[-1]
        fresh = last.title.startswith("2 ") and last_id not in before
        return (fresh and [c.title[0] for _, c in cards] == ["1", "3", "2"]) or None

    await eventually(second_is_last, lambda: "the second post never came down as a fresh card, alone")


async def test_one_tap_publishes_all_that_is_green_and_nothing_else(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3", "lima-4")
    officer, other = stage.phone("lima-3"), stage.phone("lima-4")
    await officer.send("Message number 1, all quiet.")
    await other.send("Message number 2, all quiet.")
    await officer.send("A firearm was used near our officers and a man was hurt.")
    for number in (1, 2):
        await sergeant.sees("card.tone.green", number)

    async def judged() -> bool | None:
        async with stage.database.reading() as session:
            return (await session.exec(select(Post).where(Post.number == 3))).one().verdict is not None or None

    await eventually(judged, lambda: "the third post was never judged")
    await sergeant.send("/queue")
    await sergeant.tap("shift_card.button.greens", n=2)
    page = await stage.public(lambda text: "number 1" in text and "number 2" in text)
    assert "firearm" not in page
    async with stage.database.reading() as session:
        posts = {p.number: p for p in (await session.exec(select(Post))).all()}
    assert posts[3].state not in (PostState.APPROVED, PostState.RELEASED)
    assert posts[1].approved_by == posts[2].approved_by == "sergeant-1"

    async def next_one() -> bool | None:
        return (await sergeant.cards())[-1][1].title.startswith("3 ") or None

    await eventually(next_one, lambda: "the post that is left never came down as the newest card")


async def test_a_queue_card_that_shows_something_else_publishes_nothing(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("Message number 1, all quiet.")
    await sergeant.sees("card.tone.green", 1)
    await sergeant.send("/queue")
    label = stage.words.say("shift_card.button.greens", "en", n=1)
    card_id, card = await sergeant.card(lambda c: sergeant.button(c, label) is not None, "the queue")
    await officer.send("Message number 2, all quiet.")
    await sergeant.sees("card.tone.green", 2)
    await sergeant.press(card_id, card.rows[0][0].token)
    await sergeant.tap("card.button.send_back", 2)
    async with stage.database.reading() as session:
        assert {p.state for p in (await session.exec(select(Post))).all()} == {PostState.WAITING}


async def test_who_is_on_tells_who_decides(stage: Stage) -> None:
    await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("/who")
    _, card = await officer.card(lambda c: "Sierra 1" in c.title, "who decides")
    assert "Lima 3" in card.title
    assert card.title.endswith("Deciding: Sierra 1. On call: Sierra 2, India 1.")
    async with stage.database.transaction() as session:
        (await session.get_one(Officer, "sergeant-1")).accredited_until = utc_now() - timedelta(days=1)
    await officer.send("/who")
    nobody = officer.says("command.nobody")
    await officer.card(lambda c: f"On it: Lima 3, Sierra 1. Deciding: {nobody}." in c.title, "nobody who may decide")


async def test_more_than_twenty_posts_an_hour_call_for_help_once(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.sees("card.tone.green", 1)
    await _many_more(stage, 20)
    fields = {"posts": 21, "deciders": 1, "shift": "Night B"}
    await sergeant.reads("clock.get_help", **fields)
    await stage.phone("inspector-1").card(lambda c: "21" in c.title, "the call for help")
    await _two_ticks(stage, sergeant)
    said = [c for _, c in await sergeant.cards() if c.title == stage.words.say("clock.get_help", "en", **fields)]
    assert len(said) == 1


async def _many_more(stage: Stage, count: int) -> None:
    """As many posts as that, dropped already, stand behind the first."""
    async with stage.database.transaction() as session:
        first = (await session.exec(select(Post))).one()
        for number in range(count):
            told = first.model_dump(exclude={"id"}) | {"number": 100 + number, "state": PostState.WITHDRAWN}
            session.add(Post(**told))


async def _two_ticks(stage: Stage, phone: Phone) -> None:
    """The clock looks once a second: what it says twice would be there when two commands have been answered."""
    since = utc_now()

    async def later() -> bool | None:
        return utc_now() - since > timedelta(seconds=2.2) or None

    await eventually(later, lambda: "time stood still")


async def _undo_is_over(stage: Stage) -> None:
    async def over() -> bool | None:
        post = await _post(stage)
        return (post.undo_until is not None and post.undo_until + timedelta(seconds=0.7) < utc_now()) or None

    await eventually(over, lambda: "the undo window never passed")


async def _post(stage: Stage) -> Post:
    async with stage.database.reading() as session:
        return (await session.exec(select(Post))).one()
