"""The commands on a task whose sites take two inputs."""

import json

import pytest

from actsearch.cli import main
from tests.helpers import tiny

TASK = f"{tiny.__file__}:tiny_gate_task"


@pytest.mark.slow
def test_score(capsys):
    main(["score", "relu(x) * y", "--task", TASK, "--seeds", "2", "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert (facts["formula"], facts["reference_formula"]) == ("relu(x) * y", "silu(x) * y")


def test_score_of_a_function_of_one_input(capsys):
    assert main(["score", "relu(x)", "--task", TASK, "--seeds", "2"]) == 2
    assert "relu(x) does not read a second input, y" in capsys.readouterr().err


@pytest.mark.slow
def test_search(capsys, tmp_path):
    formulas = tmp_path / "formulas.txt"
    formulas.write_text("sigmoid(x) * y  # GLU\n")
    options = ["--space", "gate-1", "--task", TASK, "--budget", "4", "--engine", "specialize", "--json"]
    main(["search", *options, "--from", str(formulas), "--out", str(tmp_path / "run")])
    facts = json.loads(capsys.readouterr().out)
    assert "sigmoid(x) * y" in {row["program"] for row in facts["best"]}
