"""Checks: whether everything that the program needs is in place, in plain sentences."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot import migrating, wiring
from bot.settings import Settings, SettingsWrong
from moderation import audit as chain
from moderation.audit import ChainBroken as AuditBroken
from moderation.detector import DetectorFailed
from moderation.media import Photos
from moderation.text_room import TextRoom
from shifts.areas import Areas, AreasWrong
from shifts.database import Database
from shifts.roster_file import Roster, RosterWrong
from shifts.words import Words, WordsMissing


@dataclass(slots=True)
class Found:
    """What is in place, and what is not with what to do about it."""

    fine: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def everything(settings: Settings) -> Found:
    """Look at all of it; nothing is changed and nothing is connected to a network."""
    found = Found()
    _files(settings, found)
    _rights(settings, found)
    await _database(settings, found)
    await _models(settings, found)
    return found


async def audit(settings: Settings) -> int:
    """Verify the whole chain. Raises AuditBroken, SettingsWrong."""
    database = Database(settings.database_url)
    try:
        async with database.reading() as session:
            return await chain.verify(session)
    except SQLAlchemyError:
        raise SettingsWrong("The database cannot be read; run `tweetpatrol db upgrade` and try again.") from None
    finally:
        await database.close()


def _files(settings: Settings, found: Found) -> None:
    try:
        words = Words.load(settings.files.languages)
    except WordsMissing as error:
        found.wrong.append(f"{error}.")
        return
    missing = words.missing()
    found.wrong += [f"{problem}." for problem in missing]
    if not missing:
        found.fine.append(f"languages: {', '.join(words.languages)}")
    try:
        roster = Roster.load(settings.files.roster)
        found.fine.append(f"roster: {len(roster.officer)} people")
    except RosterWrong as wrong:
        found.wrong += wrong.sentences(words, settings.force.language)
    except OSError:
        found.wrong.append(f"The roster {settings.files.roster.name} cannot be read.")
    try:
        found.fine.append(f"areas: {len(list(Areas.load(settings.files.places).every))}")
    except (AreasWrong, OSError, ValueError, KeyError):
        found.wrong.append("areas.geojson and gazetteer.toml cannot be used; see docs/running.md.")
    adapters = wiring.check_adapters(settings)
    found.wrong += adapters
    if not adapters:
        found.fine.append(f"chat apps: {', '.join(settings.chat_apps)}; networks: {', '.join(settings.networks)}")


def _rights(settings: Settings, found: Found) -> None:
    folder = next(parent for parent in (settings.data, *settings.data.parents) if parent.exists())
    if not os.access(folder, os.W_OK):
        found.wrong.append(f"The data folder {settings.data.name} cannot be written; give this user the right to.")
    key = settings.data / "vault.key"
    if key.exists() and key.stat().st_mode & 0o077:
        found.wrong.append("Others can read the vault key file; run `chmod 600` on vault.key.")
    else:
        found.fine.append("rights")


async def _database(settings: Settings, found: Found) -> None:
    database = Database(settings.database_url)
    if database.is_sqlite and not Path(database.url.database or "").exists():
        found.fine.append("database: none yet, the first start makes it")
        return
    try:
        if await asyncio.to_thread(migrating.is_current, database):
            found.fine.append("database: up to date")
        else:
            found.wrong.append("The database is of another version; run `tweetpatrol db upgrade`.")
    except SQLAlchemyError:
        found.wrong.append("The database cannot be reached; check its address and that it runs.")
    finally:
        await database.close()


async def _models(settings: Settings, found: Found) -> None:
    room = TextRoom(settings.files.places, settings.files.languages, b"", models=settings.moderation.models)
    try:
        await room.warm()
        found.fine.append("text detectors")
    except DetectorFailed:
        found.wrong.append("The text detectors cannot be loaded; run `make setup` again.")
    finally:
        room.close()
    async with Photos() as photos:
        try:
            await photos.warm()
            found.fine.append("picture detectors")
        except DetectorFailed:
            found.wrong.append("The picture detectors cannot be loaded; run `make setup` again.")


__all__ = ["AuditBroken", "Found", "audit", "everything"]
