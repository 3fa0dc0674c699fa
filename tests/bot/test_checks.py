import re
import shutil
import tomllib
from pathlib import Path

import pytest

from bot import checks, settings, wiring
from bot.checks import Found
from bot.inbox import InboxItem, InboxState
from bot.settings import Settings, SettingsWrong
from moderation import detection
from moderation.redaction import DETECTORS
from moderation.template import Template, content_of
from shifts.database import Database, utc_now
from shifts.words import Words

CONFIG = Path(__file__).parents[2] / "config"
WORDS = Words.load(CONFIG / "languages")
LANGUAGE = "es"


@pytest.fixture
def loaded(tmp_path: Path) -> Settings:
    """The rehearsal's settings, with files of their own that a test may break."""
    places = tmp_path / "config"
    shutil.copytree(CONFIG, places, ignore=shutil.ignore_patterns("models", "migrations"))
    plain = settings.load(CONFIG / "rehearsal" / "patrol.toml", tmp_path, {})
    return plain.model_copy(update={"files": plain.files.model_copy(update={"places": places})})


def look(loaded: Settings) -> Found:
    found = Found(WORDS, LANGUAGE)
    checks._files(loaded, found)
    return found


def test_what_is_in_place_is_said_in_the_language_of_the_force(loaded: Settings) -> None:
    found = look(loaded)
    assert found.wrong == []
    assert WORDS.say("check.areas", LANGUAGE, n=7) in found.fine
    assert len(found.fine) == 5


@pytest.mark.parametrize(
    ("file", "key", "broken"),
    [
        ("templates.toml", "templates_wrong", "[emergency]\n"),
        ("templates.toml", "templates_wrong", "=\n"),
        ("triage/rules.toml", "triage_wrong", "rules = 1\n"),
        ("policy/signs.toml", "signs_wrong", "["),
        ("areas.geojson", "areas_wrong", "{}"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(loaded: Settings, file: str, key: str, broken: str) -> None:
    (loaded.files.places / file).write_text(broken, "utf-8")
    found = look(loaded)
    beginning = WORDS.say(f"check.{key}", LANGUAGE, why="…").partition("…")[0]
    assert [sentence.startswith(beginning) for sentence in found.wrong] == [True]


def test_a_roster_without_those_who_deal_with_danger_and_tips_is_refused_where_the_public_answers(
    loaded: Settings, tmp_path: Path
) -> None:
    lines = loaded.files.roster.read_text("utf-8").splitlines()
    none = [re.sub(r'"(control|inspector|tips)"', '"press"', line) for line in lines]
    (tmp_path / "roster.toml").write_text("\n".join(none), "utf-8")
    files = loaded.files.model_copy(update={"roster": tmp_path / "roster.toml"})
    without = loaded.model_copy(update={"files": files})
    own = {name: table for name, table in loaded.networks.items() if name == "timeline"}
    for one, wrong in (
        (loaded, []),
        (without, ["nobody_rings", "nobody_tips"]),
        (without.model_copy(update={"networks": own}), []),
    ):
        found = Found(WORDS, LANGUAGE)
        checks._adapters(one, found)
        assert found.wrong == [WORDS.say(f"check.{key}", LANGUAGE) for key in wrong]


async def test_what_nobody_could_handle_is_said(sqlite_database: Database) -> None:
    given_up = {"app": "chat", "item": "i", "chat": "c", "state": InboxState.FAILED, "payload": b"x"}
    async with sqlite_database.transaction() as session:
        session.add(InboxItem.model_validate({**given_up, "received_at": utc_now()}))
    found = Found(WORDS, LANGUAGE)
    await checks._given_up(sqlite_database, found)
    assert found.wrong == [WORDS.say("check.given_up", LANGUAGE, n=1)]


async def test_that_the_models_are_off_is_said(loaded: Settings) -> None:
    off = loaded.model_copy(update={"moderation": loaded.moderation.model_copy(update={"models": False})})
    found = Found(WORDS, LANGUAGE)
    await checks._text_detectors(off, found)
    assert found.fine[0] == WORDS.say("check.text_models_off", LANGUAGE)


async def test_a_model_that_is_missing_and_a_detector_that_is_off_are_said(loaded: Settings) -> None:
    found = Found(WORDS, LANGUAGE)
    chosen = loaded.moderation.model_copy(update={"models": True, "detectors": {"plates": False, "phones": True}})
    await checks._text_detectors(loaded.model_copy(update={"moderation": chosen}), found)
    assert found.fine == [WORDS.say("check.detectors_off", LANGUAGE, names="plates")]
    assert found.wrong == [WORDS.say("check.text_models_missing", LANGUAGE)]


def test_a_detector_that_is_not_there_is_refused_at_the_start(loaded: Settings) -> None:
    chosen = loaded.moderation.model_copy(update={"detectors": {"mind_reading": True}})
    with pytest.raises(SettingsWrong, match="mind_reading"):
        wiring.detectors_off(loaded.model_copy(update={"moderation": chosen}))


def test_the_configuration_names_every_detector() -> None:
    chosen = tomllib.loads((CONFIG / "patrol.toml").read_text("utf-8"))["moderation"]["detectors"]
    assert set(chosen) == detection.names(CONFIG / DETECTORS)
    assert all(chosen.values())


async def test_a_jurisdiction_that_has_no_rules_is_refused_at_the_start_and_said(loaded: Settings) -> None:
    for written in (("uk", "ukk", "US-CA"), ("signs",)):
        chosen = loaded.moderation.model_copy(update={"overlays": written})
        misspelt = loaded.model_copy(update={"moderation": chosen})
        wrong = [name for name in written if name in ("ukk", "signs")]
        known = "es, fr, uk, us, us_ca, us_fl"
        assert look(misspelt).wrong == [
            WORDS.say("check.overlay_unknown", LANGUAGE, names=", ".join(wrong), known=known)
        ]
        with pytest.raises(SettingsWrong, match=rf"{wrong[0]}; there are {known}"):
            async with wiring.open_program(misspelt, alone=True):
                raise AssertionError("it started")


def test_a_fixed_text_that_the_last_look_would_refuse_is_said(loaded: Settings) -> None:
    text = {"en": "Ring 07700 900123 for help."}
    approval = f'by = "press-1", on = 2026-11-01, content = "{content_of(Template("call", text))}"'
    lines = f'[call]\ntext = {{ en = "{text["en"]}" }}\napproval = {{ {approval} }}\n'
    (loaded.files.places / "templates.toml").write_text(lines, "utf-8")
    (sentence,) = look(loaded).wrong
    assert "call (en)" in sentence
