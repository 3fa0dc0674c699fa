"""Accounts of people (@name); the force's own and its partners' stay."""

import re
from collections.abc import Sequence

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_HANDLE = pattern(r"(?<![\w@./]) @ [A-Z0-9_] [\w.-]{0,38} (?: @ [\w-]{1,40} (?: \. [\w-]{1,30} ){1,3} )?")


def load(own: Sequence[str] = ()) -> Detector:
    """`own` are the accounts that may be named, without the @."""
    kept = frozenset(entry.casefold().lstrip("@") for entry in own)

    def is_private(match: re.Match[str]) -> bool:
        return match[0].casefold().strip("@.-") not in kept

    return Patterns([Pattern("handle", Label.HANDLE, _HANDLE, instead="member", check=is_private)])
