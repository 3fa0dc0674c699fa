"""A card that still stands on somebody's phone when others have decided: its buttons change nothing any more."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from bot import commands, outbox, taps
from bot.desk import Caller, Desk
from bot.engine import Engine
from bot.outbox import Slot, SlotKind
from bot.settings import Times
from moderation import queue
from moderation.decision import NotAllowed
from moderation.post import Post, PostState
from moderation.vault import Vault
from shifts import roster
from shifts.database import Database
from shifts.officer import Officer
from shifts.refusal import Refusal
from shifts.shift import Shift, join
from shifts.shift import end as shift_end
from shifts.words import Words
from tests.moderation.test_queue import NOW, RED, a_waiting_post, shown, yes

LANGUAGES = Path(__file__).parents[2] / "config" / "languages"
SPOT = {"key": "k", "label": "PERSON", "replacement": "", "number": 1, "lifted": False, "start": 0, "end": 3}


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Desk:
    return Desk(Engine(sqlite_database), Vault(b"k" * 32, tmp_path), Words.load(LANGUAGES), Times(), {}, 500, ())


async def press(database: Database, desk: Desk, button: str) -> str | None:
    """The second sergeant presses a button of the card that they still have."""
    async with database.transaction() as session:
        person = await session.get_one(Officer, "sergeant-2")
        caller = Caller(person, (await roster.accounts(session, person.id))[0])
        slot = await outbox.living(session, caller.account, SlotKind.DECIDER, 1)
        return await taps.press(session, desk, caller, f"{slot.id}.{button}.1", NOW)


async def second_sergeant_comes(database: Database) -> None:
    """Their phone is linked, and they are on the shift."""
    async with database.transaction() as session:
        await roster.link(session, "sergeant-2", "chat", "a2", "c2", NOW)
        await join(session, await session.get_one(Officer, "sergeant-2"), await session.get_one(Shift, 1), NOW)


@pytest.mark.parametrize("state", [PostState.APPROVED, PostState.RELEASED])
@pytest.mark.parametrize(
    "button",
    ["toggle.0", "keep.0", "cover.0", "tick.0", "met.", "original.", "inspector.", "publish.x", "sendback.tone"],
)
async def test_a_tap_after_the_decision_learns_who_decided_and_changes_nothing(
    sqlite_database: Database, desk: Desk, button: str, state: PostState
) -> None:
    await a_waiting_post(sqlite_database)
    await second_sergeant_comes(sqlite_database)
    async with sqlite_database.transaction() as session:
        post = await queue.locked(session, 1)
        post.redactions = [{**SPOT, "hard": False}]
    assert await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    async with sqlite_database.transaction() as session:
        post = await queue.locked(session, 1)
        post.state, post.suggestions = state, [SPOT]
        before = post.model_dump()
    with pytest.raises(NotAllowed) as refused:
        await press(sqlite_database, desk, button)
    assert (refused.value.sentence, refused.value.fields) == ("tap.decided", {"officer": "sergeant-1"})
    async with sqlite_database.reading() as session:
        assert (await session.get_one(Post, 1)).model_dump() == before
        assert (await session.exec(select(Slot).where(Slot.kind == SlotKind.ORIGINAL))).all() == []


async def test_nothing_looks_again_at_what_has_been_approved(sqlite_database: Database) -> None:
    await a_waiting_post(sqlite_database)
    assert await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    async with sqlite_database.reading() as session:
        post = await session.get_one(Post, 1)
    with pytest.raises(NotAllowed, match="too_late_to_change"):
        queue.look_again(post, NOW + timedelta(seconds=1))
    assert (post.revision, post.content is not None) == (1, True)


async def test_an_inspector_is_said_to_have_it_only_if_one_can_be_reached(
    sqlite_database: Database, desk: Desk
) -> None:
    await a_waiting_post(sqlite_database)
    await second_sergeant_comes(sqlite_database)
    with pytest.raises(NotAllowed, match="no_inspector"):
        await press(sqlite_database, desk, "inspector.")
    async with sqlite_database.transaction() as session:
        assert not (await session.get_one(Post, 1)).inspector_asked
        await roster.link(session, "inspector-1", "chat", "a3", "c3", NOW)
    assert await press(sqlite_database, desk, "inspector.") == "tap.inspector_called"
    async with sqlite_database.reading() as session:
        slots = (await session.exec(select(Slot).where(Slot.officer_id == "inspector-1"))).all()
    assert {slot.notice.get("words") for slot in slots} == {None, "tap.inspector_wanted"}


@pytest.mark.parametrize("button", ["met.", "sendback.tone", "inspector."])
async def test_after_a_decision_the_next_card_comes_down(sqlite_database: Database, desk: Desk, button: str) -> None:
    held = {**RED, "code": "hold", "verdict": "HOLD", "role": "sergeant"}
    await a_waiting_post(sqlite_database, *([held] if button == "met." else []))
    await second_sergeant_comes(sqlite_database)
    async with sqlite_database.transaction() as session:
        told = (await queue.locked(session, 1)).model_dump() | {"id": 2, "number": 215, "message": "m2", "reasons": []}
        session.add(Post.model_validate(told))
        await roster.link(session, "inspector-1", "chat", "a3", "c3", NOW)
        account = (await roster.accounts(session, "sergeant-2"))[0]
        for post_id in (2, 1):
            await outbox.living(session, account, SlotKind.DECIDER, post_id)
    await press(sqlite_database, desk, button)
    mine = select(Slot).where(Slot.officer_id == "sergeant-2", Slot.kind == SlotKind.DECIDER)
    async with sqlite_database.reading() as session:
        standing = (await session.exec(mine.where(col(Slot.remove_at).is_(None)).order_by(col(Slot.id)))).all()
    assert [slot.subject for slot in standing] == [1, 2]


async def test_nobody_is_said_to_have_decided_what_ran_out_of_time(sqlite_database: Database, desk: Desk) -> None:
    await a_waiting_post(sqlite_database)
    await second_sergeant_comes(sqlite_database)
    assert await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    async with sqlite_database.transaction() as session:
        post = await queue.locked(session, 1)
        await queue.undo(session, post, await session.get_one(Officer, "sergeant-1"), NOW)
        await queue.expire(session, post, NOW)
    with pytest.raises(NotAllowed, match=r"tap\.already"):
        await press(sqlite_database, desk, "sendback.tone")


async def test_who_approved_it_takes_it_back_although_their_shift_is_over(
    sqlite_database: Database, desk: Desk
) -> None:
    """It waits for its time, and they see what is wrong with it on the way home: stopping it harms nobody."""
    await a_waiting_post(sqlite_database)
    await second_sergeant_comes(sqlite_database)
    assert await yes(sqlite_database, "sergeant-2", await shown(sqlite_database))
    async with sqlite_database.transaction() as session:
        await shift_end(session, await session.get_one(Shift, 1), NOW)
        person = await session.get_one(Officer, "sergeant-2")
        caller = Caller(person, (await roster.accounts(session, person.id))[0])
        await outbox.tell(session, [caller.account], "reception.empty")
        await commands.run(session, desk, caller, "/recall 1", NOW)
        newest = (await session.exec(select(Slot).order_by(col(Slot.id).desc()).limit(1))).one()
        assert (newest.kind, newest.subject, newest.page) == (SlotKind.DECIDER, 1, outbox.MAIN)
    assert await press(sqlite_database, desk, "undo.") == "tap.undone"
    with pytest.raises(Refusal, match=r"shift\.decider_off"):
        await press(sqlite_database, desk, "sendback.tone")
    async with sqlite_database.reading() as session:
        assert (await session.get_one(Post, 1)).state is PostState.WAITING


async def test_a_card_lives_again_when_somebody_taps_it_in_a_chat_that_was_gone(
    sqlite_database: Database, desk: Desk
) -> None:
    await a_waiting_post(sqlite_database)
    await second_sergeant_comes(sqlite_database)
    async with sqlite_database.transaction() as session:
        account = (await roster.accounts(session, "sergeant-2"))[0]
        card = await outbox.living(session, account, SlotKind.DECIDER, 1)
        card.card_id, card.shown = "m1", card.wanted
        await outbox.close(session, card.id or 0)  # they had blocked us
        caller = Caller(await session.get_one(Officer, "sergeant-2"), account)
        token = f"{card.id}.page.wait.1"
    async with sqlite_database.transaction() as session:
        await taps.press(session, desk, caller, token, NOW)
    async with sqlite_database.reading() as session:
        (again,) = (await session.exec(select(Slot).where(Slot.kind == SlotKind.DECIDER))).all()
    assert (again.closed, again.page, again.wanted > again.shown) == (False, "wait", True)


async def test_who_comes_back_finds_the_cards_of_their_posts_that_are_still_open(
    sqlite_database: Database, desk: Desk
) -> None:
    await a_waiting_post(sqlite_database)
    async with sqlite_database.transaction() as session:
        account = await roster.link(session, "lima-3", "a", "a1", "c", NOW)
        card = await outbox.living(session, account, SlotKind.AUTHOR, 1)
        await outbox.close(session, card.id or 0)
    for state, cards in ((PostState.WAITING, 1), (PostState.WAITING, 1), (PostState.WITHDRAWN, 0)):
        async with sqlite_database.transaction() as session:
            (await queue.locked(session, 1)).state = state
            if state is PostState.WITHDRAWN:
                await session.exec(update(Slot).values(closed=True))
            await commands.run(session, desk, Caller(await session.get_one(Officer, "lima-3"), account), "/start", NOW)
            mine = select(Slot).where(Slot.kind == SlotKind.AUTHOR, col(Slot.closed).is_(False))
            assert len((await session.exec(mine)).all()) == cards
