"""Examples of README and docs run in their order, Python prints what stands below it, and tables are complete."""

import contextlib
import io
import re
import shlex

import pytest

from actsearch.cli import main
from actsearch.controllers import CONTROLLERS
from actsearch.spaces import SPACES
from actsearch.tasks import DEEP, TASK_SETS, TASKS
from tests.helpers.written import PAGES, ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = (ROOT / "docs" / "how_to" / "command_line.md").read_text()
TASK_PAGE = (ROOT / "docs" / "how_to" / "tasks.md").read_text()
NUMBER = re.compile(r"(?<![\w.])[+-]?\d+\.?\d*(?:e[+-]?\d+)?")


def printed(example, names):
    """Runs an example and returns what it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(example, "README.md", "exec"), names)
    return out.getvalue()


def commands(block):
    """Returns the arguments of each `actsearch` command of a block of sh, which has no other commands."""
    calls = [shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines()]
    others = [call for call in calls if call and call[0] != "actsearch"]
    assert not others, f"a block of sh runs actsearch only; what else a user types stands in a plain block: {others}"
    return [call[1:] for call in calls if call]


def words(text):
    """Returns a text without its numbers and without spaces and lines, which depend on the numbers' widths."""
    return re.sub(r"[\s─]+", " ", NUMBER.sub("#", text)).strip()


def numbers(text):
    """Returns the numbers of a text."""
    return [float(number) for number in NUMBER.findall(text)]


BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$(?:\n\n^```\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
EXAMPLES = {path.relative_to(ROOT).as_posix(): blocks for path in PAGES if (blocks := BLOCK.findall(path.read_text()))}
"""The examples of each page, in their order: their language, their text and what they print."""

SLOW = {
    "docs/explanations/fidelity.md": "measures a proxy",
    "docs/how_to/search_on_your_network.md": "searches and verifies on a network of its own",
    "docs/how_to/verify_a_formula.md": "two verifications with eight seeds",
    "docs/tutorial.md": "a search with trainings and two verifications",
}
"""Pages whose examples take more than five seconds, and what takes them."""


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow) if page in SLOW else page for page in EXAMPLES]
)
def test_examples_run_and_print_what_stands_below_them(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one folder a page: a later command finds what an earlier one wrote
    names = {"__name__": "example"}
    for language, example, output in EXAMPLES[page]:
        if language == "sh":
            assert [main(command) for command in commands(example)] == [0] * len(commands(example))
            continue
        text = printed(example, names)
        assert words(text) == words(output)
        # Trainings differ by rounding from machine to machine; ends of intervals of a few seeds differ most.
        assert numbers(text) == pytest.approx(numbers(output), abs=0.05)


@pytest.mark.parametrize("page", EXAMPLES)
def test_every_example_is_found(page):
    """A block that is written otherwise, indented or without what it prints, would never run."""
    text = (ROOT / page).read_text()
    for language in ("python", "sh"):
        assert sum(one == language for one, _, _ in EXAMPLES[page]) == len(re.findall(f"```{language}\\b", text))
    assert all(output for language, _, output in EXAMPLES[page] if language == "python")


def test_pages_with_examples_are_found():
    assert {"README.md", "docs/how_to/search_on_your_network.md", "docs/how_to/layers.md"} <= EXAMPLES.keys()


def test_a_wrong_output_would_be_seen():
    assert words("relu(x) 0.9 [0.8, +1.0]") == words("relu(x)  0.95 [0.7, -2.0]") != words("gelu(x) 0.9 [0.8, +1.0]")
    assert numbers("max(x, x^2) 0.9354 [-1e-3, 2]") == [2, 0.9354, -0.001, 2]


def test_only_actsearch_runs():
    assert commands('actsearch show "x + 1" \\\n  --out a  # draws it\n\n# and\nactsearch top a\n') == [
        ["show", "x + 1", "--out", "a"],
        ["top", "a"],
    ]
    with pytest.raises(AssertionError, match="runs actsearch only"):
        commands("rm -r runs\n")


def lines(example):
    return [line for line in example.splitlines() if line]


def test_the_first_example_is_short():
    (_, example, _) = EXAMPLES["README.md"][0]
    assert len([line for line in lines(example) if not line.startswith(("import", "from"))]) <= 10


def test_a_task_of_ones_own_is_short():
    (example,) = [
        example for _, example, _ in EXAMPLES["docs/how_to/search_on_your_network.md"] if "sites_of" in example
    ]
    assert len(lines(example)) <= 25


@pytest.mark.parametrize(
    "names", [CONTROLLERS, SPACES, TASKS, DEEP, TASK_SETS], ids=["controllers", "spaces", "tasks", "deep", "sets"]
)
def test_tables_name_everything(names):
    assert [name for name in names if f"`{name}`" not in README + TASK_PAGE] == []
    assert [kind.__name__ for kind in CONTROLLERS.values() if f"| `{kind.__name__}` |" not in README] == []


def test_the_page_of_commands_has_them_all(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    known = re.findall(r"• ([a-z-]+) ", capsys.readouterr().out)
    assert "search" in known
    assert sorted(re.findall(r"^\| `actsearch ([a-z-]+)", COMMANDS, flags=re.MULTILINE)) == sorted(known)
