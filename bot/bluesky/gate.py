"""The gate of a thread: a record of ours beside its first post, which names the replies that apps put behind a fold."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bot.bluesky.line import Line
from bot.bluesky.record import COLLECTION
from bot.bluesky.trouble import AFTER_DOUBT, Gone, harmless_twice, translated
from bot.network import Refused, TryLater
from shifts.database import utc_now

GATE: Final = "app.bsky.feed.threadgate"
MOST: Final = 300
"""Replies that one gate can name."""
TRIES: Final = 5
OTHER_BY_NOW: Final = "InvalidSwap"
"""What a server says if a record is not the one that was read."""


async def change_gate(line: Line, under: str, changed: Callable[[Sequence[str]], list[str]]) -> None:
    """Write the gate of the thread that `under`, a post of ours, stands in. Only whoever began a thread has its gate.

    If somebody else writes it meanwhile, it is read again. Raises TryLater, Refused, SignedOut."""
    us = (await line.us()).did
    try:
        root = await _root(line, us, under)
        for _ in range(TRIES):
            if await _written(line, us, root, changed):
                return
    except Gone:
        raise Refused("what it answers is gone") from None
    raise TryLater(AFTER_DOUBT)


async def _written(line: Line, us: str, root: str, changed: Callable[[Sequence[str]], list[str]]) -> bool:
    """False if it was another one by then."""
    gate, cid = await _gate(line, us, root)
    hidden = changed(gate.get("hiddenReplies", []))
    if len(hidden) > MOST:
        raise Refused("too many hidden")
    record = {**gate, "hiddenReplies": hidden}
    body = {"repo": us, "collection": GATE, "rkey": _rkey(root), "record": record, "swapRecord": cid}
    try:
        async with harmless_twice():
            await line.act("com.atproto.repo.putRecord", body)
    except Refused as refused:
        if refused.reason != OTHER_BY_NOW:
            raise
        return False
    return True


async def _root(line: Line, us: str, under: str) -> str:
    said = await _read(line, us, COLLECTION, _rkey(under))
    async with harmless_twice(), translated():
        root = str(said["value"].get("reply", {}).get("root", {}).get("uri", under))
    if not root.startswith(f"at://{us}/"):
        raise Refused("not our thread")
    return root


async def _gate(line: Line, us: str, root: str) -> tuple[dict[str, Any], str | None]:
    """The gate as it is, with what else it says, and the name of these words; a new one, and None, if there is none."""
    try:
        said = await _read(line, us, GATE, _rkey(root))
    except Gone:
        return {"$type": GATE, "post": root, "createdAt": utc_now().isoformat()}, None
    async with harmless_twice(), translated():
        return dict(said["value"]), str(said["cid"])


async def _read(line: Line, us: str, collection: str, rkey: str) -> dict[str, Any]:
    return await line.ask("com.atproto.repo.getRecord", [("repo", us), ("collection", collection), ("rkey", rkey)])


def _rkey(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]
