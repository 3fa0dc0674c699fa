"""Which language a post is in: by its small words first, by py3langid where those do not tell."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final

from moderation.lexicon import sentences_of, words_of

KNOWN: Final = ("en", "es", "fr")
_SMALL_WORDS: Final = {
    "en": frozenset(
        "the and of to in is on for with was are be this that at by from it he she we you they not but has have had "
        "been our your his her their an off out up all no if who what when now please tonight near stopped "
        "a its i s t re ll ve one two reported leave road street car driver man woman slow lost found thanks".split()
    ),
    "es": frozenset(
        "el la los las de del y en un una que por para con se al lo su sus es son ha han hemos esta este no mas muy "
        "nos les le ya esta noche si como pero sin sobre entre hasta cuando todo hoy "
        "a os nuestro nuestra gracias coche agua despacio calle hora noche tras cuidado precaucion unos unas".split()
    ),
    "fr": frozenset(
        "le la les de du des et en un une que qui pour par avec se au aux sur est sont ont nous vous il elle ne pas "
        "ce cette dans ou mais son sa ses leur l d c j n qu ete chez ici "
        "a homme femme jeune soir nuit tout sans ils encore cet notre nos tres quel voiture rien".split()
    ),
}

_FEW: Final = 3
"""Words in which no language may speak at all."""
_LETTERS: Final = {"es": frozenset("ñ¿¡áíóúÁÍÓÚÑ"), "fr": frozenset("èêçàùœâîôûëÈÊÇÀ")}


def warm() -> None:
    """Load the model now, so that no post waits for it."""
    _model()


def detect(folded: str, otherwise: str = "en") -> str:
    """The language of a folded text, one of KNOWN; `otherwise` where there is nothing to tell by, or only a few
    words that are of no language."""
    counts = _counts(folded)
    best, second = sorted(counts.values(), reverse=True)[:2]
    if best > second:
        return max(counts, key=lambda language: counts[language])
    if len(words_of(folded)) <= _FEW:
        return otherwise
    return _by_model(folded[:400]) if any(letter.isalpha() for letter in folded[:400]) else otherwise


def spoken(folded: str, declared: str) -> tuple[str, ...]:
    """The languages whose word lists to look with: the declared one and any that the small words speak for; all of
    KNOWN in a few words without any."""
    counts = _counts(folded)
    most = max(counts.values())
    if not most and len(words_of(folded)) <= _FEW:
        return tuple(dict.fromkeys([declared, *KNOWN]))
    heard = [language for language, count in counts.items() if count and count == most]
    return tuple(dict.fromkeys([declared, *heard]))


def spoken_besides(folded: str, heard: Collection[str]) -> dict[str, set[int]]:
    """The other languages of KNOWN that single sentences of a text of several speak, each with their numbers; all of
    them in a sentence in which no small word speaks."""
    found: dict[str, set[int]] = {}
    sentences = sentences_of(folded)
    for i, (start, end) in enumerate(sentences if len(sentences) > 1 else ()):
        counts = _counts(folded[start:end])
        most = max(counts.values())
        for language in (one for one, count in counts.items() if count == most and one not in heard):
            found.setdefault(language, set()).add(i)
    return found


@lru_cache(maxsize=128)
def _counts(folded: str) -> dict[str, int]:
    words = [word.text for word in words_of(folded)][:200]
    counts = {language: sum(word in small for word in words) for language, small in _SMALL_WORDS.items()}
    for language, letters in _LETTERS.items():
        counts[language] += sum(letter in letters for letter in folded[:400])
    return counts


@lru_cache(maxsize=256)
def _by_model(text: str) -> str:
    return str(_model().classify(text)[0])


@lru_cache(maxsize=1)
def _model() -> Any:
    """The model of py3langid for KNOWN alone; loaded by the first text that needs it."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages(list(KNOWN))
    return model
