"""The rules that hold the code together, read from its source: who may import whom, no `eval`, a word on everything."""

import ast
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "actsearch"

# What each room imports from the others, from the top of the house down. The test asserts equality with the real
# imports: a rule that nobody uses would be used by somebody.
IMPORTS = {
    "__main__": {"cli"},
    "cli": {
        "__init__",
        "analysis",
        "archive",
        "catalog",
        "controllers",
        "data",
        "doctor",
        "engine",
        "evaluation",
        "export",
        "language",
        "live",
        "nn",
        "pages",
        "properties",
        "report",
        "spaces",
        "study",
        "tasks",
        "trials",
    },
    "doctor": {"__init__", "data", "evaluation", "spaces", "study", "tasks"},
    "__init__": {"archive", "catalog", "engine", "evaluation", "language", "nn", "report", "study"},
    "study": {"analysis", "archive", "controllers", "evaluation", "language", "spaces", "tasks", "trials"},
    "pages": {
        "analysis",
        "archive",
        "catalog",
        "engine",
        "evaluation",
        "export",
        "language",
        "properties",
        "report",
        "spaces",
        "tasks",
        "trials",
    },
    "live": {"analysis", "archive", "language", "trials"},
    "evaluation": {
        "analysis",
        "catalog",
        "data",
        "engine",
        "language",
        "nn",
        "properties",
        "spaces",
        "tasks",
        "trials",
    },
    "report": {"analysis", "engine", "export", "language", "properties", "trials"},
    "tasks": {"catalog", "data", "language", "nn"},
    "analysis": {"language", "trials"},
    "archive": {"language", "trials"},
    "export": {"catalog", "engine", "language"},
    "catalog": {"engine", "language", "nn", "properties"},
    "controllers": {"engine", "language", "properties", "spaces", "trials"},
    "nn": {"engine", "language"},
    "properties": {"engine", "language"},
    "engine": {"language", "spaces"},
    "trials": {"language", "spaces"},
    "spaces": {"language"},
    "data": {"language"},
    "language": set(),
}
ROOT = {"__init__", "__main__"}
"""The only modules outside the rooms: the front door, and `python -m actsearch`."""

OUTSIDE = ("experiments", "docs", "tests")  # these use actsearch, never the other way round
FORBIDDEN_CALLS = ("eval", "exec", "compile", "__import__")

MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def name(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def imports(source, path):
    """Yields the full name of everything imported anywhere in a module, inside functions too."""
    package = ("actsearch", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from actsearch import search` and `from . import search` name the part after the word import.
            yield from ([f"{module}.{alias.name}" for alias in node.names] if module == "actsearch" else [module])


def rooms(source, path):
    """Returns the other rooms that a module imports; names of the front door count as "__init__"."""
    targets = [target.split(".") for target in imports(source, path)]
    names = {(*target, "__init__")[1] for target in targets if target[0] == "actsearch"}
    known = {name if name in FOLDERS else "__init__" for name in names}
    return (known | {target[0] for target in targets if target[0] in OUTSIDE}) - {room(path)}


def room(path):
    return name(path).split("/")[0]


def forbidden_calls(source):
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.func.id for call in calls if isinstance(call.func, ast.Name) and call.func.id in FORBIDDEN_CALLS]


def undocumented(source):
    """Returns the public functions, classes and methods of a module that have no docstring; "" is the module."""
    tree = ast.parse(source)
    missing = [] if ast.get_docstring(tree) else [""]

    def visit(body, prefix):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                if ast.get_docstring(node) is None:
                    missing.append(prefix + node.name)
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{node.name}.")

    visit(tree.body, "")
    return missing


def test_every_import_points_down():
    """No circle and no arrow up: each room imports from those below it in the table alone."""
    floors = list(IMPORTS)
    for floor, one in enumerate(floors):
        assert IMPORTS[one] <= set(floors[floor + 1 :]), one


def test_the_table_is_what_the_modules_import():
    found = {one: set() for one in FOLDERS | ROOT}
    for path in MODULES:
        found[room(path)] |= rooms(path.read_text(), path)
    assert found == IMPORTS


def test_no_loose_file():
    assert {path.stem for path in PACKAGE.glob("*.py")} == ROOT


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_room_lists_its_public_names_and_no_module_hides_one(folder):
    module = importlib.import_module(f"actsearch.{folder}")
    assert module.__all__ == sorted(module.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert not {path.stem for path in (PACKAGE / folder).glob("*.py")} & set(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


def test_never_runs_text():
    assert {name(path): calls for path in MODULES if (calls := forbidden_calls(path.read_text()))} == {}


def test_everything_public_has_a_docstring():
    sources = {name(path): path.read_text() for path in MODULES if not path.name.startswith("_")}
    assert {module: missing for module, text in sources.items() if (missing := undocumented(text))} == {}


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        ("language/parser.py", "from actsearch.engine import identity", "engine"),
        ("language/parser.py", "import actsearch", "__init__"),
        ("language/parser.py", "from actsearch import search", "__init__"),
        ("tasks/digits.py", "def f():\n    from actsearch.controllers.base import propose", "controllers"),
        ("controllers/base.py", "import actsearch.evaluation.one_training as t", "evaluation"),
        ("controllers/base.py", "from ..tasks import get_task", "tasks"),
        ("cli/app.py", "from experiments import swish_digits", "experiments"),
    ],
)
def test_the_reader_finds_an_import(module, line, found):
    assert rooms(line, PACKAGE / module) == {found}


def test_the_reader_leaves_out_the_own_room():
    assert rooms("from . import base\nfrom .base import Task\nimport jax", PACKAGE / "tasks/digits.py") == set()


def test_the_reader_finds_calls_and_missing_docstrings():
    assert forbidden_calls("def f(t):\n    return [eval(t), t.eval()]") == ["eval"]
    source = "class A:\n    'a'\n    def b(self): ...\n    def _c(self): ...\ndef d(): ..."
    assert undocumented(source) == ["", "A.b", "d"]
    assert undocumented("'a module'\nx = 1") == []
