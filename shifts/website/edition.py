"""An edition of the website: one language, with its sentences, times, area names and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape
from multidict import MultiMapping

from shifts.shift import Shift
from shifts.website.text import allowed
from shifts.words import Words

MANY_LANGUAGES: Final = 20
"""An Accept-Language header with more parts than this is cut off here."""


class AreaNames(Protocol):
    """What the website asks about areas."""

    def public_name(self, area: str, language: str) -> str:
        """The public name of an area. Raises KeyError for an area that we do not have."""
        ...


@dataclass(frozen=True)
class Edition:
    """`chosen` tells that the reader picked the language by hand: then every link carries it on."""

    language: str
    chosen: bool
    words: Words
    areas: AreaNames
    zone: ZoneInfo

    def say(self, key: str, **fields: object) -> Markup:
        """A sentence of the website, escaped; a field may be Markup."""
        sentence = escape(self.words.say(f"website.{key}", self.language))
        return sentence.format(**fields) if fields else sentence

    def link(self, path: str) -> str:
        """A link within the site."""
        if not self.chosen:
            return path
        return f"{path}{'&' if '?' in path else '?'}lang={self.language}"

    def kind(self, kind: str) -> str:
        """The label of a kind of post; empty for a kind that has none."""
        try:
            return self.words.say(f"website.kind.{kind}", self.language)
        except KeyError:
            return ""

    def area(self, area: str | None) -> str:
        """The public name of an area; empty if it has none any more."""
        try:
            return self.areas.public_name(area, self.language) if area else ""
        except KeyError:
            return ""

    def clock(self, moment: datetime) -> str:
        """The time of day where the force is: 21:14."""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def when(self, moment: datetime) -> str:
        """Day and time where the force is: Sat 21 Nov, 21:14."""
        local = moment.astimezone(self.zone)
        weekday = self.words.say("website.weekdays", self.language).split(",")[local.weekday()]
        month = self.words.say("website.months", self.language).split(",")[local.month - 1]
        fields = {"weekday": weekday, "day": local.day, "month": month, "time": self.clock(moment)}
        return self.words.say("website.when", self.language, **fields)

    def time(self, moment: datetime) -> Markup:
        """The time of day as an HTML element."""
        return Markup('<time datetime="{}">{}</time>').format(self.iso(moment), self.clock(moment))

    def moment(self, moment: datetime) -> Markup:
        """Day and time as an HTML element."""
        return Markup('<time datetime="{}">{}</time>').format(self.iso(moment), self.when(moment))

    def aside(self, name: str) -> Markup:
        """A name whose reading direction must not touch the sentence around it."""
        return Markup("<bdi>{}</bdi>").format(allowed(name))

    def shift_links(self, shifts: Sequence[Shift]) -> Markup:
        """The names of shifts, each a link to its page."""
        link = Markup('<a href="{}"><bdi>{}</bdi></a>')
        return Markup(", ").join(link.format(self.link(f"/shift/{shift.id}"), shift.name) for shift in shifts)

    def language_name(self, language: str) -> str:
        """What a language calls itself."""
        return self.words.say("language.name", language)

    def raw(self, key: str) -> str:
        """A sentence with its placeholders left in, for the script to fill."""
        return self.words.say(f"website.{key}", self.language)

    def iso(self, moment: datetime) -> str:
        """For <time datetime>, with the offset of the force's time zone."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds")


class Editions:
    """All editions there are: each language, chosen by hand or not."""

    def __init__(self, words: Words, areas: AreaNames, zone: ZoneInfo, first: str) -> None:
        self._words = words
        self._first = words.known(first)
        self._all = {
            (language, chosen): Edition(language, chosen, words, areas, zone)
            for language in words.languages
            for chosen in (False, True)
        }
        self._accepted = lru_cache(maxsize=1024)(self._of_header)

    @property
    def languages(self) -> tuple[str, ...]:
        return self._words.languages

    def wanted(self, query: MultiMapping[str], headers: Mapping[str, str]) -> Edition:
        """The edition that ?lang= asks for, else Accept-Language, else the force's first language."""
        language = query.get("lang", "").lower()
        if language in self.languages:
            return self._all[language, True]
        return self._accepted(headers.get("Accept-Language", ""))

    def _of_header(self, header: str) -> Edition:
        ranked = sorted(map(_weighed, header.split(",")[:MANY_LANGUAGES]), key=lambda pair: -pair[1])
        spoken = (language for language, weight in ranked if language in self.languages and weight > 0)
        return self._all[next(spoken, self._first), False]


def _weighed(part: str) -> tuple[str, float]:
    """`es-MX;q=0.8` as ("es", 0.8)."""
    tag, _, quality = part.strip().partition(";q=")
    try:
        weight = float(quality) if quality else 1.0
    except ValueError:
        weight = 0.0
    return tag.split("-")[0].lower(), weight
