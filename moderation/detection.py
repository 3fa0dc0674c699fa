"""The detectors that are on, asked one after another; one that fails is named, never taken for clean."""

import importlib
import inspect
import logging
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moderation.compact import compact
from moderation.detector import Detector, DetectorFailed
from moderation.finding import Finding
from shifts.areas import Areas

_MODELS = "models"
"""The table of detectors.toml whose tables are detectors that load a model."""

_NAMED_BEHIND = frozenset({"flat", "school", "worship", "hospital"})
"""Rules of a common noun with a name or a letter behind it."""

_log = logging.getLogger(__name__)


class DetectorUnknown(Exception):
    """The configuration names a detector that is not there, or settings that it does not take."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What all detectors found, and the names of those that could not look."""

    findings: tuple[Finding, ...]
    failed: tuple[str, ...] = ()


class Missing:
    """Stands for a detector whose model could not be loaded: it fails for every text, so every post is held."""

    def find(self, text: str, language: str) -> Sequence[Finding]:
        raise DetectorFailed("the model of this detector could not be loaded")


class Detection:
    """Detectors by name: `rules` know all that is hard and cost little, `models` are loaded by one process alone.

    One that is `off` proposes nothing, but the last look asks every rule: what is hard never leaves, whoever chose
    what; such a post is blocked, not cleaned."""

    def __init__(
        self, rules: Mapping[str, Detector], models: Mapping[str, Detector] | None = None, off: Collection[str] = ()
    ) -> None:
        self._rules = dict(rules)
        self._proposing = {**{name: rule for name, rule in rules.items() if name not in off}, **(models or {})}

    @classmethod
    def load(cls, file: Path, areas: Areas, *, models: bool, off: Collection[str] = ()) -> "Detection":
        """Load every detector that `file` has a table for, with the table as its settings; those below [models] only
        with `models`, and if they are not `off`. One whose model is missing is said in the log and fails from then on.
        Raises DetectorUnknown."""
        tables, with_models = _tables(file)
        if strange := set(off) - set(tables) - set(with_models):
            raise DetectorUnknown(f"there is no detector called {', '.join(sorted(strange))}")
        known = {"areas": areas, "config": file.parent.parent}
        return cls(
            {name: _load(name, settings, known) for name, settings in tables.items()},
            {
                name: _load_or_miss(name, settings, known)
                for name, settings in with_models.items()
                if models and name not in off
            },
            off,
        )

    def find(self, folded: str, language: str) -> Detected:
        """Ask every detector that is on about a folded text."""
        return self._asked(self._proposing, folded, language)

    def find_by_rule(self, folded: str, language: str) -> Detected:
        """Ask the rules alone, which find everything that is hard; also those that are off."""
        return self._asked(self._rules, folded, language)

    def _asked(self, detectors: Mapping[str, Detector], folded: str, language: str) -> Detected:
        """Rules are asked a second time where something stands between the words: it must not hide a card number."""
        found = _asked(detectors, folded, language)
        close = compact(folded)
        if close is None:
            return found
        rules = {name: rule for name, rule in detectors.items() if name in self._rules}
        again = _asked(rules, close.text, language)
        there = [(f, *close.there(f.start, f.end)) for f in again.findings]
        across = [
            replace(f, start=s, end=e)
            for f, s, e in there
            if (f.hard or folded[s:e] != close.text[f.start : f.end]) and not _is_of_two_lines(f, folded[s:e])
        ]
        return Detected(
            tuple(_sound([*found.findings, *across], len(folded))), tuple(dict.fromkeys([*found.failed, *again.failed]))
        )


def names(file: Path) -> frozenset[str]:
    """The detectors that `file` has a table for."""
    tables, with_models = _tables(file)
    return frozenset({*tables, *with_models})


def _tables(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of the detectors that are rules, and of those that load a model."""
    tables = tomllib.loads(file.read_text("utf-8"))
    with_models: dict[str, Any] = tables.pop(_MODELS, {})
    return tables, with_models


def _is_of_two_lines(finding: Finding, words: str) -> bool:
    """ "Leave them room", and the next line begins with "A": no number of a room."""
    return finding.rule in _NAMED_BEHIND and re.search(r"\n\s*[A-ZÀ-Þ]", words) is not None


def _asked(detectors: Mapping[str, Detector], folded: str, language: str) -> Detected:
    found: list[Finding] = []
    failed: list[str] = []
    for name, detector in detectors.items():
        try:
            found += detector.find(folded, language)
        except Exception:  # noqa: BLE001 - a fault in one detector holds the post; its message may hold words of it
            failed.append(name)
    return Detected(tuple(_sound([_trimmed(folded, f) for f in found], len(folded))), tuple(failed))


def _load_or_miss(name: str, settings: Mapping[str, Any], known: Mapping[str, object]) -> Detector:
    try:
        return _load(name, settings, known)
    except DetectorFailed as failed:
        _log.error("a model is missing, every post is held for a person: %s", failed)
        return Missing()


def _load(name: str, settings: Mapping[str, Any], known: Mapping[str, object]) -> Detector:
    try:
        load = importlib.import_module(f"moderation.detectors.{name}").load
    except ModuleNotFoundError as missing:
        raise DetectorUnknown(f"there is no detector called {name}") from missing
    wanted = inspect.signature(load).parameters
    given = {name: value for name, value in known.items() if name in wanted}
    if set(settings) - set(wanted):
        raise DetectorUnknown(f"the detector {name} has no setting {', '.join(sorted(set(settings) - set(wanted)))}")
    detector: Detector = load(**{**given, **settings})
    return detector


def _trimmed(folded: str, finding: Finding) -> Finding:
    """A finding without the marks and spaces behind its last word: they belong to the sentence."""
    end = finding.start + len(folded[finding.start : finding.end].rstrip(" .,;:"))
    return replace(finding, end=end) if finding.end <= len(folded) else finding


def _sound(findings: Iterable[Finding], length: int) -> Iterable[Finding]:
    return sorted(
        {f for f in findings if 0 <= f.start < f.end <= length},
        key=lambda f: (f.start, -f.end, f.label, f.rule),
    )
