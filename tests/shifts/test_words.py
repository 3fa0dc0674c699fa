from pathlib import Path

from shifts.words import Words

LANGUAGES = Path(__file__).parents[2] / "config" / "languages"


def test_every_language_says_every_sentence_with_the_same_placeholders() -> None:
    assert Words.load(LANGUAGES).missing() == []


def test_a_missing_sentence_and_another_placeholder_are_reported() -> None:
    words = Words({"en": {"a": "{n} posts", "b": "yes"}, "es": {"a": "{m} mensajes"}})
    assert words.missing() == ["es: b is missing", "es: a has other placeholders than English"]


def test_a_region_falls_back_to_its_language_and_an_unknown_language_to_english() -> None:
    words = Words({"en": {"a": "paused"}, "es": {"a": "en pausa"}})
    assert (words.say("a", "es-MX"), words.say("a", "pt")) == ("en pausa", "paused")
