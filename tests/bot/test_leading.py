"""What leaders type about shifts: which one is meant, and what they see of it at the end of their chat."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot import commands, cutting_off, outbox, taps
from bot.chat_app import Card
from bot.delivery import Delivery
from bot.desk import Caller, Desk
from bot.outbox import Slot, SlotKind
from bot.render import Renderer
from moderation.audit import AuditEntry
from moderation.decision import NotAllowed
from moderation.post import Post, PostState
from shifts import roster, shift
from shifts.database import Database
from shifts.officer import Officer
from shifts.refusal import Refusal
from shifts.roster_file import Roster
from shifts.shift import Shift, ShiftState
from tests.bot.one_post import a_desk
from tests.bot.test_retention import CONFIG, NOW, renderer

LATER = NOW + timedelta(hours=8)
PEOPLE = ("lima-3", "sergeant-1", "inspector-1", "press-1")


@dataclass
class Night:
    """Two shifts that run, and everybody's chat."""

    database: Database
    desk: Desk
    renderer: Renderer

    async def type(self, who: str, text: str) -> None:
        async with self.database.transaction() as session:
            person = await session.get_one(Officer, who)
            caller = Caller(person, (await roster.accounts(session, who))[0])
            await commands.run(session, self.desk, caller, text, NOW)

    async def press(self, who: str, token: str) -> None:
        async with self.database.transaction() as session:
            person = await session.get_one(Officer, who)
            await taps.press(session, self.desk, Caller(person, (await roster.accounts(session, who))[0]), token, NOW)

    async def on(self, who: str, shift_id: int) -> None:
        async with self.database.transaction() as session:
            one = await session.get_one(Shift, shift_id)
            await shift.join(session, await session.get_one(Officer, who), one, NOW)

    async def states(self) -> list[ShiftState]:
        async with self.database.reading() as session:
            return [one.state for one in (await session.exec(select(Shift).order_by(col(Shift.id)))).all()]

    async def slots(self, who: str, *kinds: SlotKind) -> list[Slot]:
        """The cards that stand in a chat, the newest last."""
        standing = select(Slot).where(Slot.officer_id == who, col(Slot.remove_at).is_(None)).order_by(col(Slot.id))
        async with self.database.reading() as session:
            return [one for one in (await session.exec(standing)).all() if not kinds or one.kind in kinds]

    async def card(self, slot: Slot) -> Card:
        card = await self.renderer.card(slot, NOW)
        assert card is not None
        return card

    def say(self, key: str, language: str = "en", **fields: object) -> str:
        return self.desk.words.say(key, language, **fields)


def a_post(number: int, state: PostState, shift_id: int = 1) -> Post:
    where = {"app": "chat", "chat": "c", "message": f"{number}", "source_id": "s", "original_id": "s"}
    times = {"prepare_at": NOW, "sent_at": NOW, "received_at": NOW, "undo_until": NOW}
    said = {"text": "All quiet.", "prepared": 1, "drafted": 1, "approved_by": "sergeant-1", "networks": ["page"]}
    who = {"author_id": "lima-3", "shift_id": shift_id}
    return Post.model_validate({"id": number - 213, "number": number, "state": state, **who, **where, **times, **said})


@pytest.fixture
async def night(sqlite_database: Database, tmp_path: Path) -> Night:
    desk = a_desk(sqlite_database, tmp_path)
    async with sqlite_database.transaction() as session:
        await roster.import_roster(session, Roster.load(CONFIG / "roster.toml"), NOW)
        for who in PEOPLE:
            await roster.link(session, who, "chat", who, who, NOW)
        for number, name in ((1, "Night A"), (2, "Night B")):
            told: dict[str, Any] = {"state": ShiftState.LIVE, "starts_at": NOW, "ends_at": LATER}
            session.add(Shift(id=number, unit="lima", name=name, **told))
        await session.flush()
        session.add_all([a_post(214, PostState.APPROVED), a_post(215, PostState.APPROVED, 2)])
        await session.flush()
        for number in (1, 2):
            session.add(Delivery(post_id=number, network="page", key=f"k{number}", due_at=NOW))
    return Night(sqlite_database, desk, renderer(sqlite_database, desk.vault, tmp_path))


