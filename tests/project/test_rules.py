import ast
import re
import tomllib
from collections.abc import Iterator

from tests.project.files import ROOT, modules, ours, trees

LONGEST_FUNCTION = 45
LONGEST_MODULE = 400


def test_only_the_settings_read_the_environment() -> None:
    readers = {name for name, tree in trees() for node in ast.walk(tree) if reads_the_environment(node)}
    assert readers <= {"bot/settings.py"}


def reads_the_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv"):
            return True
        case ast.ImportFrom(module="os", names=names):
            return any(name.name in {"environ", "environb", "getenv"} for name in names)
        case _:
            return False


def test_a_function_fits_on_a_screen() -> None:
    long = [(name, function.name) for name, function in functions() if length(function) > LONGEST_FUNCTION]
    assert long == []


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_a_module_is_one_noun_and_not_longer_than_it_may_be() -> None:
    written = [path for path in ours() if path.suffix == ".py" and "migrations" not in path.parts]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in written}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_whoever_silences_a_tool_says_why() -> None:
    silent = re.compile(r"# (noqa|type: ignore)(: [A-Z0-9, ]+|\[[a-z, -]+\])?$", re.MULTILINE)
    written = [path for path in ours() if path.suffix == ".py"]
    assert [path.name for path in written if silent.search(path.read_text("utf-8"))] == []


def test_no_wait_forgets_that_it_was_cancelled() -> None:
    """`asyncio.wait_for` of Python 3.11 does when both come at once, and a loop goes on for ever."""
    waits = [name for name, tree in trees() for node in ast.walk(tree) if forgets_a_cancellation(node)]
    assert waits == []


def forgets_a_cancellation(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "wait_for" and ast.unparse(node.value) == "asyncio"


def test_importing_a_package_runs_nothing() -> None:
    packages = [path for path in modules() if path.name == "__init__.py"]
    assert packages
    assert [path for path in packages if path.read_text("utf-8").strip()] == []


def test_every_root_package_has_chosen_its_layer() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in settings["contracts"] if contract["id"] == "layers")
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages == set(layers) == set(settings["root_packages"])


def test_a_state_is_moved_and_never_assigned() -> None:
    assigned = {name for name, tree in trees() for node in ast.walk(tree) if assigns_a_state(node)}
    assert assigned <= {"shifts/state.py"}


def assigns_a_state(node: ast.AST) -> bool:
    """`post.state = ...`; what an object keeps of itself (`self.state`) is no row."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(
        isinstance(target, ast.Attribute)
        and target.attr == "state"
        and not (isinstance(target.value, ast.Name) and target.value.id == "self")
        for target in targets
    )


def test_shared_code_asks_for_no_adapter_by_name() -> None:
    names = {path.stem for folder in ("chat_apps", "networks") for path in (ROOT / "bot" / folder).glob("*.py")}
    names -= {"__init__"}
    # What an adapter is built from lies in bot/<name>/, or bot/<name>_app/ where a library has that name.
    parts = (f"bot/{name}{ending}/" for name in names for ending in ("", "_app", "_network"))
    own = ("bot/chat_apps/", "bot/networks/", *parts)
    shared = [(name, tree) for name, tree in trees() if not name.startswith(own)]
    # One letter is no asking: it is also a side of a picture, or what a word is masked with.
    asking = [(name, said) for name, tree in shared for said in strings(tree) if len(said) > 1 and said in names]
    # The rehearsal's page is mounted by the composition root; the timeline is also the public page's own noun.
    allowed = {("bot/wiring.py", "rehearsal"), ("bot/cli.py", "rehearsal")}
    assert [found for found in asking if found not in allowed] == []


def test_only_the_composition_root_imports_adapters() -> None:
    adapters = (
        "bot.chat_apps",
        "bot.networks",
        "bot.bluesky",
        "bot.discord_app",
        "bot.mastodon_network",
        "bot.rehearsal",
        "bot.telegram",
        "bot.x",
    )
    own = tuple(f"{adapter.replace('.', '/')}/" for adapter in adapters)
    shared = [(name, tree) for name, tree in trees() if not name.startswith(own)]
    importing = {name for name, tree in shared for module in imports(tree) if module.startswith(adapters)}
    assert importing <= {"bot/wiring.py"}


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def strings(tree: ast.Module) -> list[str]:
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]
