"""Areas: districts with a public name, what lies in them, and the town above them."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

FIRST_LANGUAGE = "en"


class AreasWrong(Exception):
    """areas.geojson and gazetteer.toml do not fit each other."""


class PlaceKind(StrEnum):
    """A STREET may stand in a traffic post, a PLACE (a building, a venue) may not."""

    STREET = "street"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Place:
    """A street or place of the gazetteer and the id of its area."""

    name: str
    area: str
    kind: PlaceKind


@dataclass(frozen=True, slots=True)
class Area:
    """One district. `names` and `sentences` ("in Riverside") by language; `parent` is the id of the town."""

    id: str
    parent: str | None
    names: Mapping[str, str]
    sentences: Mapping[str, str]
    shape: Mapping[str, Any]


class Areas:
    """The areas of a force and its gazetteer."""

    def __init__(self, areas: Mapping[str, Area], places: tuple[Place, ...]) -> None:
        self._areas = dict(areas)
        self.places = places
        unknown = {place.area for place in places} - set(areas)
        if unknown:
            raise AreasWrong(
                "gazetteer.toml names areas that areas.geojson does not have: " + ", ".join(sorted(unknown))
            )

    @classmethod
    def load(cls, folder: Path) -> "Areas":
        """Read `areas.geojson` and `gazetteer.toml` of a folder. Raises AreasWrong."""
        features = json.loads((folder / "areas.geojson").read_text("utf-8"))["features"]
        areas = {area.id: area for area in map(_area, features)}
        gazetteer = tomllib.loads((folder / "gazetteer.toml").read_text("utf-8"))
        return cls(areas, tuple(place for area, lists in gazetteer.items() for place in _places(area, lists)))

    @property
    def all(self) -> tuple[Area, ...]:
        """The districts, in the order of the file; without the town above them."""
        return tuple(area for area in self._areas.values() if area.parent is not None)

    @property
    def every(self) -> tuple[Area, ...]:
        """The districts and the town."""
        return tuple(self._areas.values())

    @property
    def town(self) -> Area | None:
        """The area above all others."""
        return next((area for area in self._areas.values() if area.parent is None), None)

    def public_name(self, area: str, language: str) -> str:
        """The name that the public reads ("Riverside"). Raises KeyError for an unknown area."""
        return _in_language(self._areas[area].names, language)

    def in_sentence(self, area: str, language: str) -> str:
        """The name as it stands in a sentence, with its preposition ("in Riverside", "au Port")."""
        return _in_language(self._areas[area].sentences, language)

    def public_names(self) -> frozenset[str]:
        """Every area's name in every language, and the town's."""
        return frozenset(name for area in self._areas.values() for name in area.names.values())

    def named(self, name: str) -> str | None:
        """The id of the area with this public name, in any language and case."""
        wanted = name.casefold()
        for area in self._areas.values():
            if any(wanted == known.casefold() for known in area.names.values()):
                return area.id
        return None

    def common(self, areas: frozenset[str]) -> str | None:
        """The one area that stands for several: itself for one, the parent they share for more, None for none."""
        if len(areas) <= 1:
            return next(iter(areas), None)
        parents = {self._areas[area].parent or area for area in areas}
        return parents.pop() if len(parents) == 1 else None

    def knows(self, area: str) -> bool:
        return area in self._areas

    def at(self, latitude: float, longitude: float) -> str | None:
        """The id of the district at a point in decimal degrees (WGS 84); the town if it is in no district; or None."""
        from shapely.geometry import Point

        point = Point(longitude, latitude)
        inside = [area for area, shape in self._shapes.items() if shape.covers(point)]
        districts = [area for area in inside if self._areas[area].parent is not None]
        return next(iter(districts or inside), None)

    @cached_property
    def _shapes(self) -> "dict[str, BaseGeometry]":
        from shapely.geometry import shape

        return {area.id: shape(area.shape) for area in self._areas.values()}


def _area(feature: Mapping[str, Any]) -> Area:
    known = feature["properties"]
    return Area(known["id"], known["parent"], known["name"], known["in"], feature["geometry"])


def _places(area: str, lists: Mapping[str, list[str]]) -> list[Place]:
    streets = [Place(name, area, PlaceKind.STREET) for name in lists.get("streets", [])]
    return streets + [Place(name, area, PlaceKind.PLACE) for name in lists.get("places", [])]


def _in_language(names: Mapping[str, str], language: str) -> str:
    return names.get(language.split("-")[0].lower(), names[FIRST_LANGUAGE])