async def test_a_freeze_shows_what_it_caught_at_the_end_of_the_chat_and_on_every_card(night: Night) -> None:
    await night.on("sergeant-1", 1)
    await night.on("lima-3", 1)
    await night.type("sergeant-1", "/shift")
    async with night.database.transaction() as session:
        account = (await roster.accounts(session, "sergeant-1"))[0]
        mine = (await roster.accounts(session, "lima-3"))[0]
        await outbox.tell(session, [account], "reception.empty")
        theirs = [
            await outbox.living(session, account, SlotKind.DECIDER, 1),
            await outbox.living(session, mine, SlotKind.AUTHOR, 1),
        ]
    before = [one.wanted for one in theirs]
    await night.type("sergeant-1", "/freeze")
    newest = (await night.slots("sergeant-1"))[-1]
    card = await night.card(newest)
    assert (newest.kind, newest.subject) == (SlotKind.SHIFT, 1)
    assert night.say("shift_card.state.frozen") in card.title
    assert night.say("shift_card.frozen", posts="214") in card.lines
    held = night.say("card.held_by_freeze", officer="Sierra 1")
    async with night.database.reading() as session:
        after = [await session.get_one(Slot, one.id) for one in theirs]
    assert [one.wanted for one in after] == [count + 1 for count in before]
    assert [held in (await night.card(one)).lines for one in after] == [True, True]
    await night.type("sergeant-1", "/freeze Night B")
    await night.type("sergeant-1", "/shift")
    assert len(await night.slots("sergeant-1", SlotKind.SHIFT)) == 2  # one of each shift, not one more each time
    async with night.database.transaction() as session:
        (await session.get_one(Post, 2)).state = PostState.WAITING
        await session.delete((await session.exec(select(Delivery).where(Delivery.post_id == 2))).one())
    nothing = await night.card((await night.slots("sergeant-1", SlotKind.SHIFT))[-1])
    assert night.say("shift_card.frozen_nothing") in nothing.lines


async def test_a_press_officer_on_no_shift_freezes_the_one_that_they_name(night: Night) -> None:
    await night.type("press-1", "/congelar")
    first, second, asked = await night.slots("press-1")
    assert await night.states() == [ShiftState.LIVE, ShiftState.LIVE]
    assert [(one.kind, one.subject) for one in (first, second)] == [(SlotKind.SHIFT, 1), (SlotKind.SHIFT, 2)]
    assert night.say("shift_card.button.freeze", "es") in [
        b.label for row in (await night.card(second)).rows for b in row
    ]
    named = night.say("command.choose_shift", "es", shifts="/congelar Night A, /congelar Night B")
    assert (await night.card(asked)).title == named
    await night.type("press-1", "/freeze night b")
    assert await night.states() == [ShiftState.LIVE, ShiftState.FROZEN]
    frozen = (await night.slots("press-1"))[-1]
    assert (frozen.kind, frozen.subject) == (SlotKind.SHIFT, 2)
    assert night.say("shift_card.frozen", "es", posts="215") in (await night.card(frozen)).lines
    await night.type("press-1", "/freeze")  # only one is left that could be meant
    assert await night.states() == [ShiftState.FROZEN, ShiftState.FROZEN]
    await night.type("press-1", "/resume 1")
    assert await night.states() == [ShiftState.LIVE, ShiftState.FROZEN]
    async with night.database.reading() as session:
        told = (await session.exec(select(AuditEntry).where(col(AuditEntry.event).startswith("shift ")))).all()
    assert [(one.event, one.subject, one.actor) for one in told] == [
        ("shift frozen", "shift 2", "press-1"),
        ("shift frozen", "shift 1", "press-1"),
        ("shift live", "shift 1", "press-1"),
    ]


async def test_what_somebody_on_a_shift_types_does_nothing_to_another_one(night: Night) -> None:
    await night.on("sergeant-1", 1)
    await night.on("inspector-1", 1)
    await night.type("sergeant-1", "/freeze")
    for who in ("sergeant-1", "inspector-1"):  # two who freeze it at once
        with pytest.raises(Refusal, match=r"shift\.is_frozen"):
            await night.type(who, "/freeze")
    assert await night.states() == [ShiftState.FROZEN, ShiftState.LIVE]
    await night.type("inspector-1", "/freeze Night B")
    await night.type("inspector-1", "/resume")
    assert await night.states() == [ShiftState.LIVE, ShiftState.FROZEN]
    for text in ("/resume", "/resume Night C"):
        await night.type("inspector-1", text)
        asked = (await night.card((await night.slots("inspector-1"))[-1])).title
        assert asked.endswith("/resume Night A, /resume Night B")
        assert await night.states() == [ShiftState.LIVE, ShiftState.FROZEN]
    await night.type("inspector-1", "/resume Night B")
    assert await night.states() == [ShiftState.LIVE, ShiftState.LIVE]
    with pytest.raises(Refusal, match=r"shift\.is_live"):
        await night.type("inspector-1", "/resume")


