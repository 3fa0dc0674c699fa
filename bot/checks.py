"""Checks: whether everything that the program needs is in place, in plain sentences."""

import asyncio
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bot import inbox, migrating, wiring
from bot.alarm import RINGERS
from bot.settings import Settings, SettingsWrong
from bot.triage import Triage
from bot.triage_room import TriageRoom
from bot.triage_rules import TriageWrong
from moderation import audit as chain
from moderation import policy
from moderation.audit import ChainBroken as AuditBroken
from moderation.detection import DetectorUnknown
from moderation.detector import DetectorFailed
from moderation.media import Photos
from moderation.policy import PolicyWrong
from moderation.redaction import DETECTORS, Context, Redactor
from moderation.scan import Scan
from moderation.signs import Signs
from moderation.template import Templates, TemplatesWrong
from moderation.text_room import TextRoom
from shifts.areas import Areas, AreasWrong
from shifts.database import Database
from shifts.officer import Role
from shifts.roster_file import Roster, RosterWrong
from shifts.words import Words, WordsMissing

_UNREADABLE: Final = (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError, KeyError, TypeError)


@dataclass(slots=True)
class Found:
    """What is in place, and what is not with what to do about it."""

    words: Words
    language: str
    fine: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def good(self, key: str, **fields: object) -> None:
        self.fine.append(self.words.say(f"check.{key}", self.language, **fields))

    def bad(self, key: str, **fields: object) -> None:
        self.wrong.append(self.words.say(f"check.{key}", self.language, **fields))


