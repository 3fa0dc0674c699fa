"""Officers: the people of the roster, the chat accounts that they linked and their invitations."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shifts.database import index_where
from shifts.refusal import Refusal


class Role(StrEnum):
    OFFICER = "officer"
    SERGEANT = "sergeant"
    INSPECTOR = "inspector"
    PRESS = "press"
    CONTROL = "control"
    TIPS = "tips"
    RECORDS = "records"
    ADMIN = "admin"


WRITERS: Final = (Role.OFFICER, Role.SERGEANT, Role.INSPECTOR, Role.PRESS)
"""Who goes on shifts and writes posts."""

LEADERS: Final = (Role.SERGEANT, Role.INSPECTOR, Role.PRESS)
"""Who opens, closes and freezes shifts, and decides about posts."""

SENIORS: Final = (Role.INSPECTOR, Role.PRESS)
"""Who lifts a freeze, and decides on any shift without being on it."""


class OfficerUnknown(Refusal):
    """No officer of the roster has this id."""

    def __init__(self) -> None:
        super().__init__("roster.unknown_officer")


class Officer(SQLModel, table=True):
    """One person. `id` is the stable id of roster.toml; `name` is for colleagues only.

    What comes from roster.toml is written by the import; `revoked_at` by people alone, and it wins."""

    id: str = Field(primary_key=True, max_length=64)
    call_sign: str = Field(max_length=40)
    name: str = Field(max_length=80)
    public_name: str | None = Field(default=None, max_length=80)
    unit: str = Field(max_length=64, index=True)
    roles: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    standby: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The units for whose shifts this person may stand in without being on them."""
    language: str = Field(max_length=8)
    accredited_until: datetime
    """The first instant at which the accreditation no longer holds."""
    face_ok: bool = False
    byline_ok: bool = False
    in_roster: bool = True
    revoked_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether this person may do anything at all."""
        return self.in_roster and self.revoked_at is None

    @property
    def byline(self) -> str | None:
        """How the public reads who wrote, for those who opted in."""
        return (self.public_name or self.call_sign) if self.byline_ok else None

    def has(self, *roles: Role) -> bool:
        """Whether the person has one of these roles."""
        return any(role in self.roles for role in roles)

    def accredited(self, now: datetime) -> bool:
        return now < self.accredited_until

    def leads(self, now: datetime) -> bool:
        """Whether the person may decide about posts of others by now, if there are any to decide about."""
        return self.has(*LEADERS) and self.accredited(now)


class Account(SQLModel, table=True):
    """One chat account of a person. `app` is the chat app's name in the configuration, `chat` where we write to it."""

    __table_args__ = (index_where("uq_account_linked", "app", "account", unique=True, rows="revoked_at IS NULL"),)

    id: int | None = Field(default=None, primary_key=True)
    officer_id: str = Field(foreign_key="officer.id", index=True, max_length=64)
    app: str = Field(max_length=32)
    account: str = Field(max_length=128)
    chat: str = Field(max_length=128)
    linked_at: datetime
    revoked_at: datetime | None = None


class Invitation(SQLModel, table=True):
    """A one-time code, of which only the SHA-256 (hex) is kept. A void one has expired."""

    id: int | None = Field(default=None, primary_key=True)
    code_hash: str = Field(unique=True, max_length=64)
    officer_id: str = Field(foreign_key="officer.id", index=True, max_length=64)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class Guess(SQLModel, table=True):
    """An account tried a code that did not work."""

    __table_args__ = (Index("ix_guess_account", "app", "account"),)

    id: int | None = Field(default=None, primary_key=True)
    app: str = Field(max_length=32)
    account: str = Field(max_length=128)
    at: datetime = Field(index=True)


async def officer(session: AsyncSession, officer_id: str) -> Officer:
    """The officer as the database has it now. Raises OfficerUnknown."""
    found = await session.get(Officer, officer_id, populate_existing=True)
    if found is None:
        raise OfficerUnknown
    return found


async def hold(session: AsyncSession, officer_id: str) -> Officer:
    """The same, and nobody else changes this person's accounts and duties until the transaction ends.

    Taken before any lock of a shift, so that two transactions never wait for each other."""
    found = await session.get(Officer, officer_id, populate_existing=True, with_for_update={"key_share": True})
    if found is None:
        raise OfficerUnknown
    return found
