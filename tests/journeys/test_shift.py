from datetime import timedelta

from sqlmodel import col, select

from bot.chat_app import Card
from bot.delivery import Delivery, DeliveryState
from bot.inbox import InboxItem, InboxState
from moderation.post import Post, PostState
from shifts import roster
from shifts.database import utc_now
from shifts.officer import Officer
from shifts.shift import Shift
from tests.journeys.stage import A_MINUTE_TO_UNDO, Stage, eventually

HARMLESS = "Quiet start to the night. Thank you to everyone who waved at us."


async def test_who_is_off_shift_cannot_post_and_the_words_are_erased(stage: Stage) -> None:
    await stage.open_shift()
    officer = stage.phone("lima-3")
    await officer.send("Somebody at 9 Orchard Close called us.")
    await officer.reads("shift.off")
    async with stage.database.reading() as session:
        assert (await session.exec(select(Post))).all() == []
        item = (await session.exec(select(InboxItem).where(InboxItem.chat == "lima-3"))).one()
    assert (item.state, item.reason, item.payload) == (InboxState.REFUSED, "shift.off", None)


async def test_whose_accreditation_has_lapsed_cannot_go_on_shift(stage: Stage) -> None:
    await stage.open_shift()
    officer = stage.phone("lima-6")
    await officer.send("/on")
    await officer.reads("shift.lapsed")


async def test_a_stranger_is_told_and_nothing_is_kept(stage: Stage) -> None:
    await stage.open_shift()
    stranger = stage.phone("lima-1+3")
    stranger.language = "en"
    await stranger.send("Hello?")
    await stranger.reads("roster.not_enrolled")


async def test_a_revoked_officer_is_cut_off_at_the_next_message_and_the_next_tap(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    card_id, card = await officer.card(lambda c: c.title.startswith("1 ") and bool(c.rows))
    await sergeant.sees("card.tone.green", 1)
    async with stage.database.transaction() as session:
        await roster.revoke(session, "lima-3", utc_now())
    drop = officer.button(card, stage.words.say("card.button.drop", officer.language))
    assert drop is not None
    await officer.press(card_id, drop.token)
    await officer.send("And another one.")
    await officer.reads("roster.not_enrolled")
    async with stage.database.reading() as session:
        assert [post.state for post in (await session.exec(select(Post))).all()] == [PostState.WAITING]


async def test_the_cards_of_somebody_who_was_cut_off_become_one_plain_line_by_themselves(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    card_id, _ = await sergeant.card(lambda c: c.quote == HARMLESS and bool(c.rows))
    async with stage.database.transaction() as session:
        await roster.revoke(session, "sergeant-1", utc_now())
    line = stage.words.say("card.cut_off", sergeant.language)

    async def cleared() -> bool | None:
        cards = dict(await sergeant.cards())
        return True if cards[card_id] == Card(line) and not any(c.rows or c.quote for c in cards.values()) else None

    await eventually(cleared, lambda: "the sergeant's cards were never cleared")
    await officer.sees("card.state.waiting", 1)


async def test_who_decides_no_more_loses_their_cards_and_somebody_else_is_asked(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer, standby = stage.phone("lima-3"), stage.phone("sergeant-2")
    await officer.send(HARMLESS)
    card_id, _ = await sergeant.card(lambda c: c.quote == HARMLESS and bool(c.rows))
    async with stage.database.transaction() as session:
        (await session.get_one(Officer, "sergeant-1")).accredited_until = utc_now()
    line = stage.words.say("card.decides_no_more", sergeant.language)

    async def cleared() -> bool | None:
        return True if dict(await sergeant.cards())[card_id] == Card(line) else None

    await eventually(cleared, lambda: "the sergeant's card was never cleared")
    await officer.send("All quiet at the market, too.")
    await standby.tap("card.button.publish", 2)
    await stage.public(lambda text: "market" in text)
    for command in ("/queue", "/recall 2"):
        await sergeant.send(command)
        await sergeant.reads("shift.lapsed_decider")
    assert not [card for _, card in await sergeant.cards() if card.quote]


@A_MINUTE_TO_UNDO
async def test_a_freeze_stops_what_is_on_its_way_and_resume_lets_it_go(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    await sergeant.send("/freeze")
    await sergeant.sees("shift_card.state.frozen")
    await stage.public(lambda text: "paused" in text.lower())
    async with stage.database.reading() as session:
        waiting = (await session.exec(select(Delivery))).all()
    assert {row.state for row in waiting} == {DeliveryState.DUE}
    await stage.undo_is_over()
    await officer.send("Second one, while frozen.")
    await officer.sees("card.state.waiting", 2)
    assert "waved" not in await stage.page()
    inspector = stage.phone("inspector-1")
    await inspector.tap("shift_card.button.resume")
    await stage.public(lambda text: "waved" in text)


async def test_only_an_inspector_or_the_press_office_resumes(stage: Stage) -> None:
    sergeant = await stage.open_shift()
    await sergeant.send("/freeze")
    await sergeant.sees("shift_card.state.frozen")
    await sergeant.send("/resume")
    await sergeant.reads("shift.only_seniors")


async def test_a_shift_ends_by_itself_with_a_handover(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    async with stage.database.transaction() as session:
        shift = (await session.exec(select(Shift))).one()
        shift.ends_at = utc_now() - timedelta(seconds=1)
    await sergeant.sees("shift_card.handover")
    officer = stage.phone("lima-3")
    await officer.reads("command.shift_ended", shift="Night B")
    await officer.send(HARMLESS)
    await officer.reads("shift.over")


async def test_six_messages_sent_at_once_become_six_posts_in_their_order(stage: Stage) -> None:
    await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    for number in range(6):
        await officer.send(f"Message number {number}, all quiet.")

    async def six() -> list[Post] | None:
        async with stage.database.reading() as session:
            posts = list((await session.exec(select(Post).order_by(col(Post.number)))).all())
        done = len(posts) == 6 and all(post.state is PostState.WAITING for post in posts)
        return posts if done else None

    posts = await eventually(six, lambda: "six posts never waited")
    assert [post.text for post in posts] == [f"Message number {number}, all quiet." for number in range(6)]
