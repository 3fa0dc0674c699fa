import re
from pathlib import Path

import pytest

from tests.project.files import ROOT, documents, ours

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bmake ([a-z][a-z-]*)")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
WANTED = re.compile(r"^([A-Za-z0-9._-]+)", re.MULTILINE)


def inside_code(text: str) -> str:
    """What a document says in code, in lines or in blocks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = [link.split("#")[0] for link in LINK.findall(document.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if link and not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_make_command_that_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(COMMAND.findall(inside_code(document.read_text("utf-8")))) - targets == set()


def test_continuous_integration_calls_commands_that_exist() -> None:
    calls = COMMAND.findall((ROOT / ".ci/run").read_text("utf-8"))
    assert calls == ["system", "check", "test"]


def test_the_procfile_has_one_line_for_each_process() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines())
    assert lines.pop("release") == "tweetpatrol db upgrade"
    processes = {path.stem for path in (ROOT / "bot/processes").glob("*.py") if path.stem != "__init__"}
    assert lines == {name: f"tweetpatrol run {name}" for name in processes}


def test_every_setting_from_the_environment_is_explained() -> None:
    names = {*re.findall(r'"(TWEETPATROL_[A-Z_]+)"', (ROOT / "bot/settings.py").read_text("utf-8"))}
    assert names
    assert {*re.findall(r"TWEETPATROL_[A-Z_]+", (ROOT / "docs/running.md").read_text("utf-8"))} == names


def test_every_place_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    named = re.findall(r"`((?:bot|moderation|shifts|config|tests|docs|benchmarks)/[\w./-]*)`", text)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_folder_of_the_program_is_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    folders = {path.parent for path in ours() if path.suffix == ".py" and path.is_relative_to(ROOT / "bot")}
    folders |= {path.parent for path in ours() if path.suffix == ".py" and path.is_relative_to(ROOT / "moderation")}
    folders |= {path.parent for path in ours() if path.suffix == ".py" and path.is_relative_to(ROOT / "shifts")}
    assert [name for name in sorted(map(name_of, folders)) if f"`{name}/" not in text] == []


def test_a_decision_record_fits_on_one_page() -> None:
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert records
    assert [record.name for record in records if len(record.read_text("utf-8").splitlines()) > 30] == []


def test_no_file_holds_the_address_of_a_package_index() -> None:
    addresses = re.compile("pypi" + r"\.org|pythonhosted" + r"\.org|(extra-)?index" + "-url[ =]*(https?|file):")
    assert [name_of(path) for path in text_files() if addresses.search(path.read_text("utf-8"))] == []


def test_no_file_holds_a_path_of_the_machine_it_was_written_on() -> None:
    paths = re.compile(r"(?<![\w.:/-])/(?:work|root|opt/" + r"pypi)/\w|" + re.escape(str(ROOT)) + "/")
    assert [name_of(path) for path in text_files() if paths.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("kind", ["", "-weights", "-dev"])
def test_everything_that_is_asked_for_is_in_the_lock(kind: str) -> None:
    asked = {plain(name) for name in WANTED.findall((ROOT / f"requirements{kind}.in").read_text("utf-8"))}
    lock = (ROOT / ("requirements-dev.txt" if kind == "-dev" else "requirements.txt")).read_text("utf-8")
    assert asked - {plain(name) for name in PINNED.findall(lock)} == {"-c"} & asked


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def text_files() -> list[Path]:
    return [path for path in ours() if b"\0" not in path.read_bytes()[:4096]]
