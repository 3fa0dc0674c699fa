"""The weight files of the photo detectors: read out of installed packages, known by their hash, never imported."""

import ast
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import onnxruntime

from moderation.detector import DetectorFailed


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight file: `path` inside the installed `package`, and the SHA-256 (hex) of the model that it holds."""

    package: str
    path: str
    sha256: str


def located(package: str, path: str) -> Path:
    """Where a file of an installed package lies. Raises DetectorFailed if the package is not installed."""
    try:
        return Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError as error:
        raise DetectorFailed(f"{package} is not installed, and holds the weights of a photo detector") from error


def read(weights: Weights, locate: Callable[[str, str], Path] = located) -> bytes:
    """The model, as it was when it was measured. Raises DetectorFailed if it is missing or is another one."""
    path = locate(weights.package, weights.path)
    try:
        found = path.read_bytes()
    except OSError as error:
        raise DetectorFailed(f"the weights in {weights.package} cannot be read") from error
    model = _literal(found, weights) if path.suffix == ".py" else found
    if hashlib.sha256(model).hexdigest() != weights.sha256:
        raise DetectorFailed(f"the weights in {weights.package} are not the ones that were measured")
    return model


def _literal(source: bytes, weights: Weights) -> bytes:
    """The longest bytes literal of a Python file, which is read and never run."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise DetectorFailed(f"the weights in {weights.package} cannot be read") from error
    literals = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return max((literal for literal in literals if isinstance(literal, bytes)), key=len, default=b"")


def session(model: bytes) -> onnxruntime.InferenceSession:
    """A model ready to run on one thread. Without the arena, memory falls back after a large picture."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own classes, all of them straight under Exception
        raise DetectorFailed("the weights of a photo detector cannot be loaded") from error
