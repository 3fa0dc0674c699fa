"""The text room: a workroom that loads the text detectors once, so that no loop waits for them."""

from functools import partial
from pathlib import Path
from typing import Final

from moderation.redaction import Context, Redacted, Redactor
from moderation.workroom import Patience, Workroom
from shifts.words import Words

PATIENCE: Final = Patience(seconds=30, loading=180)


class TextRoom:
    """Asks the redactor of the other process. `secret` keys the redaction keys, so that they hold over restarts."""

    def __init__(
        self, places: Path, languages: Path, secret: bytes, *, models: bool = True, off: frozenset[str] = frozenset()
    ) -> None:
        load = partial(_load, places, languages, secret, models, off)
        self._room = Workroom("the text detectors", load, PATIENCE)

    async def redact(self, text: str, context: Context) -> Redacted:
        """The public version of a text. Raises DetectorFailed if the process died or hung; it is started anew."""
        return await self._room.ask(Redactor.redact, text, context)

    async def warm(self) -> None:
        """Load everything now, so that the first officer does not wait for it. Raises DetectorFailed."""
        await self.redact("", Context())

    def close(self) -> None:
        self._room.close()


def _load(places: Path, languages: Path, secret: bytes, models: bool, off: frozenset[str]) -> Redactor:
    return Redactor.load(places, Words.load(languages), secret, models=models, off=off)