async def test_shifts_of_one_name_are_told_apart_by_their_numbers(night: Night) -> None:
    async with night.database.transaction() as session:
        (await session.get_one(Shift, 2)).name = "Night A"
    await night.type("inspector-1", "/freeze Night A")
    assert (await night.card((await night.slots("inspector-1"))[-1])).title.endswith("/freeze 1, /freeze 2")
    with pytest.raises(NotAllowed, match=r"command\.only_leaders"):
        await night.type("lima-3", "/freeze 1")
    await night.type("inspector-1", "/queue 2")
    newest = (await night.slots("inspector-1"))[-1]
    assert (newest.kind, newest.subject) == (SlotKind.QUEUE, 2)


async def test_a_recall_brings_down_the_one_card_of_its_post(night: Night) -> None:
    await night.on("sergeant-1", 1)
    async with night.database.transaction() as session:
        (await session.get_one(Post, 1)).state = PostState.RELEASED
        account = (await roster.accounts(session, "sergeant-1"))[0]
        await outbox.living(session, account, SlotKind.DECIDER, 1)
        await outbox.tell(session, [account], "reception.empty")
    await night.type("sergeant-1", "/recall 214")
    (only,) = await night.slots("sergeant-1", SlotKind.DECIDER)
    assert (await night.slots("sergeant-1"))[-1].id == only.id
    assert night.say("card.recall.harm") in [b.label for row in (await night.card(only)).rows for b in row]


async def test_who_published_a_post_takes_it_back_although_their_accreditation_has_lapsed(night: Night) -> None:
    async with night.database.transaction() as session:
        (await session.get_one(Post, 1)).state = PostState.RELEASED
        (await session.get_one(Post, 2)).approved_by = "inspector-1"
        (await session.get_one(Officer, "sergeant-1")).accredited_until = NOW
    with pytest.raises(NotAllowed, match=r"shift\.lapsed_decider"):
        await night.type("sergeant-1", "/recall 215")
    await night.type("sergeant-1", "/recall 214")
    (only,) = await night.slots("sergeant-1", SlotKind.DECIDER)
    buttons = {button.label: button for row in (await night.card(only)).rows for button in row}
    async with night.database.transaction() as session:
        slot = await session.get_one(Slot, only.id)
        slot.shown = slot.wanted
    assert not await cutting_off.sweep(night.database, NOW)
    await night.press("sergeant-1", buttons[night.say("card.button.back")].token)
    async with night.database.reading() as session:
        assert (await session.get_one(Post, 1)).state is PostState.RELEASED
    await night.press("sergeant-1", buttons[night.say("card.recall.harm")].token)
    async with night.database.reading() as session:
        assert (await session.get_one(Post, 1)).state is PostState.RECALLED


async def test_any_current_sergeant_takes_down_the_last_words_of_somebody_who_was_cut_off(night: Night) -> None:
    async with night.database.transaction() as session:
        (await session.get_one(Post, 1)).state = PostState.RELEASED
        (await session.get_one(Shift, 1)).state = ShiftState.ENDED  # so that nobody decides on it any more
        for gone in ("lima-3", "sergeant-1"):
            await roster.revoke(session, gone, NOW)
        await roster.link(session, "sergeant-2", "chat", "sergeant-2", "sergeant-2", NOW)
    await night.type("sergeant-2", "/recall 214")
    for label in ("card.button.back", "card.button.recall", "card.recall.harm"):  # back, and once more by the button
        (slot,) = await night.slots("sergeant-2", SlotKind.DECIDER)
        buttons = {button.label: button for row in (await night.card(slot)).rows for button in row}
        await night.press("sergeant-2", buttons[night.say(label, "es")].token)
    async with night.database.reading() as session:
        assert (await session.get_one(Post, 1)).state is PostState.RECALLED
