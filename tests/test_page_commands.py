"""Commands on the pages run, one after the other, in a folder of their own for each page."""

import re
import shlex
from pathlib import Path

import pytest

from actsearch.cli import main

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


def commands(text):
    """Returns the commands in the blocks of a page that are marked as sh, as words."""
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


COMMANDS = {page.relative_to(ROOT).as_posix(): found for page in PAGES if (found := commands(page.read_text()))}
SLOW = {"docs/tutorial.md", "docs/how_to/search_on_your_network.md", "docs/how_to/verify_a_formula.md"}
"""Pages whose commands train for more than five seconds."""


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow) if page in SLOW else page for page in COMMANDS]
)
def test_commands_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for program, *arguments in COMMANDS[page]:
        assert program == "actsearch"
        assert main(arguments) == 0, arguments


def test_pages_with_commands_are_found():
    assert COMMANDS.keys() > SLOW


def test_commands_are_read():
    page = '```sh\nactsearch top a \\\n    --count 3  # the best\n\nactsearch show "x * x"\n```\n```\nmake none\n```\n'
    assert commands(page) == [["actsearch", "top", "a", "--count", "3"], ["actsearch", "show", "x * x"]]
