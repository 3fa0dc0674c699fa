import secrets
from datetime import timedelta
from pathlib import Path

import pytest

from moderation.vault import Gone, Vault, VaultLocked, key_from_file
from shifts.database import Database, utc_now

WORDS = b"Mrs Okoye at 9 Orchard Close"


def a_vault(folder: Path, key: bytes = b"k" * 32) -> Vault:
    return Vault(key, folder / "vault")


@pytest.mark.parametrize("size", [1, 200_000])
async def test_what_is_sealed_comes_back_and_stands_nowhere_in_the_open(
    sqlite_database: Database, tmp_path: Path, size: int
) -> None:
    vault, data = a_vault(tmp_path), WORDS * size
    async with sqlite_database.transaction() as session:
        name = await vault.put(session, data, utc_now(), utc_now() + timedelta(days=1))
    async with sqlite_database.reading() as session:
        assert await vault.get(session, name) == data
        with pytest.raises(VaultLocked):
            await a_vault(tmp_path, b"x" * 32).get(session, name)
    assert not any(WORDS in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [1, 200_000])
async def test_an_original_dies_on_its_clock(sqlite_database: Database, tmp_path: Path, size: int) -> None:
    vault, now = a_vault(tmp_path), utc_now()
    async with sqlite_database.transaction() as session:
        name = await vault.put(session, WORDS * size, now, now + timedelta(days=31))
    async with sqlite_database.transaction() as session:
        assert await vault.purge(session, now + timedelta(days=30)) == 0
        assert await vault.purge(session, now + timedelta(days=31)) == 1
        assert await vault.purge(session, now + timedelta(days=32)) == 0
        with pytest.raises(Gone):
            await vault.get(session, name)
    assert list((tmp_path / "vault").glob("*")) == []


async def test_what_was_sealed_for_nothing_dies_on_the_same_clock(sqlite_database: Database, tmp_path: Path) -> None:
    vault, now, month = a_vault(tmp_path), utc_now(), timedelta(days=31)

    async def undone() -> None:
        async with sqlite_database.transaction() as session:
            await vault.put(session, WORDS * 200_000, now, now + month)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()
    async with sqlite_database.transaction() as session:
        named = await vault.put(session, WORDS * 200_000, now, now + 2 * month)
    assert len(list((tmp_path / "vault").iterdir())) == 2
    async with sqlite_database.transaction() as session:
        assert await vault.purge(session, now, now - month) == 0
        assert await vault.purge(session, now + month, utc_now() + timedelta(seconds=1)) == 1
        assert await vault.get(session, named) == WORDS * 200_000
    assert [path.stem for path in (tmp_path / "vault").iterdir()] == [named]


def test_no_sealed_bytes_stand_in_for_others(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    with pytest.raises(VaultLocked):
        vault.unseal(vault.seal(WORDS, "one"), "another")
    with pytest.raises(VaultLocked):
        vault.unseal(vault.seal(WORDS, "one")[:-1] + b"0", "one")


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.key"
    key = key_from_file(path)
    assert key_from_file(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text(secrets.token_hex(8) + "zz")
    with pytest.raises(VaultLocked):
        key_from_file(path)
