"""What the pages show, read from the timeline: threads of posts, and who is on patrol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.shift import Shift, ShiftState
from shifts.timeline import Entry
from shifts.website.changes import latest_change

THREADS_ON_A_PAGE: Final = 40
ENTRIES_IN_A_FEED: Final = 50
DEPTH: Final = 6
"""How far an answer to an answer to an answer is followed."""

PUBLIC_STATES: Final = (ShiftState.LIVE, ShiftState.FROZEN, ShiftState.ENDED)


class NotThere(Exception):
    """There is no such page."""


@dataclass(frozen=True)
class Thread:
    """A post, and the answers under it in the order in which they came."""

    post: Entry
    answers: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Board:
    """Who is on patrol. `paused` holds frozen shifts; `ended` is set on the page of a shift that is over."""

    live: tuple[Shift, ...] = ()
    paused: tuple[Shift, ...] = ()
    ended: Shift | None = None


@dataclass(frozen=True)
class Listing:
    """What one page shows. `change` is the newest change it can know of; `older` what ?before= asks for next."""

    change: int
    board: Board
    threads: tuple[Thread, ...]
    older: int | None = None
    shift: Shift | None = None


async def now(session: AsyncSession, before: int | None) -> Listing:
    """The shifts that are live or frozen, or the last one that was."""
    change = await latest_change(session)
    board = await board_now(session)
    shifts = [shift.id for shift in (*board.live, *board.paused)] or await _last_shift(session)
    roots, older = await _roots(session, col(Entry.shift_id).in_(shifts), before)
    if before is None:
        roots = await _with_answered_elsewhere(session, roots, shifts)
    return Listing(change, board, await _threads(session, roots), older)


async def of_shift(session: AsyncSession, shift_id: int, before: int | None) -> Listing:
    """One shift. Raises NotThere, also for a shift that has not begun."""
    change = await latest_change(session)
    shift = await session.get(Shift, shift_id)
    if shift is None or shift.state not in PUBLIC_STATES:
        raise NotThere
    roots, older = await _roots(session, col(Entry.shift_id) == shift_id, before)
    return Listing(change, board_of(shift), await _threads(session, roots), older, shift)


async def of_area(session: AsyncSession, area: str, before: int | None) -> Listing:
    """Everything from one area, of any shift."""
    change = await latest_change(session)
    roots, older = await _roots(session, col(Entry.area) == area, before)
    return Listing(change, await board_now(session), await _threads(session, roots), older)


async def of_post(session: AsyncSession, number: int) -> Listing:
    """The thread in which a post stands. Raises NotThere."""
    change = await latest_change(session)
    entry = (await session.exec(select(Entry).where(col(Entry.number) == number).order_by(col(Entry.id)))).first()
    if entry is None:
        raise NotThere
    threads = await _threads(session, [await root_of(session, entry)])
    return Listing(change, await board_now(session), threads)


async def newest(session: AsyncSession) -> Sequence[Entry]:
    """The newest posts, for feeds."""
    return (await session.exec(select(Entry).order_by(col(Entry.id).desc()).limit(ENTRIES_IN_A_FEED))).all()


async def board_now(session: AsyncSession) -> Board:
    """The shifts that are live or frozen now."""
    states = (ShiftState.LIVE, ShiftState.FROZEN)
    shifts = (await session.exec(select(Shift).where(col(Shift.state).in_(states)).order_by(col(Shift.id)))).all()
    return Board(
        live=tuple(shift for shift in shifts if shift.state is ShiftState.LIVE),
        paused=tuple(shift for shift in shifts if shift.state is ShiftState.FROZEN),
    )


def board_of(shift: Shift) -> Board:
    """The board of one shift's own page."""
    match shift.state:
        case ShiftState.LIVE:
            return Board(live=(shift,))
        case ShiftState.FROZEN:
            return Board(paused=(shift,))
        case ShiftState.ENDED | ShiftState.PLANNED:
            return Board(ended=shift)


async def root_of(session: AsyncSession, entry: Entry) -> Entry:
    """The post in whose thread an entry stands: itself, unless it is an answer."""
    for _ in range(DEPTH):
        above = await session.get(Entry, entry.answers) if entry.answers is not None else None
        if above is None:
            break
        entry = above
    return entry


async def _last_shift(session: AsyncSession) -> list[int | None]:
    """The shift of the newest post, while nobody is on patrol."""
    return list((await session.exec(select(Entry.shift_id).order_by(col(Entry.id).desc()).limit(1))).all())


async def _roots(
    session: AsyncSession, which: ColumnElement[bool], before: int | None
) -> tuple[list[Entry], int | None]:
    """A page of posts that answer nothing, newest first, and where the next page begins."""
    statement = select(Entry).where(which, col(Entry.answers).is_(None))
    if before is not None:
        statement = statement.where(col(Entry.id) < before)
    found = (await session.exec(statement.order_by(col(Entry.id).desc()).limit(THREADS_ON_A_PAGE + 1))).all()
    roots = list(found[:THREADS_ON_A_PAGE])
    return roots, roots[-1].id if len(found) > len(roots) else None


async def _with_answered_elsewhere(
    session: AsyncSession, roots: list[Entry], shifts: Sequence[int | None]
) -> list[Entry]:
    """Earlier shifts' posts too, if one of these shifts answered under them."""
    answers = select(Entry).where(col(Entry.shift_id).in_(shifts), col(Entry.answers).is_not(None))
    newest_answers = await session.exec(answers.order_by(col(Entry.id).desc()).limit(THREADS_ON_A_PAGE))
    there = {root.id: root for root in roots}
    for answer in newest_answers.all():
        root = await root_of(session, answer)
        if root.shift_id not in shifts:
            there.setdefault(root.id, root)
    return sorted(there.values(), key=lambda root: root.id or 0, reverse=True)


async def _threads(session: AsyncSession, roots: Sequence[Entry]) -> tuple[Thread, ...]:
    answers: dict[int | None, list[Entry]] = {root.id: [] for root in roots}
    root_by_id = {root.id: root.id for root in roots}
    level = list(root_by_id)
    for _ in range(DEPTH):
        below = select(Entry).where(col(Entry.answers).in_(level)).order_by(col(Entry.id))
        found = (await session.exec(below)).all() if level else []
        for entry in found:
            root_by_id[entry.id] = root_by_id[entry.answers]
            answers[root_by_id[entry.id]].append(entry)
        level = [entry.id for entry in found]
    return tuple(Thread(root, tuple(sorted(answers[root.id], key=lambda entry: entry.id or 0))) for root in roots)
