from datetime import timedelta

import pytest

from moderation import approval, queue, waits
from moderation.approval import REWRITTEN
from moderation.decision import NotAllowed
from moderation.post import Post, PostState
from shifts.database import Database, utc_now
from shifts.officer import Officer
from shifts.roster import revoke
from shifts.shift import Shift, ShiftState

NOW = utc_now()
LATER = NOW + timedelta(minutes=15)
UNDO = timedelta(seconds=8)
RED = {"code": "death", "verdict": "ESC", "category": "J", "words": "w", "tick": None, "role": "inspector"}


def person(officer_id: str, *roles: str) -> Officer:
    return Officer(
        id=officer_id,
        call_sign=officer_id,
        name="P",
        unit="lima",
        roles=list(roles),
        language="en",
        accredited_until=NOW + timedelta(days=9),
        byline_ok=True,
    )


async def a_waiting_post(database: Database, *reasons: dict[str, str | None]) -> None:
    async with database.transaction() as session:
        session.add(person("lima-3", "officer"))
        session.add_all([person("sergeant-1", "sergeant"), person("sergeant-2", "sergeant")])
        session.add(person("inspector-1", "inspector"))
        night = Shift(id=1, unit="lima", name="Night B", state=ShiftState.LIVE, starts_at=NOW, ends_at=LATER)
        session.add(night)
        await session.flush()
        post = Post(
            id=1,
            number=1,
            author_id="lima-3",
            shift_id=1,
            state=PostState.WAITING,
            app="a",
            chat="c",
            message="m",
            source_id="s",
            original_id="s",
            prepared=1,
            drafted=1,
            prepare_at=NOW,
            text="All quiet.",
            sent_at=NOW,
            received_at=NOW,
            networks=["page"],
            reasons=list(reasons),
            content="0" * 64,
        )
        session.add(post)


async def shown(database: Database) -> str:
    """What a card that is drawn now says of the post."""
    async with database.reading() as session:
        author = await session.get_one(Officer, "lima-3")
        return approval.seen(await session.get_one(Post, 1), [], author.byline)


async def yes(database: Database, officer_id: str, seen: str) -> bool:
    async with database.transaction() as session:
        post, officer = await queue.locked(session, 1), await session.get_one(Officer, officer_id)
        return await queue.publish(session, post, officer, seen, NOW, UNDO)


async def embargo(database: Database, officer_id: str) -> None:
    async with database.transaction() as session:
        post, officer = await queue.locked(session, 1), await session.get_one(Officer, officer_id)
        await waits.embargo(session, post, officer, LATER, NOW)


async def read(database: Database) -> Post:
    async with database.reading() as session:
        return await session.get_one(Post, 1)


async def test_a_yes_is_of_how_the_author_is_named(sqlite_database: Database) -> None:
    await a_waiting_post(sqlite_database)
    seen = await shown(sqlite_database)
    async with sqlite_database.transaction() as session:
        (await session.get_one(Officer, "lima-3")).public_name = "PC Ada"
    with pytest.raises(NotAllowed, match="changed_since"):
        await yes(sqlite_database, "sergeant-1", seen)
    assert await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    assert (await read(sqlite_database)).byline == "PC Ada"


async def test_a_yes_is_of_the_time(sqlite_database: Database) -> None:
    await a_waiting_post(sqlite_database)
    seen = await shown(sqlite_database)
    await embargo(sqlite_database, "inspector-1")
    with pytest.raises(NotAllowed, match="changed_since"):
        await yes(sqlite_database, "inspector-1", seen)


async def test_who_said_yes_before_the_time_was_changed_is_asked_again(sqlite_database: Database) -> None:
    await a_waiting_post(sqlite_database, RED)
    assert not await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    await embargo(sqlite_database, "sergeant-2")
    assert not await yes(sqlite_database, "sergeant-2", await shown(sqlite_database))
    assert (await read(sqlite_database)).approvals == ["sergeant-2"]


@pytest.mark.parametrize("cut_off", [True, False])
async def test_the_first_yes_of_somebody_who_was_cut_off_since_does_not_count(
    sqlite_database: Database, cut_off: bool
) -> None:
    await a_waiting_post(sqlite_database, RED)
    assert not await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    if cut_off:
        async with sqlite_database.transaction() as session:
            await revoke(session, "sergeant-1", NOW)
    assert await yes(sqlite_database, "inspector-1", await shown(sqlite_database)) is not cut_off
    post = await read(sqlite_database)
    if cut_off:
        assert (post.state, post.approvals) == (PostState.WAITING, ["inspector-1"])
    else:
        assert (post.state, post.approved_by) == (PostState.APPROVED, "inspector-1")


async def test_the_words_before_an_edit_are_kept_for_its_difference_and_no_longer(sqlite_database: Database) -> None:
    await a_waiting_post(sqlite_database)
    async with sqlite_database.transaction() as session:
        await queue.new_words(session, await queue.locked(session, 1), "t", "sergeant-1", NOW)
    assert (await read(sqlite_database)).before_edit == "All quiet."
    async with sqlite_database.transaction() as session:
        queue.look_again(await queue.locked(session, 1), NOW)
    assert (await read(sqlite_database)).before_edit is None


@pytest.mark.parametrize(("by", "kept"), [("lima-3", []), ("sergeant-1", ["key"])])
async def test_what_was_lifted_or_covered_in_other_words_of_the_author_is_asked_about_anew(
    sqlite_database: Database, by: str, kept: list[str]
) -> None:
    await a_waiting_post(sqlite_database)
    async with sqlite_database.transaction() as session:
        post = await queue.locked(session, 1)
        post.lifted, post.covered = ["key"], ["key"]
    async with sqlite_database.transaction() as session:
        await queue.new_words(session, await queue.locked(session, 1), "t", by, NOW)
    post = await read(sqlite_database)
    assert (post.lifted, post.covered) == (kept, kept)


@pytest.mark.parametrize(
    ("edited_by", "reasons"),
    [("sergeant-1", [{**RED, "verdict": "FLAG"}]), ("sergeant-1", [{**RED, "code": REWRITTEN, "verdict": "REDACT"}])],
)
async def test_who_edits_more_into_a_post_or_edits_a_worrying_one_does_not_publish_it_alone(
    sqlite_database: Database, edited_by: str, reasons: list[dict[str, str | None]]
) -> None:
    await a_waiting_post(sqlite_database, *reasons)
    async with sqlite_database.transaction() as session:
        (await queue.locked(session, 1)).edited_by = edited_by
    with pytest.raises(NotAllowed, match="own_words"):
        await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    assert await yes(sqlite_database, "sergeant-2", await shown(sqlite_database))


async def test_who_edits_a_plain_post_lightly_publishes_it_and_one_of_two_may_have_edited(
    sqlite_database: Database,
) -> None:
    await a_waiting_post(sqlite_database, RED)
    async with sqlite_database.transaction() as session:
        (await queue.locked(session, 1)).edited_by = "sergeant-1"
    assert not await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))
    async with sqlite_database.transaction() as session:
        (await queue.locked(session, 1)).reasons = []
    assert await yes(sqlite_database, "sergeant-1", await shown(sqlite_database))


async def test_nobody_publishes_their_own_though_the_tap_fits_what_is_shown(sqlite_database: Database) -> None:
    await a_waiting_post(sqlite_database)
    async with sqlite_database.transaction() as session:
        (await session.get_one(Officer, "lima-3")).roles = ["officer", "sergeant"]
    with pytest.raises(NotAllowed, match="own_post"):
        await yes(sqlite_database, "lima-3", await shown(sqlite_database))
    assert (await read(sqlite_database)).state is PostState.WAITING
