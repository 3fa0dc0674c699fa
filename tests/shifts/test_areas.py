"""Areas and the gazetteer of the Port Alba force."""

from pathlib import Path

import pytest

from shifts.areas import Areas, AreasWrong

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def areas() -> Areas:
    return Areas.load(CONFIG)


def test_port_alba_has_six_districts_under_one_town(areas: Areas) -> None:
    assert areas.town is not None
    assert areas.town.id == "port_alba"
    assert [area.id for area in areas.all] == [
        "old_town",
        "riverside",
        "the_sands",
        "st_elmo",
        "station_quarter",
        "north_park",
    ]


@pytest.mark.parametrize(
    ("area", "language", "name", "sentence"),
    [
        ("riverside", "en", "Riverside", "in Riverside"),
        ("riverside", "es", "Ribera", "en Ribera"),
        ("riverside", "fr-FR", "Le Port", "au Port"),
        ("st_elmo", "fr", "Saint-Elme", "à Saint-Elme"),
        ("north_park", "de", "North Park", "in North Park"),
    ],
)
def test_an_area_is_named_in_each_language(areas: Areas, area: str, language: str, name: str, sentence: str) -> None:
    assert (areas.public_name(area, language), areas.in_sentence(area, language)) == (name, sentence)


def test_a_point_lies_in_its_district_or_in_the_town_or_nowhere(areas: Areas) -> None:
    assert areas.at(37.505, -34.995) == "old_town"
    assert areas.at(37.505, -34.982) == "riverside"
    assert areas.at(37.533, -34.99) == "port_alba"
    assert areas.at(0.0, 0.0) is None


def test_no_two_districts_share_a_point(areas: Areas) -> None:
    from shapely.geometry import shape

    shapes = [shape(area.shape) for area in areas.all]
    overlaps = [a.intersection(b).area for i, a in enumerate(shapes) for b in shapes[i + 1 :]]
    assert max(overlaps) == 0


def test_two_districts_are_told_as_their_town(areas: Areas) -> None:
    assert areas.common(frozenset({"the_sands", "north_park"})) == "port_alba"
    assert areas.common(frozenset({"the_sands"})) == "the_sands"
    assert areas.common(frozenset()) is None


def test_an_area_is_known_by_its_name_in_any_language(areas: Areas) -> None:
    assert areas.named("RIBERA") == areas.named("le port") == "riverside"
    assert areas.named("Harbour Road") is None


def test_a_gazetteer_with_an_unknown_area_is_refused(tmp_path: Path) -> None:
    (tmp_path / "areas.geojson").write_text('{"features": []}')
    (tmp_path / "gazetteer.toml").write_text('[nowhere]\nstreets = ["Long Lane"]\n')
    with pytest.raises(AreasWrong):
        Areas.load(tmp_path)
