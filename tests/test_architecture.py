"""The rules that hold the code together, read from its source: who may import whom, no `eval`, a word on everything."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "actsearch"

# What each part of actsearch may import from actsearch, beside itself; an import that is not here is a mistake.
# Every import points down this page.
MAY_IMPORT = {
    "cli": {
        *("analysis", "archive", "catalog", "controllers", "engine", "evaluation", "export", "language", "nn"),
        *("report", "spaces", "study", "tasks", "trials"),
    },
    "__init__": {"catalog", "engine", "language", "study"},
    "report": {"analysis", "engine", "language", "study", "trials"},
    "study": {"archive", "controllers", "evaluation", "spaces", "tasks", "trials"},
    "evaluation": {"analysis", "controllers", "engine", "language", "nn", "spaces", "tasks", "trials"},
    "analysis": {"report", "trials"},
    "tasks": {"nn"},
    "controllers": {"engine", "language", "spaces", "trials"},
    "nn": {"engine", "language"},
    "catalog": {"engine", "language"},
    "archive": {"language", "trials"},
    "engine": {"language", "spaces"},
    "export": {"language"},
    "spaces": {"language"},
    "trials": {"language"},
    "language": set(),
}
OUTSIDE = ("experiments", "notebooks", "tests")  # these use actsearch, never the other way round
FORBIDDEN_CALLS = ("eval", "exec", "compile", "__import__")

MODULES = sorted(PACKAGE.rglob("*.py"))


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


def illegal_imports(source, path):
    part = name(path).split("/")[0]
    found = []
    for target in imports(source, path):
        root, *rest = target.split(".")
        if root in OUTSIDE:
            found.append(target)
        elif root == "actsearch":
            to = rest[0] if rest else "__init__"
            if to != part and to not in MAY_IMPORT[part]:
                found.append(target)
    return found


def forbidden_calls(source):
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.func.id for call in calls if isinstance(call.func, ast.Name) and call.func.id in FORBIDDEN_CALLS]


def undocumented(source):
    """Returns the public functions, classes and methods of a module that have no docstring."""
    missing = []

    def visit(body, prefix):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                if ast.get_docstring(node) is None:
                    missing.append(prefix + node.name)
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{node.name}.")

    visit(ast.parse(source).body, "")
    return missing


def test_the_table_points_down():
    parts = list(MAY_IMPORT)
    for place, part in enumerate(parts):
        assert MAY_IMPORT[part] <= set(parts[place + 1 :])


def test_the_table_names_every_part():
    parts = {name(path).split("/")[0] for path in MODULES}
    assert parts == MAY_IMPORT.keys()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports(path):
    assert illegal_imports(path.read_text(), path) == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_never_runs_text(path):
    assert forbidden_calls(path.read_text()) == []


@pytest.mark.parametrize("path", [path for path in MODULES if not path.name.startswith("_")], ids=name)
def test_everything_public_has_a_docstring(path):
    source = path.read_text()
    assert ast.get_docstring(ast.parse(source)), "the module says its one job"
    assert undocumented(source) == []


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("language/parser.py", "from actsearch.engine import probe"),
        ("language/parser.py", "import actsearch"),
        ("language/parser.py", "from actsearch import search"),
        ("tasks/digits.py", "def f():\n    from actsearch.controllers.base import Proposal"),
        ("controllers/base.py", "import actsearch.evaluation.train as t"),
        ("controllers/base.py", "from ..tasks import get_task"),
        ("trial.py", "from . import archive"),
        ("cli/app.py", "from experiments import swish_digits"),
    ],
)
def test_the_reader_finds_a_forbidden_import(part, line):
    assert len(illegal_imports(line, PACKAGE / part)) == 1


def test_the_reader_accepts_its_own_part():
    assert illegal_imports("from . import base\nfrom .base import Task\nimport jax", PACKAGE / "tasks/digits.py") == []


def test_the_reader_finds_calls_and_missing_docstrings():
    assert forbidden_calls("def f(t):\n    return [eval(t), t.eval()]") == ["eval"]
    assert undocumented("class A:\n    'a'\n    def b(self): ...\n    def _c(self): ...\ndef d(): ...") == ["A.b", "d"]
