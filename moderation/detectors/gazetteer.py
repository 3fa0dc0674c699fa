"""The force's own streets and places, in their usual short forms; accents and case do not matter."""

from collections.abc import Sequence

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.lexicon import Lexicon
from moderation.normalise import fold, plain
from shifts.areas import Areas, Place, PlaceKind

# Each group is one word in several spellings.
_SPELLINGS = (
    "road rd",
    "street st str",
    "lane ln",
    "avenue avenida avda ave av",
    "close cl",
    "drive dr",
    "square sq",
    "court ct",
    "bridge br",
    "parade pde",
    "terrace terr",
    "calle c cl",
    "plaza plza pza pl",
    "paseo po pso",
    "rue r",
    "boulevard bulevar bd bld blvd",
    "place pl",
    "saint st",
    "san s",
    "ronda rda",
)
_LINKS = frozenset("de del la las los le les l d du des el the".split())


def load(areas: Areas) -> Detector:
    return Gazetteer(areas)


class Gazetteer:
    def __init__(self, areas: Areas) -> None:
        self._places = areas.places
        self._lexicon = Lexicon({str(i): [_phrase(place)] for i, place in enumerate(areas.places)})

    def find(self, text: str, language: str) -> Sequence[Finding]:
        return [self._finding(int(hit.name), hit.start, hit.end) for hit in self._lexicon.hits(text)]

    def _finding(self, place: int, start: int, end: int) -> Finding:
        known = self._places[place]
        rule = "gazetteer street" if known.kind is PlaceKind.STREET else "gazetteer place"
        return Finding(start, end, Label.LOCATION, Action.MASK, rule, area=known.area)


def _phrase(place: Place) -> str:
    words = plain(fold(place.name)).replace(".", " ").replace("'", " ").split()
    return " ".join(f"{word}?" if i and word in _LINKS else _spellings(word) for i, word in enumerate(words))


def _spellings(word: str) -> str:
    group = next((group.split() for group in _SPELLINGS if word in group.split()), [word])
    return "|".join(dict.fromkeys([word, *group]))
