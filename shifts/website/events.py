"""What the live stream says about a change: one Server-Sent Event, in each edition."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.shift import Shift
from shifts.timeline import Change, ChangeKind, Entry
from shifts.website.edition import Edition
from shifts.website.reading import Board, board_now, board_of, root_of
from shifts.website.templates import Templates


@dataclass(frozen=True)
class Told:
    """A change, with what it is about as that stands now: who comes late sees no word that was withdrawn since."""

    change: Change
    entry: Entry | None
    root: Entry | None
    shift: Shift | None
    board: Board


async def read(session: AsyncSession, changes: Sequence[Change]) -> list[Told]:
    """Read what each change is about."""
    board = await board_now(session)
    told = []
    for change in changes:
        entry = await session.get(Entry, change.entry_id) if change.entry_id is not None else None
        root = await root_of(session, entry) if entry is not None else None
        shift = await session.get(Shift, change.shift_id) if change.shift_id is not None else None
        told.append(Told(change, entry, root, shift, board))
    return told


def encode(told: Told, edition: Edition, templates: Templates) -> bytes:
    """The event, as bytes ready to be sent."""
    match told.change.kind:
        case ChangeKind.PUBLISHED | ChangeKind.CORRECTED | ChangeKind.WITHDRAWN:
            return _event(told.change.id, "post", _post(told, edition, templates))
        case ChangeKind.SHIFT:
            return _event(told.change.id, "shift", _shift(told, edition, templates))


def start_again(position: int) -> bytes:
    """Too much has happened since: the reader should load the page again."""
    return _event(position, "reload", {})


def _post(told: Told, edition: Edition, templates: Templates) -> dict[str, object]:
    entry, root = told.entry, told.root
    if entry is None or root is None:
        return {}
    return {
        "change": told.change.kind.value,
        "entry": entry.id,
        "number": entry.number,
        "shift": entry.shift_id,
        "area": entry.area,
        "root": root.id if root is not entry else None,
        "html": templates.post(entry, edition),
    }


def _shift(told: Told, edition: Edition, templates: Templates) -> dict[str, object]:
    """`now` is the board of the whole force, `own` that of the shift's page."""
    own = templates.board(board_of(told.shift), edition) if told.shift is not None else ""
    return {"shift": told.change.shift_id, "now": templates.board(told.board, edition), "own": own}


def _event(position: int | None, name: str, fields: dict[str, object]) -> bytes:
    # JSON holds no bare line break, so one data line is enough.
    return f"id: {position}\nevent: {name}\ndata: {json.dumps(fields, separators=(',', ':'))}\n\n".encode()
