"""Taps of *Fix picture*: cover one more place, leave a box open, cover it again."""

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import fix_page, outbox
from bot.fix_page import FixPage
from bot.outbox import SlotKind
from bot.tap import Tap, own, same_content, undecided
from moderation import approval, picture_fix
from moderation.decision import NotAllowed
from moderation.media import cell_box
from moderation.post import Post, PostPicture, pictures


async def add(session: AsyncSession, tap: Tap) -> str | None:
    """Cover a cell of the grid, or a cell inside one: picture-cell or picture-cell-cell."""
    picture_id, *cells = _numbers(tap.arg)
    if not 1 <= len(cells) <= 2 or not all(1 <= cell <= 9 for cell in cells):
        raise NotAllowed("tap.stale")
    post = await _touchable(session, tap)
    picture = await _picture(session, post, picture_id)
    box = cell_box((picture.width, picture.height), cells)
    await picture_fix.add(session, post, picture, box, tap.caller.officer.id, tap.now)
    await _covered_anew(session, tap, post, picture)
    return "tap.box_added"


async def lift(session: AsyncSession, tap: Tap) -> str | None:
    """Leave a box open: deciders only, and never a hard one."""
    post, picture, index = await _box(session, tap)
    await picture_fix.lift(session, post, picture, index, tap.caller.officer.id, tap.now)
    await _covered_anew(session, tap, post, picture)
    return "tap.box_lifted"


async def shut(session: AsyncSession, tap: Tap) -> str | None:
    """Cover again what was lifted."""
    post, picture, index = await _box(session, tap)
    await picture_fix.shut(session, post, picture, index, tap.caller.officer.id, tap.now)
    await _covered_anew(session, tap, post, picture)
    return "tap.box_added"


async def sound(session: AsyncSession, tap: Tap) -> str | None:
    """Let a video be heard, or not any more: deciders only."""
    picture_id, *_ = _numbers(tap.arg)
    post = await undecided(session, tap)
    same_content(post, tap)
    picture = await _picture(session, post, picture_id)
    wanted = not picture.sound
    await picture_fix.hear(session, post, picture, wanted, tap.caller.officer.id, tap.now)
    await tap.desk.prepare(session, post, tap.now)
    await tap.desk.changed(session, post, tap.now)
    return "tap.sound_on" if wanted else "tap.sound_off"


async def _box(session: AsyncSession, tap: Tap) -> tuple[Post, PostPicture, int]:
    picture_id, *rest = _numbers(tap.arg)
    post = await undecided(session, tap)
    same_content(post, tap)
    if len(rest) != 1:
        raise NotAllowed("tap.stale")
    return post, await _picture(session, post, picture_id), rest[0]


async def _touchable(session: AsyncSession, tap: Tap) -> Post:
    """The post, for its author until somebody is on it, or for whoever decides."""
    if tap.slot.kind is SlotKind.DECIDER:
        return await undecided(session, tap)
    post = await own(session, tap)
    approval.check_claim(post, tap.caller.officer.id, tap.now)
    return post


async def _picture(session: AsyncSession, post: Post, picture_id: int) -> PostPicture:
    found = next((p for p in await pictures(session, post) if p.id == picture_id), None)
    if found is None:
        raise NotAllowed("tap.stale")
    return found


async def _covered_anew(session: AsyncSession, tap: Tap, post: Post, picture: PostPicture) -> None:
    await tap.desk.prepare(session, post, tap.now)
    await outbox.turn(session, tap.slot, str(FixPage(fix_page.LOOK, picture.id)))
    await tap.desk.changed(session, post, tap.now)


def _numbers(arg: str) -> list[int]:
    parts = arg.split("-")
    if not all(part.isdecimal() for part in parts):
        raise NotAllowed("tap.stale")
    return [int(part) for part in parts]
