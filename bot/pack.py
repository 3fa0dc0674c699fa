"""Packs: one archive of files with a manifest of their SHA-256, which anybody can check without the program's data."""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from moderation.audit import AuditEntry, fits

MANIFEST: Final = "manifest.json"
_AUDIT: Final = "audit.json"
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)


class NoPack(Exception):
    """The file is not an export of ours."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is wrong with a pack: a key of config/languages, and what fills its placeholders."""

    sentence: str
    fields: Mapping[str, object] = field(default_factory=dict)


def manifest(files: Mapping[str, bytes], about: Mapping[str, str]) -> bytes:
    """What is in a pack: `about` it, and the SHA-256 of each file."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return json.dumps({**about, "files": hashes}, indent=1).encode()


def write(path: Path, files: Mapping[str, bytes], listed: bytes) -> None:
    """Write a pack that its owner alone can read. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {MANIFEST: listed, **files}.items():
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), content, zipfile.ZIP_DEFLATED)


def check(path: Path) -> tuple[str, list[Flaw]]:
    """The SHA-256 of a pack's manifest, and everything that is wrong with the pack. Raises NoPack."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            listed = archive.read(MANIFEST)
            expected: dict[str, str] = json.loads(listed)["files"]
            found = {name: archive.read(name) for name in names if name != MANIFEST}
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError):
        raise NoPack from None
    wrong = [Flaw("export.missing", {"name": name}) for name in expected if name not in found]
    wrong += [Flaw("export.added", {"name": name}) for name in found if name not in expected]
    if len(names) != len(set(names)):
        wrong.append(Flaw("export.twice"))
    for name, content in found.items():
        if name in expected and hashlib.sha256(content).hexdigest() != expected[name]:
            wrong.append(Flaw("export.changed", {"name": name}))
        elif name.rpartition("/")[2] == _AUDIT:
            wrong += [Flaw("export.entry", {"name": name, "seq": seq}) for seq in _broken(content)]
    return hashlib.sha256(listed).hexdigest(), wrong


def _broken(content: bytes) -> list[int]:
    """The audit entries that are not what was written."""
    rows: list[dict[str, Any]] = json.loads(content)
    return [row["seq"] for row in rows if not fits(AuditEntry(**{**row, "at": datetime.fromisoformat(row["at"])}))]
