"""The detectors that are on, asked one after another; one that fails is named, never taken for clean."""

import importlib
import inspect
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moderation.detector import Detector
from moderation.finding import Finding
from shifts.areas import Areas


class DetectorUnknown(Exception):
    """The configuration names a detector that is not there, or settings that it does not take."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What all detectors found, and the names of those that could not look."""

    findings: tuple[Finding, ...]
    failed: tuple[str, ...] = ()


class Detection:
    """Detectors by name."""

    def __init__(self, detectors: Mapping[str, Detector]) -> None:
        self._detectors = dict(detectors)

    @classmethod
    def load(cls, file: Path, areas: Areas) -> "Detection":
        """Load every detector that `file` has a table for, with the table as its settings. Raises DetectorUnknown."""
        tables = tomllib.loads(file.read_text("utf-8"))
        config = file.parent.parent
        return cls(
            {name: _load(name, settings, {"areas": areas, "config": config}) for name, settings in tables.items()}
        )

    def find(self, folded: str, language: str) -> Detected:
        """Ask every detector about a folded text."""
        found: list[Finding] = []
        failed: list[str] = []
        for name, detector in self._detectors.items():
            try:
                found += detector.find(folded, language)
            except Exception:  # noqa: BLE001 - a fault in one detector holds the post; its message may hold words of it
                failed.append(name)
        return Detected(tuple(_sound([_trimmed(folded, f) for f in found], len(folded))), tuple(failed))


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
