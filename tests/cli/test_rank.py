"""`actsearch rank`."""

import json

import pytest

from actsearch.catalog import MODULES
from actsearch.cli import main
from actsearch.cli.rank import read_units
from actsearch.language import ActsearchError
from tests.helpers.tiny import tiny_task


@pytest.fixture
def tiny(monkeypatch):
    """A task named "tiny" for the command line."""
    monkeypatch.setattr("actsearch.cli.rank.get_tasks", lambda names: (tiny_task(),))
    monkeypatch.setattr("actsearch.cli.rank.check_named", lambda names: None)


def test_names_and_formulas_are_ranked_and_kept(tiny, tmp_path, capsys):
    command = ["rank", "--units", "relu,x * sigmoid(1.7 * x)", "--tasks", "tiny", "--seeds", "2", "--no-cost"]
    command += ["--rates", "recipe", "--out", str(tmp_path)]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "x * sigmoid(1.7 * x)" in text
    assert "not told apart" in text
    assert {path.name for path in tmp_path.iterdir()} == {"results.jsonl", "ranking.json", "ranks.png", "ranks.svg"}
    assert main([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed.pop("pictures") == [str(tmp_path / f"ranks.{suffix}") for suffix in ("png", "svg")]
    assert printed == json.loads((tmp_path / "ranking.json").read_text())
    assert printed["rate_scales"] == [1.0]


def test_units_are_split_at_commas_outside_of_brackets():
    units = read_units("silu, max(x,sin(x)),x*sigmoid(1.7*x)")
    assert list(units) == ["silu", "max(x, sin(x))", "x * sigmoid(1.7 * x)"]
    assert read_units(" all ") == "all"
    assert read_units("relu,maxmin")["maxmin"] is MODULES["maxmin"]


@pytest.mark.parametrize(
    ("text", "said"), [("relu,,silu", "joined by commas"), ("relu,sillu", "nearest names are silu"), ("", "joined by")]
)
def test_units_that_are_none(text, said):
    with pytest.raises(ActsearchError, match=said):
        read_units(text)
