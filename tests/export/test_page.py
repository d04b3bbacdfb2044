"""The page on exported formulas: its commands run, and the modules that its patches import are what they write."""

import re
import shlex
from pathlib import Path

import pytest

from actsearch.cli import main
from actsearch.export import TARGETS

PAGE = (Path(__file__).parents[2] / "docs" / "how_to" / "export.md").read_text()
COMMANDS = [
    shlex.split(line, comments=True)[1:] for line in PAGE.splitlines() if line.startswith("actsearch export-formula")
]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Returns the files that the page's commands write, by name; the one of a run has no run here."""
    monkeypatch.setattr("actsearch.export.subject.identify", lambda program: ())
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        if not command[1].startswith("runs/"):
            assert main([*command, "--no-self-test"]) == 0
    return {path.name: path.read_text() for path in tmp_path.iterdir()}


def test_the_patches_import_what_the_commands_write(written):
    imports = re.findall(r"^\+from (\w+) import (\w+)$", PAGE, re.MULTILINE)
    assert [name for _, name in imports] == ["Swish", "EvonormB0"]
    for module, name in imports:
        assert f"class {name}(nn.Module):" in written[f"{module}.py"]
        calls = re.findall(rf"^\+.*\b{name}\b(\(.*?\))?", PAGE, re.MULTILINE)
        assert len(calls) >= 2
    assert "def __init__(self, num_features, dim=1):" in written["swish.py"]
    assert "class CosSin(nn.Module):" in written["cos_sin.py"]


def test_the_table_names_every_format():
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in PAGE.splitlines() if line.startswith("| `")]
    assert sorted(name for row in rows for name in row) == sorted(TARGETS)
