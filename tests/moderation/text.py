"""What the tests of texts share: one redactor, and the samples."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from moderation.redaction import Context, Redacted, Redactor
from shifts.words import Words

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
SAMPLES = ROOT / "tests" / "samples"
POLICY_EXAMPLES = ROOT.parent / "shared" / "data" / "policy_examples.jsonl"
PLAN_DAY = "2026-11-21"


@cache
def redactor() -> Redactor:
    return Redactor.load(CONFIG, Words.load(CONFIG / "languages"), secret=b"a secret of the tests", models=False)


def redact(text: str, **known: Any) -> Redacted:
    return redactor().redact(text, Context(**known))


def json_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def harmless(language: str) -> list[str]:
    return (SAMPLES / f"harmless_{language}.txt").read_text("utf-8").splitlines()
