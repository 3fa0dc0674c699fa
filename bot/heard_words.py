"""Words of strangers, without what could not be stored or would make them read as something else."""

import re
from typing import Final

_UNWANTED: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, marks that turn the direction of reading, halves of characters."""


def harmless(text: str) -> str:
    """The same words, without control characters and direction marks; line ends stay."""
    return _UNWANTED.sub("", text.replace("\t", " "))
