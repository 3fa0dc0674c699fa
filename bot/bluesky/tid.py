"""Record keys: the same delivery always has the same, so that publishing twice writes one record."""

import hashlib
from datetime import datetime
from typing import Final

_LETTERS: Final = "234567abcdefghijklmnopqrstuvwxyz"
_MICROSECONDS: Final = 1_000_000


def tid(key: str, at: datetime) -> str:
    """A timestamp identifier of 13 letters: the second of `at`, then 30 bits that stand for `key`.

    `at`: when it first was to leave."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    clock, within = divmod(digest, _MICROSECONDS)
    number = (int(at.timestamp()) * _MICROSECONDS + within) << 10 | clock % 1024
    return "".join(_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))
