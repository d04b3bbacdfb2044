"""Python examples of README and docs run one after the other and print what stands below them; tables are complete."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from actsearch.cli import main
from actsearch.controllers import CONTROLLERS
from actsearch.spaces import SPACES
from actsearch.tasks import DEEP, TASK_SETS, TASKS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = (ROOT / "docs" / "how_to" / "command_line.md").read_text()
TASK_PAGE = (ROOT / "docs" / "how_to" / "tasks.md").read_text()
NUMBER = re.compile(r"(?<![\w.])[+-]?\d+\.?\d*(?:e[+-]?\d+)?")


def printed(example, names):
    """Runs an example and returns what it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(example, "README.md", "exec"), names)
    return out.getvalue()


def words(text):
    """Returns a text without its numbers and without spaces and lines, which depend on the numbers' widths."""
    return re.sub(r"[\s─]+", " ", NUMBER.sub("#", text)).strip()


def numbers(text):
    """Returns the numbers of a text."""
    return [float(number) for number in NUMBER.findall(text)]


EXAMPLES = {
    path.relative_to(ROOT).as_posix(): re.findall(
        r"```python\n(.*?)```\n\n```\n(.*?)```", path.read_text(), flags=re.DOTALL
    )
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if "```python" in path.read_text()
}
"""The Python examples of each page, in their order, with what they print."""

SLOW = {"docs/explanations/fidelity.md"}
"""Pages whose examples take more than five seconds."""


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow) if page in SLOW else page for page in EXAMPLES]
)
def test_examples_print_what_stands_below_them(page):
    examples = EXAMPLES[page]
    assert len(examples) == (ROOT / page).read_text().count("```python") > 0
    names = {"__name__": "example"}
    for example, output in examples:
        text = printed(example, names)
        assert words(text) == words(output)
        # Trainings differ by rounding from machine to machine; ends of intervals of a few seeds differ most.
        assert numbers(text) == pytest.approx(numbers(output), abs=0.05)


def test_pages_with_examples_are_found():
    assert {"README.md", "docs/how_to/search_on_your_network.md", "docs/how_to/layers.md"} <= EXAMPLES.keys()


def test_a_wrong_output_would_be_seen():
    assert words("relu(x) 0.9 [0.8, +1.0]") == words("relu(x)  0.95 [0.7, -2.0]") != words("gelu(x) 0.9 [0.8, +1.0]")
    assert numbers("max(x, x^2) 0.9354 [-1e-3, 2]") == [2, 0.9354, -0.001, 2]


def lines(example):
    return [line for line in example.splitlines() if line]


def test_the_first_example_is_short():
    (example, _) = EXAMPLES["README.md"][0]
    assert len([line for line in lines(example) if not line.startswith(("import", "from"))]) <= 10


def test_a_task_of_ones_own_is_short():
    (example,) = [example for example, _ in EXAMPLES["docs/how_to/search_on_your_network.md"] if "sites_of" in example]
    assert len(lines(example)) <= 25


@pytest.mark.parametrize(
    "names", [CONTROLLERS, SPACES, TASKS, DEEP, TASK_SETS], ids=["controllers", "spaces", "tasks", "deep", "sets"]
)
def test_tables_name_everything(names):
    assert [name for name in names if f"`{name}`" not in README + TASK_PAGE] == []
    assert [kind.__name__ for kind in CONTROLLERS.values() if f"| `{kind.__name__}` |" not in README] == []


def test_commands_exist(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    known = re.findall(r"• ([a-z-]+) ", capsys.readouterr().out)
    assert "search" in known
    assert [
        name for name in re.findall(r"^actsearch ([a-z-]+)", COMMANDS, flags=re.MULTILINE) if name not in known
    ] == []
