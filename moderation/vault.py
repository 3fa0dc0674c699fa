"""The vault: originals, sealed. Only the bot and prepare processes hold its key."""

import asyncio
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_OVERHEAD: Final = _NONCE_BYTES + 16
_IN_ROW_BYTES: Final = 64 * 1024
_AT_ONCE: Final = 500
_SUFFIX: Final = ".sealed"


class VaultLocked(Exception):
    """The key is missing or is not the one that sealed this."""


class Gone(Exception):
    """What was sealed has been purged on its clock."""


class Sealed(SQLModel, table=True):
    """One sealed original: in the row when it is small, else in a file of the vault folder named by its id."""

    id: str = Field(primary_key=True, max_length=32)
    data: bytes | None = None
    created_at: datetime
    purge_at: datetime = Field(index=True)
    purged_at: datetime | None = None


class Vault:
    """AES-256-GCM; every item is bound to its own id, so that no sealed bytes can stand in for others."""

    def __init__(self, key: bytes, folder: Path) -> None:
        if len(key) != KEY_BYTES:
            raise VaultLocked("the vault key must be 32 bytes")
        self._cipher = AESGCM(key)
        self._folder = folder

    def seal(self, data: bytes, name: str) -> bytes:
        """Seal some bytes under a name that has to be said again to open them."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """Raises VaultLocked if the key, the name or the bytes are not what was sealed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise VaultLocked("the vault key does not open this") from error

    async def put(self, session: AsyncSession, data: bytes, now: datetime, purge_at: datetime) -> str:
        """Seal an original and give its id. A file is on disk before the transaction can commit."""
        name = secrets.token_hex(16)
        in_row = len(data) + _OVERHEAD <= _IN_ROW_BYTES
        sealed = self.seal(data, name) if in_row else await asyncio.to_thread(self._write, name, data)
        session.add(Sealed(id=name, data=sealed if in_row else None, created_at=now, purge_at=purge_at))
        await session.flush()
        return name

    async def get(self, session: AsyncSession, name: str) -> bytes:
        """Open an original. Raises Gone, VaultLocked."""
        row = await session.get(Sealed, name)
        if row is None or row.purged_at is not None:
            raise Gone("the original has been purged")
        if row.data is not None:
            return self.unseal(row.data, name)
        try:
            return await asyncio.to_thread(lambda: self.unseal(self._path(name).read_bytes(), name))
        except FileNotFoundError as error:
            raise Gone("the original has been purged") from error

    async def purge(self, session: AsyncSession, now: datetime, strays_before: datetime | None = None) -> int:
        """Destroy what is past its clock; gives how many that were.

        Also files that no row names, sealed before `strays_before`: their transaction was undone after all."""
        statement = select(Sealed).where(col(Sealed.purge_at) <= now, col(Sealed.purged_at).is_(None))
        due = (await session.exec(statement.with_for_update())).all()
        for row in due:
            self._path(row.id).unlink(missing_ok=True)
            row.data, row.purged_at = None, now
        return len(due) + (await self._strays(session, strays_before) if strays_before else 0)

    async def _strays(self, session: AsyncSession, before: datetime) -> int:
        old = sorted(await asyncio.to_thread(self._written_before, before))
        strays = 0
        for start in range(0, len(old), _AT_ONCE):
            some = old[start : start + _AT_ONCE]
            known = (await session.exec(select(Sealed.id).where(col(Sealed.id).in_(some)))).all()
            for name in set(some) - set(known):
                self._path(name).unlink(missing_ok=True)
                strays += 1
        return strays

    def _written_before(self, before: datetime) -> list[str]:
        if not self._folder.is_dir():
            return []
        files = [path for path in self._folder.iterdir() if path.suffix == _SUFFIX]
        return [path.stem for path in files if path.stat().st_mtime < before.timestamp()]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"

    def _write(self, name: str, data: bytes) -> bytes:
        """In a thread: a video takes long enough for others to wait. Gives what was written."""
        sealed = self.seal(data, name)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path(name).open("xb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        return sealed


def key_from_file(path: Path) -> bytes:
    """The key in a file, made at the first start and readable by its owner alone."""
    try:
        return bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        key = secrets.token_bytes(KEY_BYTES)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return key_from_file(path)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.hex())
            file.flush()
            os.fsync(file.fileno())
        return key
    except ValueError as error:
        raise VaultLocked("the vault key file does not hold a key of 64 hexadecimal digits") from error
