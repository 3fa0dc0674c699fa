"""The gate of a thread: a record of ours beside its first post, which names the replies that apps put behind a fold."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bot.bluesky.line import Line
from bot.bluesky.record import COLLECTION
from bot.bluesky.trouble import Gone, harmless_twice, translated
from bot.network import Refused
from shifts.database import utc_now

GATE: Final = "app.bsky.feed.threadgate"
MOST: Final = 300
"""Replies that one gate can name."""


async def change_gate(line: Line, under: str, changed: Callable[[Sequence[str]], list[str]]) -> None:
    """Write the gate of the thread that `under`, a post of ours, stands in. Only whoever began a thread has its gate.

    Raises TryLater, Refused, SignedOut."""
    us = (await line.us()).did
    try:
        root = await _root(line, us, under)
        gate = await _gate(line, us, root)
    except Gone:
        raise Refused("what it answers is gone") from None
    hidden = changed(gate.get("hiddenReplies", []))
    if len(hidden) > MOST:
        raise Refused("too many hidden")
    record = {**gate, "hiddenReplies": hidden}
    body = {"repo": us, "collection": GATE, "rkey": _rkey(root), "record": record}
    async with harmless_twice():
        await line.act("com.atproto.repo.putRecord", body)


async def _root(line: Line, us: str, under: str) -> str:
    said = await _read(line, us, COLLECTION, _rkey(under))
    async with harmless_twice(), translated():
        root = str(said["value"].get("reply", {}).get("root", {}).get("uri", under))
    if not root.startswith(f"at://{us}/"):
        raise Refused("not our thread")
    return root


async def _gate(line: Line, us: str, root: str) -> dict[str, Any]:
    """The gate as it is, with what else it says; a new one if there is none."""
    try:
        said = await _read(line, us, GATE, _rkey(root))
    except Gone:
        return {"$type": GATE, "post": root, "createdAt": utc_now().isoformat()}
    async with harmless_twice(), translated():
        return dict(said["value"])


async def _read(line: Line, us: str, collection: str, rkey: str) -> dict[str, Any]:
    return await line.ask("com.atproto.repo.getRecord", [("repo", us), ("collection", collection), ("rkey", rkey)])


def _rkey(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]
