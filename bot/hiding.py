"""Hiding: a person puts a reply out of sight by a house rule, where its network can, and can take that back."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox
from bot.due import each
from bot.network import Hides, Network, Refused, SignedOut, TryLater
from bot.outbox import SlotKind
from bot.reply import Reply
from moderation import audit, queue
from moderation.decision import NotAllowed
from shifts.database import Database
from shifts.officer import Officer, Role

RULES: Final = ("spam", "threat", "hate", "private")
"""The house rules that a reply may be hidden by. What somebody thinks of the police is none."""
HIDERS: Final = (Role.PRESS, Role.INSPECTOR)
CALL_SECONDS: Final = 20.0
SIGNED_OUT_WAIT: Final = timedelta(seconds=60)

_log = logging.getLogger(__name__)


async def ask(session: AsyncSession, reply_id: int, officer: Officer, rule: str | None, now: datetime) -> Reply:
    """Have a reply hidden by a rule, or shown again (None). Raises NotAllowed."""
    if not officer.has(*HIDERS) or (rule is not None and rule not in RULES):
        raise NotAllowed("triage.not_yours_to_hide")
    reply = await _held(session, reply_id)
    if (reply.hide_rule is None) is (rule is None):
        raise NotAllowed("tap.done_already")
    reply.hide_rule, reply.hide_by, reply.hide_due, reply.hide_refused = rule, officer.id, now, None
    await _record(session, now, "reply hide asked" if rule else "reply show asked", reply, officer.id)
    await outbox.touch(session, reply.id, SlotKind.REPLY, SlotKind.DESK)
    return reply


class Hider:
    """Tells the networks, until each has done it or refused. To do it twice changes nothing."""

    def __init__(self, database: Database, networks: Mapping[str, Network], changed: Callable[[], None]) -> None:
        self._database = database
        self._networks: dict[str, Hides] = {n: one for n, one in networks.items() if isinstance(one, Hides)}
        self._changed = changed

    @property
    def names(self) -> list[str]:
        """The networks that can hide."""
        return list(self._networks)

    async def sweep(self, now: datetime, name: str) -> bool:
        """Take what is due on a network one step further; False if nothing was."""
        statement = select(Reply).where(Reply.network == name, col(Reply.hide_due) <= now)
        async with self._database.reading() as session:
            due = (await session.exec(statement.order_by(col(Reply.hide_due)).limit(20))).all()
        await each(due, lambda reply: self._step(reply, now))
        return bool(due)

    async def _step(self, reply: Reply, now: datetime) -> None:
        network = self._networks[reply.network]
        call = network.show_again if reply.hide_rule is None else network.hide
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await call(reply.heard_id, reply.answers)
        except TryLater as later:
            await self._again(reply, now + timedelta(seconds=later.soon))
        except (SignedOut, TimeoutError):
            await self._again(reply, now + SIGNED_OUT_WAIT)
        except Refused as refused:
            await self._done(reply, now, refused.reason[:64])
            _log.error("a network refused to hide a reply", extra={"reply": reply.id, "network": reply.network})
        else:
            await self._done(reply, now, None)
        self._changed()

    async def _again(self, seen: Reply, due: datetime) -> None:
        async with self._database.transaction() as session:
            reply = await _held(session, seen.id or 0)
            if reply.hide_due == seen.hide_due:  # else a person has asked for something else meanwhile
                reply.hide_due = due

    async def _done(self, seen: Reply, now: datetime, refused: str | None) -> None:
        async with self._database.transaction() as session:
            reply = await _held(session, seen.id or 0)
            if refused is None:
                reply.hidden_rule = seen.hide_rule
            if reply.hide_due != seen.hide_due:
                return
            await _record(session, now, _told(reply, refused), reply, None)
            reply.hide_due, reply.hide_refused, reply.hide_rule = None, refused, reply.hidden_rule
            await outbox.touch(session, reply.id, SlotKind.REPLY, SlotKind.DESK)


def _told(reply: Reply, refused: str | None) -> str:
    if refused is not None:
        return "reply hide refused" if reply.hide_rule else "reply show refused"
    return "reply hidden" if reply.hide_rule else "reply shown again"


async def _held(session: AsyncSession, reply_id: int) -> Reply:
    """A reply, locked after its post, as everybody does."""
    known = await session.get_one(Reply, reply_id)
    await queue.locked(session, known.post_id)
    return await session.get_one(Reply, reply_id, with_for_update=True, populate_existing=True)


async def _record(session: AsyncSession, now: datetime, event: str, reply: Reply, actor: str | None) -> None:
    facts = {"network": reply.network, "rule": reply.hide_rule}
    await audit.record(session, now, event, f"reply {reply.id}", actor, **facts)
