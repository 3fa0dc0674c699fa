"""The end of a shift: what it leaves, what it promised, and what it tells the public about itself."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import delivery, handover, recap, retelling, thread
from bot.delivery import DELIVERIES, DeliveryState
from bot.handover import Handover, Promise
from bot.network import Counting, Limits
from bot.reply import Reply
from moderation.post import POSTS, Happened, Post, PostState
from shifts.database import Database
from shifts.shift import Shift, ShiftState
from shifts.words import Words

WORDS = Words.load(Path(__file__).parents[2] / "config" / "languages")
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


def a_post(number: int, text: str = "All calm.", **values: Any) -> Post:
    told = {"state": PostState.RELEASED, "kind": "patrol", "language": "en", "sent_at": NOW, **values}
    return Post(
        number=number, author_id="lima-3", shift_id=1, app="a", chat="c", message=f"{number}", source_id="s",
        original_id="s", prepare_at=NOW, received_at=NOW, text=text, **told,
    )  # fmt: skip


async def a_shift(session: AsyncSession, *posts: Post) -> Shift:
    shift = Shift(id=1, unit="lima", name="Night B", state=ShiftState.ENDED, starts_at=NOW, ends_at=NOW)
    session.add(shift)
    await session.flush()
    session.add_all(posts)
    await session.flush()
    return shift


@pytest.mark.parametrize(
    ("language", "text", "sentence"),
    [
        ("en", "The bridge is closed. We will update at 3. Take care.", "We will update at 3."),
        ("en", "Search goes on, more to follow", "Search goes on, more to follow"),
        ("es", "Corte en el puente. Os informaremos a las 3.", "Os informaremos a las 3."),
        ("fr", "Pont fermé. Nous vous tiendrons informés !", "Nous vous tiendrons informés !"),
        ("en", "The parade is over. Thank you.", None),
        ("en", "Flowers will followers plant.", None),
        ("fr", "Le pont est ouvert.", None),
    ],
)
def test_a_promise_is_the_sentence_that_makes_it(language: str, text: str, sentence: str | None) -> None:
    assert handover.promise(WORDS, text, language) == sentence


async def test_the_handover_names_promises_with_their_link_what_is_late_and_who_waits_for_an_answer(
    sqlite_database: Database,
) -> None:
    async with sqlite_database.transaction() as session:
        promised = a_post(7, "Bridge closed. We will update at 3.")
        await a_shift(session, promised, a_post(8), a_post(9, "We will post more.", state=PostState.SENT_BACK))
        await delivery.plan(session, promised, ["page", "far"], NOW, {})
        page, _ = await delivery.of_post(session, promised.id or 0)
        await DELIVERIES.move(session, page, DeliveryState.SENDING)
        await DELIVERIES.move(session, page, DeliveryState.SENT, url="https://patrol.example/p/7")
        for heard in ("h1", "h2"):
            reply = Reply(
                network="far", heard_id=heard, post_id=2, answers="p", author="a", author_name="Ines", text="?",
                at=NOW, received_at=NOW,
            )  # fmt: skip
            session.add(reply)
        await session.flush()
        assert await handover.read(session, 1, WORDS) == Handover(
            promises=(Promise(7, "We will update at 3.", "https://patrol.example/p/7"),),
            late=((7, ("far",)),),
            unanswered=((8, 2),),
        )


def test_a_recap_tells_numbers_in_the_language_of_the_night() -> None:
    posts = [a_post(1), a_post(2, kind="traffic"), a_post(3, kind="traffic"), a_post(4, kind="event")]
    assert recap.words_of(WORDS, "en", "Night B", posts, 2) == (
        "Night B is over. We told you about it in 4 updates. Among them: 2 about traffic, 1 about an event. "
        "2 of your questions got an answer. Thank you for following."
    )
    assert recap.words_of(WORDS, "es", "Noche B", posts[:2], 0) == (
        "Noche B ha terminado. Os la hemos contado en 2 publicaciones. "
        "Entre ellas: 1 de tráfico. Gracias por seguirnos."
    )


def test_a_recap_fits_every_network_in_every_language() -> None:
    posts = [a_post(number, kind=kind) for number in range(40) for kind in (*recap.COUNTED, "patrol")]
    for language in WORDS.languages:
        assert len(recap.words_of(WORDS, language, "Saturday late shift, Riverside", posts, 120)) <= 280


def test_a_post_is_told_again_with_a_time_that_nobody_can_replay() -> None:
    post = a_post(1, "Parade is over.\nThank you.", sent_at=datetime(2026, 11, 21, 23, 57, tzinfo=UTC))
    assert (
        recap.retold(WORDS, "en", post, post.text, ZoneInfo("Europe/Madrid"))
        == "At about 00:50: Parade is over. Thank you."
    )
    post.happened = Happened.SIXTY
    assert recap.retold(WORDS, "en", post, post.text, ZoneInfo("Europe/Madrid")) == "Parade is over. Thank you."


OWN = Limits(5000, Counting.CODE_POINTS, 4, 1, 1, own=True)
THREADS = Limits(280, Counting.CODE_POINTS, 4, 1, 1, threads=True)
ALONE = Limits(280, Counting.CODE_POINTS, 4, 1, 1)


def test_a_thread_is_told_whole_piece_by_piece_or_by_its_first_alone() -> None:
    text = "One.\n\nTwo.\n\n\n\nThree."
    assert [thread.pieces(text, limits) for limits in (OWN, THREADS, ALONE)] == [
        (text,),
        ("One.", "Two.", "Three."),
        ("One.",),
    ]


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_piece_of_a_recap_fits_every_network(language: str) -> None:
    longest = a_post(1, "x" * recap.LONGEST)
    assert len(recap.retold(WORDS, language, longest, longest.text, UTC)) <= 280


async def a_corrected_night(session: AsyncSession) -> tuple[Post, Post]:
    """A post of which the public reads other words by now, and what corrects it."""
    first = a_post(1, "The road is closed. We will update at 3.")
    await a_shift(session, first, a_post(2))
    right = a_post(3, "The lane is closed. We will update at 4.", corrects=first.id, approved_at=NOW)
    session.add(right)
    await session.flush()
    await delivery.plan(session, right, ["page"], NOW, {})
    (row,) = await delivery.of_post(session, right.id or 0)
    await DELIVERIES.move(session, row, DeliveryState.SENDING, first_sent_at=NOW)
    return first, right


async def test_what_was_promised_in_corrected_words_is_told_once_as_it_reads_now(sqlite_database: Database) -> None:
    async with sqlite_database.transaction() as session:
        await a_corrected_night(session)
        left = await handover.read(session, 1, WORDS)
    assert [(made.number, made.sentence) for made in left.promises] == [(1, "We will update at 4.")]


@pytest.mark.parametrize("state", [PostState.WAITING, PostState.APPROVED, PostState.RELEASED])
async def test_a_recap_is_outdated_once_something_that_it_tells_was_corrected_or_recalled(
    sqlite_database: Database, state: PostState
) -> None:
    async with sqlite_database.transaction() as session:
        first, right = await a_corrected_night(session)
        other = await session.get_one(Post, 2)
        told = a_post(9, state=state, thread=True, retells=[right.id, other.id])
        session.add(told)
        await session.flush()
        assert await retelling.outdated(session, NOW) == []
        told.retells = [first.id or 0]
        assert await retelling.outdated(session, NOW) == [told.id]
        told.retells = [other.id or 0]
        assert await retelling.outdated(session, NOW) == []
        await POSTS.move(session, other, PostState.RECALLED, ended_at=NOW)
        assert await retelling.outdated(session, NOW) == [told.id]
