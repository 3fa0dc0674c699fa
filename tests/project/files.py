"""The project's own files, for the tests that read them."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("bot", "moderation", "shifts")
GENERATED = {".venv", "build", "data"}


def modules() -> list[Path]:
    """Every module of the program itself."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Every module with its name within the project and what it says."""
    for path in modules():
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def documents() -> list[Path]:
    return sorted(path for path in ours() if path.suffix == ".md")


def ours() -> list[Path]:
    """The files under version control; where there is no git, every file outside the folders that tools make."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _made_by_a_tool(path)]


def _made_by_a_tool(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part in GENERATED or part.endswith(("cache", ".egg-info", "__pycache__")) for part in parts)
