"""One encoder for all who ask what it thinks of a text: it is loaded once a process and reads each text once."""

from functools import cache
from typing import Protocol

from moderation.reading.encoder import Encoder, Thoughts


class Thinks(Protocol):
    def look(self, text: str) -> Thoughts:
        """What it thinks of each piece of a folded text. Raises DetectorFailed."""
        ...


class Once:
    """Keeps what was thought of the last text: all detectors look at a text before the next one comes."""

    def __init__(self, encoder: Thinks) -> None:
        self._encoder = encoder
        self._last: tuple[str, Thoughts] | None = None

    def look(self, text: str) -> Thoughts:
        """Raises DetectorFailed, and asks anew after it."""
        last = self._last
        if last is None or last[0] != text:
            last = self._last = (text, self._encoder.look(text))
        return last[1]


@cache
def encoder() -> Thinks:
    """The one of this process. Raises DetectorFailed if its weights are missing, are others, or cannot be loaded."""
    return Once(Encoder())
