from sqlmodel import col, select

from bot.chat_app import Card
from moderation import audit
from moderation.audit import AuditEntry
from moderation.post import Post, PostState
from shifts import roster
from shifts.database import utc_now
from shifts.officer import Officer
from tests.journeys.stage import A_MINUTE_TO_UNDO, Phone, Stage

HARMLESS = "Quiet start to the night. Thank you to everyone who waved at us."


async def test_a_post_is_sent_back_changed_and_published(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.send_back", 1)
    await sergeant.tap("card.reason.tone", 1)
    back = await officer.sees("card.state.sent_back", 1)
    assert any(stage.words.say("card.reason.tone", "en") in line for line in back.lines)
    card = await officer.tap("card.button.change", 1)
    await officer.card(lambda c: c.ask is not None and c.ask.prefill == HARMLESS, "the words to change")
    await officer.send("Quiet start to the night. Thank you all.", answers=card)
    await sergeant.card(lambda c: c.quote == "Quiet start to the night. Thank you all.", "the new words")
    await sergeant.tap("card.button.publish", 1)
    page = await stage.public(lambda text: "Thank you all." in text)
    assert "waved" not in page


async def test_a_sergeant_says_in_their_own_words_why_it_goes_back(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.send_back", 1)
    card = await sergeant.tap("card.button.own", 1)
    await sergeant.card(lambda c: c.ask is not None, "a question")
    await sergeant.send("Say which patrol you are.", answers=card)
    back = await officer.sees("card.state.sent_back", 1)
    assert any("Say which patrol you are." in line for line in back.lines)


async def test_a_sergeants_edit_is_scanned_again_and_shown_as_a_difference(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("We stopped a van. The driver was reported.")
    card = await sergeant.tap("card.button.edit", 1)
    await sergeant.card(lambda c: c.ask is not None and "van" in c.ask.prefill, "the text to edit")
    await sergeant.send("We stopped a van on Harbour Road. The driver was reported.", answers=card)
    _, shown = await sergeant.card(lambda c: c.quote is not None and "in Riverside" in c.quote, "the edit, redacted")
    assert any("[+" in line for line in shown.lines)
    assert "Harbour" not in f"{shown}"
    label = stage.words.say("card.button.publish", sergeant.language)
    assert stage.words.say("queue.own_words", sergeant.language) in shown.lines
    assert sergeant.button(shown, label) is None
    colleague = stage.phone("sergeant-2")
    await colleague.send("/on")
    await colleague.tap("card.button.publish", 1)
    await stage.public(lambda text: "van in Riverside" in text)


async def test_a_word_that_is_covered_again_is_nowhere_in_the_open(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("We checked a van on Harbour Road. The driver was reported.")
    word = f"1 {stage.words.say('card.label.LOCATION', sergeant.language)}"
    for action, shows in (("card.button.lift", "Harbour Road"), ("card.button.cover", "in Riverside")):
        await sergeant.tap("card.button.redactions", 1)
        await sergeant.tap(action, 1, word=word)
        await shown_to(sergeant, shows)
    card = await shown_to(sergeant, "in Riverside")
    async with stage.database.reading() as session:
        post = (await session.exec(select(Post))).one()
    assert "Harbour" not in f"{card} {post.model_dump()}"


async def shown_to(phone: Phone, words: str) -> Card:
    _, card = await phone.card(lambda c: words in (c.quote or ""), words)
    return card


async def test_what_changed_after_it_was_shown_cannot_be_approved_by_the_old_card(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    sent = await officer.send(HARMLESS)
    card_id, card = await sergeant.card(lambda c: c.title.startswith("1 ") and c.quote == HARMLESS)
    old = sergeant.button(card, stage.words.say("card.button.publish", sergeant.language))
    assert old is not None
    await officer.edit(sent, "Busy start to the night. Thank you to everyone who waved at us.")
    await sergeant.card(lambda c: c.quote is not None and c.quote.startswith("Busy"), "the edit")
    await sergeant.press(card_id, old.token)
    async with stage.database.reading() as session:
        post = (await session.exec(select(Post))).one()
    assert post.state is PostState.WAITING
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "Busy start" in text)


async def test_how_the_author_is_named_stands_on_the_card_and_a_change_of_it_makes_the_tap_stale(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await name_publicly(stage, "PC Ada")
    await officer.send(HARMLESS)
    signed = stage.words.say("card.signed", sergeant.language, byline="PC Ada")
    card_id, card = await sergeant.card(
        lambda c: any(signed in line for line in c.lines) and bool(c.rows), "the byline"
    )
    old = sergeant.button(card, stage.words.say("card.button.publish", sergeant.language))
    assert old is not None
    await name_publicly(stage, "PC Grace")
    await sergeant.press(card_id, old.token)
    signed = stage.words.say("card.signed", sergeant.language, byline="PC Grace")
    await sergeant.card(lambda c: any(signed in line for line in c.lines), "the new byline")
    await sergeant.tap("card.button.publish", 1)
    page = await stage.public(lambda text: "waved at us" in text)
    assert "PC Grace" in page
    assert "PC Ada" not in page


async def name_publicly(stage: Stage, name: str) -> None:
    async with stage.database.transaction() as session:
        author = await session.get_one(Officer, "lima-3")
        author.public_name, author.byline_ok = name, True


async def test_nobody_approves_their_own_not_even_from_a_second_account(stage: Stage) -> None:
    await stage.open_shift()
    author = stage.phone("sergeant-1")
    second = stage.phone("sergeant-1+2")
    async with stage.database.transaction() as session:
        code = await roster.invite(session, "sergeant-1", utc_now())
    await second.send(f"/start {code}")
    await second.reads("command.welcome", name="Sierra 1")
    await author.send(HARMLESS)
    await author.sees("card.state.waiting", 1)
    for phone in (author, second):
        for card_id, card in await author.cards():
            assert author.button(card, stage.words.say("card.button.publish", phone.language)) is None
            if card.title.startswith("1 "):
                slot = card.rows[0][0].token.partition(".")[0]
                await phone.press(card_id, f"{slot}.publish..1")
    other = stage.phone("sergeant-2")
    await other.send("/on")
    await other.sees("card.tone.green", 1)
    async with stage.database.reading() as session:
        assert (await session.exec(select(Post))).one().state is PostState.WAITING


@A_MINUTE_TO_UNDO
async def test_undo_brings_it_back_and_nothing_leaves(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.tap("card.button.publish", 1)
    await officer.sees("card.state.approved", 1)
    await sergeant.tap("card.button.undo", 1)
    await officer.sees("card.state.waiting", 1)
    assert "waved" not in await stage.page()
    await sergeant.tap("card.button.publish", 1)
    await officer.sees("card.state.approved", 1)
    await stage.undo_is_over()
    page = await stage.public(lambda text: "waved" in text)
    assert page.count("waved at us") == 1


async def test_an_officer_drops_a_post_before_it_leaves(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(HARMLESS)
    await sergeant.sees("card.tone.green", 1)
    await officer.tap("card.button.drop", 1)
    await officer.sees("card.state.withdrawn", 1)
    _, card = await sergeant.card(lambda c: stage.words.say("card.state.withdrawn", "en") in c.title)
    assert sergeant.button(card, stage.words.say("card.button.publish", sergeant.language)) is None


async def test_every_step_is_in_the_audit_and_the_chain_holds(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("Van on Harbour Road, plate AB12 CDE.")
    await sergeant.tap("card.button.publish", 1)
    await stage.public(lambda text: "in Riverside" in text)
    await officer.sees("card.state.released", 1)
    async with stage.database.reading() as session:
        count = await audit.verify(session)
        entries = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.seq)))).all()
    events = [entry.event for entry in entries if entry.subject == "post 1"]
    assert count == len(entries)
    assert events[:6] == ["received", "prepared", "ready", "claimed", "approved", "sending"]
    assert not any(word in f"{entries}" for word in ("Harbour", "AB12", "CDE"))


async def test_an_appeal_that_was_sent_as_a_patrol_post_becomes_one_with_a_tap(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("Have you seen this blue van, plate AB12 CDE? Ring 101 if you do.")
    await officer.sees("card.state.diverted", 1)
    await officer.tap("card.button.appeal", 1)
    _, shown = await sergeant.card(lambda c: c.title.startswith("1 ") and bool(c.quote), "the appeal")
    assert "AB12" not in f"{shown}"
    assert stage.words.say("policy.reasons.appeal", sergeant.language) in f"{shown}"
    async with stage.database.reading() as session:
        post = (await session.exec(select(Post))).one()
    assert (post.kind, post.state, post.verdict) == ("appeal", PostState.WAITING, "HOLD")
    assert [reason["role"] for reason in post.reasons if reason["code"] == "appeal kind"] == ["press"]


async def test_what_was_meant_for_the_control_room_cannot_become_an_appeal(stage: Stage) -> None:
    await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send("Any free unit to me please.")
    card = await officer.sees("card.state.diverted", 1)
    assert officer.button(card, stage.words.say("card.button.not_a_post", "en"))
    assert officer.button(card, stage.words.say("card.button.appeal", "en")) is None
