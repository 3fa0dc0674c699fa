from pathlib import Path

import pytest

from moderation.edited import adds_facts
from shifts.words import Words

WORDS = Words.load(Path(__file__).parents[2] / "config" / "languages")
BEFORE = {
    "en": "Quiet start to the night. We stopped a van and the driver was reported.",
    "es": "Inicio de noche tranquilo. Paramos una furgoneta y denunciamos al conductor.",
    "fr": "Début de nuit calme. Nous avons arrêté une camionnette et verbalisé le conducteur.",
}


@pytest.mark.parametrize(
    ("language", "after"),
    [
        ("en", "Quiet start. We stopped a van and reported its driver."),
        ("en", "We stopped a van. The driver was reported."),
        ("es", "Noche tranquila. Paramos una furgoneta y denunciamos al conductor."),
        ("fr", "Nuit calme. Nous avons arrêté une camionnette et verbalisé son conducteur."),
    ],
)
def test_an_edit_that_takes_away_or_says_it_better_adds_nothing(language: str, after: str) -> None:
    assert not adds_facts(BEFORE[language], after, WORDS, language)


@pytest.mark.parametrize(
    ("language", "after"),
    [
        ("en", f"{BEFORE['en']} 3 people were hurt."),
        ("en", BEFORE["en"].replace("a van", "two van")),
        ("en", BEFORE["en"].replace("was reported", "was not reported")),
        ("en", BEFORE["en"].replace("a van", "a van on Harbour Road")),
        ("en", "The robbery suspect who fled from police yesterday evening has finally been caught."),
        ("es", BEFORE["es"].replace("una furgoneta", "tres furgoneta")),
        ("es", BEFORE["es"].replace("y denunciamos", "y no denunciamos")),
        ("es", BEFORE["es"].replace("una furgoneta", "una furgoneta en la Calle Coral")),
        ("fr", BEFORE["fr"].replace("une camionnette", "trois camionnette")),
        ("fr", BEFORE["fr"].replace("Nous avons", "Nous n’avons pas")),
        ("fr", BEFORE["fr"].replace("le conducteur", "le conducteur, Paul,")),
    ],
)
def test_a_number_a_name_a_negation_or_another_text_is_more_than_was_written(language: str, after: str) -> None:
    assert adds_facts(BEFORE[language], after, WORDS, language)
