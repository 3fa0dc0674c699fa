"""E-mail addresses, also spelled out ("name at example dot com")."""

import re
from collections.abc import Sequence

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_ADDRESS = pattern(r"""
    (?<![\w.+%-]) [\w.+%'-]{1,64} \s?@\s? (?: [\w-]{1,63} \. ){1,5} [^\W\d_]{2,24} (?![\w-])
""")
_SPELLED = pattern(r"""
    (?<![\w.+-]) [\w.+-]{1,64} \s{0,2} (?: [\[({] \s? (?:at|arroba|arobase|chez) \s? [\])}]
    | \b(?:at|arroba|arobase)\b ) \s{0,2}
    [\w-]{1,63} (?: \s{0,2} (?: [\[({] \s? (?:dot|punto|point) \s? [\])}]
    | \b(?:dot|punto|point)\b ) \s{0,2} [\w-]{1,63} ){1,4} (?!\w)
""")


def load(own: Sequence[str] = ()) -> Detector:
    """`own` are the force's own addresses or domains, which stay."""
    kept = tuple(entry.casefold() for entry in own)

    def is_private(match: re.Match[str]) -> bool:
        address = match[0].replace(" ", "").casefold()
        return not any(address == entry or address.endswith("@" + entry) for entry in kept)

    return Patterns(
        [
            Pattern("email", Label.EMAIL, _ADDRESS, hard=True, instead="website", check=is_private),
            Pattern("email spelled out", Label.EMAIL, _SPELLED, hard=True, instead="website"),
        ]
    )
