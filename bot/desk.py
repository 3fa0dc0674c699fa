"""The desk: what every handler of messages, commands and taps works with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import delivery, outbox
from bot.engine import Engine, Lane
from bot.network import Limits
from bot.outbox import SlotKind
from bot.settings import Times
from moderation import approval
from moderation.post import Post, PostState, called
from moderation.vault import Vault
from shifts import roster
from shifts.officer import Account, Officer, Role
from shifts.shift import OPEN, Shift, on_duty
from shifts.words import Words

PREPARE_LEASE = timedelta(seconds=60)
PREPARE = "prepare"
COVER = "cover"
FILM = "film"
DELIVER = "deliver"

_STANDBY, _INSPECTOR = 2, 3
"""From which reminder on they are asked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is speaking, on which account."""

    officer: Officer
    account: Account


@dataclass(frozen=True, slots=True)
class Desk:
    """Works in the caller's transaction; nothing here commits, and nothing here talks to a chat app."""

    engine: Engine
    vault: Vault
    words: Words
    times: Times
    networks: Mapping[str, Limits]
    characters: int
    overlays: tuple[str, ...]
    app_bytes: Mapping[str, int] = field(default_factory=dict)
    """The largest file that each chat app hands out."""

    async def seal(self, session: AsyncSession, text: str, now: datetime) -> str:
        """Seal somebody's words in the vault, on the clock of originals."""
        whole = text.encode(errors="replace")  # half a character, as a platform may cut it, must not lose the others
        return await self.vault.put(session, whole, now, now + timedelta(days=self.times.originals_days))

    async def prepare(self, session: AsyncSession, post: Post, now: datetime) -> None:
        """Have the detectors look at the words (and then the pictures) of this revision."""
        post.prepare_at = now + PREPARE_LEASE
        await session.flush()
        key = f"prepare-{post.id}-{post.revision}-{int(now.timestamp() * 1000)}"
        await self.engine.enqueue(session, PREPARE, Lane.WORDS, post.id or 0, post.revision, key=key)

    async def plan(self, session: AsyncSession, post: Post, due: datetime, answers: dict[str, str]) -> None:
        """Put the deliveries of an approved post on their way; the sweep asks for each when it is due."""
        await delivery.plan(session, post, post.networks, due, answers)

    async def changed(self, session: AsyncSession, post: Post, now: datetime) -> None:
        """The post looks different now, on every card that shows it; and whoever decides has a card of it."""
        await session.flush()
        if post.state is PostState.WAITING and not post.lesson:
            for person in await self.deciders(session, post, now):
                for account in await roster.accounts(session, person.id):
                    await outbox.living(session, account, SlotKind.DECIDER, post.id)
        await outbox.touch(session, post.id, SlotKind.AUTHOR, SlotKind.DECIDER, SlotKind.ORIGINAL)
        await outbox.touch(session, post.shift_id, SlotKind.QUEUE)

    async def tell(self, session: AsyncSession, person: Officer, words: str, **fields: object) -> None:
        """A sentence to a person, wherever they are."""
        await outbox.tell(session, await roster.accounts(session, person.id), words, **fields)

    async def tell_author(self, session: AsyncSession, post: Post, words: str) -> None:
        """A sentence to the author of a post, which it may name."""
        author = await session.get_one(Officer, post.author_id)
        await self.tell(session, author, words, number=called(post.number))

    async def tell_role(self, session: AsyncSession, role: str, words: str, post: Post) -> None:
        """A sentence about a post, without any of its words, to everybody who has a role."""
        author = await session.get_one(Officer, post.author_id)
        for person in await roster.with_role(session, Role(role)):
            await self.tell(session, person, words, number=post.number, officer=author.call_sign)

    async def ask(
        self,
        session: AsyncSession,
        post: Post,
        now: datetime,
        by: Officer,
        words: str,
        roles: Collection[str] = (),
    ) -> bool:
        """Tell the others who decide about a post (with `roles`, those of them who have one) what `by` wants.

        Their cards change where they stand, which makes no sound. False if nobody can be reached."""
        reached: list[Account] = []
        for person in await self.deciders(session, post, now):
            if person.id != by.id and (not roles or {*roles} & {*person.roles}):
                reached += await roster.accounts(session, person.id)
        await outbox.tell(session, reached, words, number=post.number, officer=by.call_sign)
        return bool(reached)

    async def deciders(self, session: AsyncSession, post: Post, now: datetime) -> list[Officer]:
        """Those on the shift who may decide, and those whom the verdict or the clock asks for; never the author, and
        nobody whose accreditation has lapsed.

        Where nobody on the shift may, standby is asked at once; where there is none of them, an inspector."""
        people = _leading(now, await on_duty(session, post.shift_id))
        for role in sorted(self._roles(post)):
            people += _leading(now, await roster.with_role(session, role))
        if post.level >= _STANDBY or _only_author(people, post):
            people += _leading(now, await self._standby(session, post))
        if _only_author(people, post):
            people += _leading(now, await roster.with_role(session, Role.INSPECTOR))
        return [person for person in {p.id: p for p in people}.values() if person.id != post.author_id]

    def _roles(self, post: Post) -> set[Role]:
        """Whose holders see the post wherever they are."""
        roles = {Role(role) for role in approval.roles_asked(post)}
        if post.corrects is not None:
            roles |= {Role.INSPECTOR, Role.PRESS}
        if post.level >= _INSPECTOR or post.inspector_asked:
            roles.add(Role.INSPECTOR)
        return roles

    async def _standby(self, session: AsyncSession, post: Post) -> list[Officer]:
        """Who is named as standby for the unit of its shift, while that runs."""
        one = await session.get_one(Shift, post.shift_id)
        return await roster.standby(session, one.unit) if one.state in OPEN else []


def _leading(now: datetime, people: Collection[Officer]) -> list[Officer]:
    return [person for person in people if person.leads(now)]


def _only_author(people: Collection[Officer], post: Post) -> bool:
    return all(person.id == post.author_id for person in people)
