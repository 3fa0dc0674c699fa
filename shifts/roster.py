"""The roster in the database: who is in it, which chat accounts are whose, who was invited and who was cut off."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.officer import Account, Guess, Invitation, Officer, Role, hold, officer
from shifts.refusal import Refusal
from shifts.roster_file import OfficerEntry, Roster
from shifts.shift import end_duties

CODE_BYTES: Final = 16
CODE_LASTS: Final = timedelta(hours=24)
GUESSES: Final = 5
GUESSES_WITHIN: Final = timedelta(hours=1)


class InvitationRefused(Refusal):
    """The code is unknown, used or expired, or the account guesses: one sentence, so that nothing can be learnt."""

    def __init__(self) -> None:
        super().__init__("roster.invitation_refused")


class AccountTaken(Refusal):
    """The account is linked to another person; it must be revoked there first."""

    def __init__(self) -> None:
        super().__init__("roster.account_taken")


class CutOff(Refusal):
    """The officer is revoked or no longer in the roster, and cannot be invited."""

    def __init__(self) -> None:
        super().__init__("roster.cut_off")


@dataclass(frozen=True, slots=True)
class Imported:
    """How many officers an import found new, changed, and gone from the file."""

    new: int
    changed: int
    gone: int


async def import_roster(session: AsyncSession, roster: Roster, now: datetime) -> Imported:
    """Take the roster file over, by stable id. Who is no longer in it cannot act; revocations stay."""
    known = {person.id: person for person in (await session.exec(select(Officer))).all()}
    new = changed = 0
    for entry in roster.officer:
        values = _values(roster, entry)
        person = known.pop(entry.id, None)
        if person is None:
            session.add(Officer(id=entry.id, **values))
            new += 1
        else:
            changed += _take_over(person, values)
    gone = [person for person in known.values() if person.in_roster]
    for person in gone:
        person.in_roster = False
        await end_duties(session, person.id, now)
    await session.flush()
    return Imported(new, changed, len(gone))


def _values(roster: Roster, entry: OfficerEntry) -> dict[str, Any]:
    values: dict[str, Any] = entry.model_dump(exclude={"id", "roles", "accredited_until"})
    return values | {
        "roles": [role.value for role in entry.roles],
        "standby": roster.standby_of(entry.id),
        "accredited_until": entry.lapses_at,
        "in_roster": True,
    }


def _take_over(person: Officer, values: dict[str, Any]) -> bool:
    differing = {name: value for name, value in values.items() if getattr(person, name) != value}
    for name, value in differing.items():
        setattr(person, name, value)
    return bool(differing)


async def person(session: AsyncSession, app: str, account: str) -> Officer | None:
    """Whose account this is; None unless that person may act."""
    statement = (
        select(Officer)
        .join(Account, col(Account.officer_id) == col(Officer.id))
        .where(
            col(Account.app) == app,
            col(Account.account) == account,
            col(Account.revoked_at).is_(None),
            col(Officer.in_roster).is_(True),
            col(Officer.revoked_at).is_(None),
        )
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()


async def accounts(session: AsyncSession, officer_id: str) -> list[Account]:
    """The linked accounts of a person, the oldest first; none for somebody who was cut off."""
    statement = (
        select(Account)
        .join(Officer, col(Account.officer_id) == col(Officer.id))
        .where(
            col(Account.officer_id) == officer_id,
            col(Account.revoked_at).is_(None),
            col(Officer.in_roster).is_(True),
            col(Officer.revoked_at).is_(None),
        )
        .order_by(col(Account.id))
    )
    return list((await session.exec(statement)).all())


async def everybody(session: AsyncSession) -> list[Officer]:
    """Everybody who was ever in the roster, by call-sign."""
    return list((await session.exec(select(Officer).order_by(col(Officer.call_sign)))).all())


async def with_role(session: AsyncSession, role: Role) -> list[Officer]:
    """Who has a role and may act, by call-sign."""
    return [person for person in await everybody(session) if person.active and person.has(role)]


async def standby(session: AsyncSession, unit: str) -> list[Officer]:
    """Who is named as standby for a unit and may act, by call-sign."""
    return [person for person in await everybody(session) if person.active and unit in person.standby]


async def invite(session: AsyncSession, officer_id: str, now: datetime) -> str:
    """A new one-time code for an officer; earlier unused ones become void. The code itself is not kept.

    Raises OfficerUnknown, CutOff."""
    if not (await hold(session, officer_id)).active:
        raise CutOff
    await _void_invitations(session, officer_id, now)
    code = secrets.token_urlsafe(CODE_BYTES)
    session.add(Invitation(code_hash=_hash(code), officer_id=officer_id, created_at=now, expires_at=now + CODE_LASTS))
    await session.flush()
    return code


async def redeem(session: AsyncSession, code: str, app: str, account: str, chat: str, now: datetime) -> Officer:
    """Link an account to the officer whom the code was made for. Raises InvitationRefused.

    Catch that inside the transaction and every savepoint of it: a refusal counts as a guess, and a rollback would
    forget the guess."""
    if await _guesses_too_often(session, app, account, now):
        raise InvitationRefused
    officer_id = await _invited(session, code)
    # The person is held before the invitation is touched, as revoke does: neither then waits for the other.
    if officer_id is None or not (await hold(session, officer_id)).active or not await _use(session, code, now):
        session.add(Guess(app=app, account=account, at=now))
        await session.flush()
        raise InvitationRefused
    try:
        await link(session, officer_id, app, account, chat, now)
    except AccountTaken as error:
        raise InvitationRefused from error
    return await officer(session, officer_id)


async def link(session: AsyncSession, officer_id: str, app: str, account: str, chat: str, now: datetime) -> Account:
    """Link an account to a person, or say where to write to one that is linked. Raises OfficerUnknown, AccountTaken."""
    await hold(session, officer_id)
    linked = await _linked(session, app, account)
    if linked is None:
        linked = Account(officer_id=officer_id, app=app, account=account, chat=chat, linked_at=now)
        try:
            async with session.begin_nested():
                session.add(linked)
        except IntegrityError as error:
            raise AccountTaken from error
    if linked.officer_id != officer_id:
        raise AccountTaken
    return linked if linked.chat == chat else await _moved(session, linked, chat, now)


async def _moved(session: AsyncSession, linked: Account, chat: str, now: datetime) -> Account:
    """The same account in another chat; the old row stays as one that was cut off, for what stands in its chat."""
    linked.revoked_at = now
    await session.flush()
    moved = Account(officer_id=linked.officer_id, app=linked.app, account=linked.account, chat=chat, linked_at=now)
    session.add(moved)
    await session.flush()
    return moved


async def revoke(session: AsyncSession, officer_id: str, now: datetime) -> None:
    """Cut somebody off: accounts, invitations and duties end with this transaction. Raises OfficerUnknown."""
    held = await hold(session, officer_id)
    held.revoked_at = held.revoked_at or now
    await _void_invitations(session, officer_id, now)
    linked = update(Account).where(col(Account.officer_id) == officer_id, col(Account.revoked_at).is_(None))
    await session.exec(linked.values(revoked_at=now))
    await end_duties(session, officer_id, now)
    await session.flush()


async def reinstate(session: AsyncSession, officer_id: str) -> None:
    """Take a revocation back. The old accounts stay cut off: the officer is invited anew. Raises OfficerUnknown."""
    (await hold(session, officer_id)).revoked_at = None
    await session.flush()


async def _linked(session: AsyncSession, app: str, account: str) -> Account | None:
    statement = select(Account).where(
        col(Account.app) == app, col(Account.account) == account, col(Account.revoked_at).is_(None)
    )
    return (await session.exec(statement)).first()


async def _invited(session: AsyncSession, code: str) -> str | None:
    statement = select(Invitation.officer_id).where(col(Invitation.code_hash) == _hash(code))
    return (await session.exec(statement)).first()


async def _use(session: AsyncSession, code: str, now: datetime) -> bool:
    """Use a code up; False if it was used before, or has expired."""
    unused = update(Invitation).where(
        col(Invitation.code_hash) == _hash(code), col(Invitation.used_at).is_(None), col(Invitation.expires_at) > now
    )
    result: Any = await session.exec(unused.values(used_at=now))
    return bool(result.rowcount == 1)


async def _void_invitations(session: AsyncSession, officer_id: str, now: datetime) -> None:
    unused = update(Invitation).where(
        col(Invitation.officer_id) == officer_id, col(Invitation.used_at).is_(None), col(Invitation.expires_at) > now
    )
    await session.exec(unused.values(expires_at=now))


async def _guesses_too_often(session: AsyncSession, app: str, account: str, now: datetime) -> bool:
    await session.exec(delete(Guess).where(col(Guess.at) <= now - GUESSES_WITHIN))
    tried = select(func.count()).select_from(Guess).where(col(Guess.app) == app, col(Guess.account) == account)
    return (await session.exec(tried)).one() >= GUESSES


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
