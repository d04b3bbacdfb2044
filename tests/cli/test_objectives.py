"""`actsearch search --objectives`."""

import json

import pytest

from actsearch.cli import main
from actsearch.cli.common import print_json
from actsearch.trials import front

SEARCH = ["search", "--task", "tabular-swish1-digits-resnet", "--budget", "40"]


def test_a_search_prints_its_front(tmp_path, capsys):
    command = [*SEARCH, "--objectives", "score,-operations", "--out", str(tmp_path / "run")]
    assert main([*command, "--json", "controller:pareto"]) == 0
    found = json.loads(capsys.readouterr().out)["front"]
    points = [list(row["objectives"].values()) for row in found]
    assert list(found[0]["objectives"]) == ["tabular-swish1-digits-resnet", "-operations"]
    assert len(front(points)) == len(points) > 1
    assert main([*command, "controller:pareto"]) == 0
    assert "The Pareto front" in capsys.readouterr().out


def test_an_infinite_property_is_null(capsys):
    print_json([{"objectives": {"task": 0.9, "-upper": float("-inf")}}])
    assert json.loads(capsys.readouterr().out) == [{"objectives": {"task": 0.9, "-upper": None}}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("operations", "begins with score, as in score,-operations; received 'operations'"),
        ("score,", "begins with score"),
        ("score,cost", "There is no property 'cost'; write one of"),
    ],
)
def test_mistakes(text, said, tmp_path, capsys):
    assert main([*SEARCH, "--objectives", text, "--out", str(tmp_path / "run")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
