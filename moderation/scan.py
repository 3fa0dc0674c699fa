"""The last look: on exactly what is handed to a network, just before it leaves. Needs no model and no key."""

import asyncio
import hashlib
from pathlib import Path

from moderation.decision import NotAllowed
from moderation.detector import DetectorFailed
from moderation.redaction import Redactor
from moderation.release import Release
from moderation.template import FIXED_KIND, Templates, TemplatesWrong


class Scan:
    """Refuses a release with a hard finding in its words, or with a picture or video that is not the approved one."""

    def __init__(self, redactor: Redactor, media: Path) -> None:
        self._redactor = redactor
        self.media = media

    async def check(self, release: Release) -> None:
        """Raises NotAllowed. Files are read in a thread: a video is long enough for everybody else to wait."""
        for text in (release.text, release.correction or "", *(picture.alt for picture in release.pictures)):
            if self._identifies(text, release):
                raise NotAllowed("queue.still_identifies")
        for name in (name for picture in release.pictures for name in picture.files):
            if await asyncio.to_thread(_hash, self.media / name) != name.partition(".")[0]:
                raise NotAllowed("queue.changed_since")

    def _identifies(self, text: str, release: Release) -> bool:
        """Also what no detector could look at: it is refused, never taken for clean."""
        try:
            return bool(self._redactor.remaining(text, release.language, release.kind))
        except DetectorFailed:
            return True

    def check_fixed(self, templates: Templates) -> None:
        """Every fixed text, before the first is wanted: at the start somebody is there to change it.

        Raises TemplatesWrong."""
        for name, (template, _) in templates.approved.items():
            for language, text in template.texts.items():
                if self._redactor.remaining(text, language, FIXED_KIND):
                    raise TemplatesWrong(
                        f"The fixed text {name} ({language}) holds what no network gets, such as a telephone number; "
                        "say where to find it instead."
                    )


def _hash(path: Path) -> str | None:
    """Of what lies there now, piece by piece; None if nothing does."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
