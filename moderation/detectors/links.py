"""Links: to maps (which give a position away) and any other that is not the force's own; and names of files."""

import re
from collections.abc import Sequence

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_LINK = pattern(r"""
    (?<![\w@]) (?: https?://[^\s<>"]{1,500} | www\.[^\s<>"]{1,500}
    | (?: [a-z0-9] [a-z0-9-]{0,62} \. ){1,4}
    (?: com|org|net|es|uk|fr|eu|io|me|ly|gl|app|info|co|us|mx|gov|edu|tv|gg|be|to ) (?: / [^\s<>"]{0,300} |
    (?![\w.@-]|\s?@) ) )
""")
_FILE = pattern(r"""
    (?<![\w/.-]) \w [\w()-]{0,80} (?: \. [\w-]{1,20} ){0,2} \.
    (?: jpe?g|png|heic|heif|gif|webp|bmp|tiff?|mp4|mov|avi|mkv|3gp|pdf|docx?|xlsx?|csv|zip|mp3|wav|m4a|ogg ) (?!\w)
""")
_MAPS = (
    "maps.",
    "/maps",
    "goo.gl/maps",
    "maps.app.goo",
    "openstreetmap",
    "osm.org",
    "w3w.co",
    "what3words",
    "waze.",
    "plus.codes",
    "bing.com/maps",
    "mapy.",
    "g.co/maps",
    "glympse",
    "find3words",
    "geo:",
    "streetview",
    "mapcarta",
    "citymapper",
)


def load(own: Sequence[str] = ()) -> Detector:
    """`own` are the domains that may be linked to."""
    domains = tuple(entry.casefold() for entry in own)

    def is_map(match: re.Match[str]) -> bool:
        return any(mark in match[0].casefold() for mark in _MAPS)

    def is_other(match: re.Match[str]) -> bool:
        return not is_map(match) and _domain(match[0]) not in domains

    return Patterns(
        [
            Pattern("map link", Label.LINK, _LINK, hard=True, check=is_map),
            Pattern("link", Label.LINK, _LINK, check=is_other),
            Pattern("file name", Label.LINK, _FILE),
        ]
    )


def _domain(link: str) -> str:
    host = re.sub(r"^https?://", "", link.casefold()).split("/")[0].split("?")[0].split(":")[0]
    return host.removeprefix("www.").rstrip(".,;!)")
