"""The word lists of config/policy/: nothing twice, nothing that could never be found, none that one language lacks."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pytest

from moderation import jigsaw
from moderation.normalise import look_at, plain
from moderation.policy import GENERAL, TOLD, Policy, PostKind, Rule
from tests.moderation.text import CONFIG, harmless

LANGUAGES = ("en", "es", "fr")
OF_ONE_LANGUAGE = {
    **{name: {"fr"} for name in ("fr suspect", "suspect described", "prosecutor reference", "protected minor")},
    **{name: {"en"} for name in ("not domestic", "not trafficking", "not suicide")},
    **{name: {"es"} for name in ("not control room", "not minors", "units called")},
}
"""The press law of one country, and words that mean something else in one language ("domestic flight")."""
BY_NAME = jigsaw.BEFORE | {"looking back", GENERAL, TOLD, "harmed", "harmed animal", "charged", "institution"}
"""Lists asked for by their names: by the jigsaw, to tell advice from news, and for what is a name that stays hidden."""

POLICY = Policy.load(CONFIG / "policy")
RULES = (*POLICY.rules, *(rule for rules in POLICY.overlays.values() for rule in rules))


def lists(language: str) -> Mapping[str, Sequence[str]]:
    return tomllib.loads((CONFIG / "policy" / "lexicons" / f"{language}.toml").read_text("utf-8"))


def everywhere() -> Iterator[tuple[str, Sequence[str]]]:
    """Every list of phrases or words with its name: lexicons, rude words, what detectors know."""
    for language in LANGUAGES:
        yield from ((f"{language} {name}", phrases) for name, phrases in lists(language).items())
    rude = tomllib.loads((CONFIG / "policy" / "profanity" / "words.toml").read_text("utf-8"))
    yield "allowed", rude["allowed"]
    yield from rude["more"].items()
    detectors = tomllib.loads((CONFIG / "policy" / "detectors.toml").read_text("utf-8"))
    yield "capitals", detectors["capitals"]["known"]
    yield from ((f"reading {name}", detectors["models"]["reading"][name]) for name in ("known", "asked"))


def choices(phrase: str) -> list[str]:
    """The words of which one has to stand, where that is all a phrase says."""
    return [] if " " in phrase else phrase.split("|")


def named(rule: Rule) -> set[str]:
    """The lists that a rule names."""
    given = (*rule.any_of, *rule.all_of, *rule.unless, *rule.cut)
    return {name for choice in given for name in choice.split("|")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_lists(language: str) -> None:
    every = {name for one in LANGUAGES for name in lists(one)}
    assert set(lists(language)) == {name for name in every if language in OF_ONE_LANGUAGE.get(name, LANGUAGES)}


def test_every_list_is_asked_for() -> None:
    asked = {name for rule in RULES for name in named(rule)} | BY_NAME
    every = {name for language in LANGUAGES for name in lists(language)}
    rest = {name for name in every - asked if not name.startswith("kind ")}
    assert rest == {name for name in rest if name.startswith("not ") and name.removeprefix("not ") in every}
    assert {name.removeprefix("kind ") for name in every if name.startswith("kind ")} <= set(PostKind)


def test_nothing_stands_in_a_list_twice() -> None:
    assert sum(len(phrases) for _, phrases in everywhere()) > 1000
    for name, phrases in everywhere():
        words = [word for phrase in phrases for word in choices(phrase)]
        assert [phrase for phrase, times in Counter(phrases).items() if times > 1] == [], name
        assert [word for word, times in Counter(words).items() if times > 1] == [], name


def test_no_choice_is_given_twice() -> None:
    for name, phrases in everywhere():
        parts = [part.rstrip("?").split("|") for phrase in phrases for part in phrase.split()]
        assert [part for part in parts if len(part) != len(set(part))] == [], name


def test_no_word_stands_beside_its_own_beginning() -> None:
    """A word that another entry covers ("ticketed" beside "ticket*") says nothing."""
    for name, phrases in everywhere():
        words = {word for phrase in phrases for word in choices(phrase)}
        stems = tuple(word[:-1] for word in words if word.endswith("*"))
        covered = [w for w in words if any(w.rstrip("*").startswith(s) and w != f"{s}*" for s in stems)]
        assert covered == [], name


def test_phrases_are_written_as_they_are_looked_for() -> None:
    for name, phrases in everywhere():
        assert [phrase for phrase in phrases if phrase != " ".join(plain(phrase).split())] == [], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_that_decides_alone_stands_in_a_harmless_post(language: str) -> None:
    alone = {
        name
        for rule in RULES
        if not rule.all_of and not rule.unless and rule.kinds == frozenset(PostKind)
        for name in rule.any_of
    }
    assert len(alone) > 20
    found = [hit.name for post in harmless(language) for hit in POLICY.hits(look_at(post).folded, [language])]
    assert sorted(alone.intersection(found)) == []
