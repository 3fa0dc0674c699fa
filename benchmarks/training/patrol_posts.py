"""Invented posts of patrols, so that the model learns which words are ordinary on patrol: none of them was ever sent.

A line of patrol/<language>.txt is a pattern: (one|of|these); {name} and {place} are drawn from config/names."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "patrol"
NAMES = Path(__file__).parents[2] / "config" / "names"
POSTS = 450
"""Posts a language."""
_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(name|place)\}")


def posts(language: str) -> list[dict[str, Any]]:
    """Rows like those of the annotated corpora."""
    chance = random.Random(language)
    patterns = (FOLDER / f"{language}.txt").read_text("utf-8").splitlines()
    first, last = _words("first.txt"), _words("last.txt")
    towns = [line.split(" ", 1)[1] for line in _words("places.txt") if line[0] in "SM"]
    draw: dict[str, Callable[[], str]] = {
        "name": lambda: " ".join(chance.choice(each).title() for each in (first, last)[: chance.choice((1, 2, 2))]),
        "place": lambda: chance.choice(towns).title(),
    }
    return [_post(patterns[i % len(patterns)], language, i, chance, draw) for i in range(POSTS)]


def _post(
    pattern: str, language: str, number: int, chance: random.Random, draw: dict[str, Callable[[], str]]
) -> dict[str, Any]:
    chosen = _CHOICE.sub(lambda match: chance.choice(match[1].split("|")), pattern)
    text, spans, at = "", [], 0
    for slot in _SLOT.finditer(chosen):
        text += chosen[at : slot.start()]
        word, label = draw[slot[1]](), "PERSON" if slot[1] == "name" else "LOCATION"
        spans.append({"start": len(text), "end": len(text) + len(word), "label": label})
        text, at = text + word, slot.end()
    return {"id": f"patrol-{number}", "lang": language, "text": text + chosen[at:], "spans": spans}


def _words(file: str) -> list[str]:
    return [line for line in (NAMES / file).read_text("utf-8").splitlines() if line and not line.startswith("#")]