async def everything(settings: Settings) -> Found:
    """Look at all of it; nothing is changed and nothing is connected to a network. Raises SettingsWrong."""
    try:
        words = Words.load(settings.files.languages)
    except (WordsMissing, OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsWrong(f"The language files cannot be used: {error}.") from None
    found = Found(words, settings.force.language)
    _languages(found)
    _files(settings, found)
    _adapters(settings, found)
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
        words = Words.load(settings.files.languages)
        raise SettingsWrong(words.say("check.database_unreadable", settings.force.language)) from None
    finally:
        await database.close()


def _languages(found: Found) -> None:
    missing = found.words.missing()
    found.wrong += [f"{problem}." for problem in missing]
    if not missing:
        found.good("languages", languages=", ".join(found.words.languages))


def _files(settings: Settings, found: Found) -> None:
    """Everything that is read from files at a start: each is read now, and said if it cannot be."""
    places = settings.files.places
    try:
        found.good("roster", n=len(Roster.load(settings.files.roster).officer))
    except RosterWrong as wrong:
        found.wrong += wrong.sentences(found.words, found.language)
    except OSError:
        found.bad("roster_unreadable", file=settings.files.roster.name)
    _read(found, "areas", lambda: len(Areas.load(places).every), AreasWrong)
    _read(found, "templates", lambda: _fixed_texts(settings, found.words), TemplatesWrong)
    _read(found, "triage", lambda: len(Triage.load(places / "triage").lexicons), TriageWrong)
    _read(found, "signs", lambda: len(Signs.load(places).words))

    folder = places / DETECTORS.parent
    if strange := policy.unknown_overlays(folder, settings.moderation.overlays):
        known = ", ".join(policy.overlays_in(folder))
        found.bad("overlay_unknown", names=", ".join(strange), known=known)


def _fixed_texts(settings: Settings, words: Words) -> int:
    """How many there are; each as the last look before a network sees it. Raises TemplatesWrong."""
    places = settings.files.places
    templates = Templates.load(places / "templates.toml")
    try:
        redactor = Redactor.load(places, words, models=False)
    except (AreasWrong, PolicyWrong, DetectorUnknown, *_UNREADABLE):
        return len(templates.approved)  # what is wrong there is said where it belongs
    Scan(redactor, settings.media).check_fixed(templates)
    return len(templates.approved)


def _read(found: Found, name: str, count: Callable[[], int], *errors: type[Exception]) -> None:
    try:
        found.good(name, n=count())
    except errors as error:
        found.bad(f"{name}_wrong", why=str(error).rstrip("."))
    except _UNREADABLE:
        found.bad(f"{name}_wrong", why=found.words.say("check.unreadable", found.language))


def _adapters(settings: Settings, found: Found) -> None:
    adapters = wiring.check_adapters(settings)
    found.wrong += adapters
    if not adapters:
        _desks(settings, found)
        found.good("adapters", apps=", ".join(settings.chat_apps), networks=", ".join(settings.networks))


def _desks(settings: Settings, found: Found) -> None:
    """Where the public can answer, somebody has to be there for calls for help and for tips."""
    try:
        roles = {role for officer in Roster.load(settings.files.roster).officer for role in officer.roles}
    except (RosterWrong, OSError):
        return  # said already
    if not wiring.heard(settings):
        return
    if not roles & set(RINGERS):
        found.bad("nobody_rings")
    if Role.TIPS not in roles:
        found.bad("nobody_tips")


def _rights(settings: Settings, found: Found) -> None:
    folder = next(parent for parent in (settings.data, *settings.data.parents) if parent.exists())
    if not os.access(folder, os.W_OK):
        found.bad("data_folder", folder=settings.data.name)
    key = settings.data / "vault.key"
    if key.exists() and key.stat().st_mode & 0o077:
        found.bad("vault_key")
    else:
        found.good("rights")


async def _database(settings: Settings, found: Found) -> None:
    database = Database(settings.database_url)
    if database.is_sqlite and not Path(database.url.database or "").exists():
        found.good("no_database")
        return
    try:
        if await asyncio.to_thread(migrating.is_current, database):
            found.good("database")
            await _given_up(database, found)
        else:
            found.bad("database_version")
    except SQLAlchemyError:
        found.bad("database_unreachable")
    finally:
        await database.close()


async def _given_up(database: Database, found: Found) -> None:
    """What officers sent and nobody could handle: they were told, and somebody has to look at the log."""
    async with database.reading() as session:
        items = await inbox.given_up(session)
    if items:
        found.bad("given_up", n=items)


def _photos(screens: bool) -> Photos:
    return Photos(screens=screens)


async def _models(settings: Settings, found: Found) -> None:
    await _text_detectors(settings, found)
    await _picture_detectors(settings, found)
    if settings.moderation.models:
        await _reply_model(settings, found)


async def _picture_detectors(settings: Settings, found: Found, make: Callable[[bool], Photos] = _photos) -> None:
    """Whether all that look into pictures can; where the one of screens is on and alone cannot, that is said."""
    screens = settings.moderation.screens
    if await _can_look(make(screens)):
        found.good("picture_detectors_screens" if screens else "picture_detectors")
    elif screens and await _can_look(make(False)):
        found.bad("screens_wrong")
    else:
        found.bad("picture_detectors_wrong")


async def _can_look(photos: Photos) -> bool:
    async with photos:
        try:
            await photos.warm()
        except DetectorFailed:
            return False
        return True


async def _text_detectors(settings: Settings, found: Found) -> None:
    """What is off by choice, and whether all that is on can look: where one cannot, every post waits for a person."""
    models, off = settings.moderation.models, wiring.detectors_off(settings)
    if off:
        found.good("detectors_off", names=", ".join(sorted(off)))
    room = TextRoom(settings.files.places, settings.files.languages, b"", models=models, off=off)
    try:
        if (await room.redact("", Context())).reasons:
            found.bad("text_models_missing")
        else:
            found.good("text_models" if models else "text_models_off")
    except DetectorFailed:
        found.bad("text_detectors")
    finally:
        room.close()


async def _reply_model(settings: Settings, found: Found) -> None:
    room = TriageRoom(settings.files.places / "models")
    try:
        await room.weigh("")
        found.good("reply_model")
    except DetectorFailed:
        found.bad("reply_model_wrong")
    finally:
        room.close()


__all__ = ["AuditBroken", "Found", "audit", "everything"]
