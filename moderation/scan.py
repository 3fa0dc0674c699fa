"""The last look: on exactly what is handed to a network, just before it leaves. Needs no model and no key."""

import hashlib
from pathlib import Path

from moderation.decision import NotAllowed
from moderation.redaction import Redactor
from moderation.release import Release


class Scan:
    """Refuses a release with a hard finding in its words, or with a picture or video that is not the approved one."""

    def __init__(self, redactor: Redactor, media: Path) -> None:
        self._redactor = redactor
        self.media = media

    def check(self, release: Release) -> None:
        """Raises NotAllowed."""
        for text in (release.text, *(picture.alt for picture in release.pictures)):
            if self._redactor.remaining(text, release.language):
                raise NotAllowed("queue.still_identifies")
        for name in (name for picture in release.pictures for name in picture.files):
            try:
                data = (self.media / name).read_bytes()
            except FileNotFoundError as error:
                raise NotAllowed("queue.changed_since") from error
            if hashlib.sha256(data).hexdigest() != name.partition(".")[0]:
                raise NotAllowed("queue.changed_since")
