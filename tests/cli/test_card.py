"""`actsearch card` and `actsearch novelty` as a stranger meets them."""

import json
import math
from types import SimpleNamespace

import pytest

from actsearch import search
from actsearch.analysis import Cost
from actsearch.catalog import CATALOG
from actsearch.cli import card, common, main, transform
from actsearch.evaluation import SiteStatistics, TrainedNetwork
from actsearch.properties import properties
from actsearch.report.card import LEGEND
from tests.helpers.mock import MockEvaluator

NAMES = {
    "activation": ["upper", "kinks", "lipschitz", "he_gain", "spectrum", "primitives"],
    "layer": ["scale", "statistics"],
    "gate": ["linear_in_y"],
}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Replaces what takes seconds and has tests of its own: the whole catalog, the whole card, measurements."""
    names = ("relu", "rms_norm")
    entries = {CATALOG[name].program: (CATALOG[name],) for name in names}
    monkeypatch.setattr(card, "identify", lambda program: entries.get(program, ()))
    monkeypatch.setattr(card, "properties", lambda program: properties(program, NAMES[program.kind]))
    monkeypatch.setattr(card, "measure_costs", lambda programs, shape: [Cost(*range(1, 5)), Cost(*range(2, 6))])


def test_a_card_of_a_formula(capsys, tmp_path):
    assert main(["card", "relu(x)", "--no-measure", "--picture", str(tmp_path / "card.png")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("relu(x), an activation; known as relu.\n")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for start in ("he gain 1.41421 quadrature", "lipschitz 1 grid", "kinks x = 0: slope 0 | 1, gradient 0 grid"):
        assert any(line.startswith(start) for line in lines)
    assert "How sure: exact follows from the program" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.png", "card.svg"]


def test_a_card_of_a_published_layer_in_json(capsys):
    assert main(["card", "rms_norm", "--no-measure", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["known_as"]) == ("layer", ["rms_norm"])
    assert facts["properties"]["scale"]["value"] == "invariant"
    assert facts["parameters"] == {"gamma": 1.0}


def test_the_cost_is_measured_against_relu(capsys):
    assert main(["card", "silu(x) * y", "--json"]) == 0
    cost = json.loads(capsys.readouterr().out)["cost_relative_to_relu"]
    assert cost == {"flops": 2.0, "bytes": 1.5, "forward_ms": 4 / 3, "backward_ms": 1.25}
    assert main(["card", "relu(x)"]) == 0
    out = capsys.readouterr().out
    assert "cost measured on this machine, over ReLU's" in out
    assert " ".join(out.split()).endswith("2.00 1.50 1.33 1.25 " + " ".join(LEGEND.split()))


def test_novelty(capsys):
    assert main(["novelty", "-relu(2 * x - 1)", "--among", "relu"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("Known up to scale and shift: -2 relu(x - 0.5).\n")
    assert main(["novelty", "relu(x) * beta", "--among", "relu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "Known at its initial parameters: this is relu."


def test_the_best_of_a_run_are_told_what_they_are_near_to(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(common, "novelty", lambda program: SimpleNamespace(verdict=f"Known: this is {program}."))
    search("swish-1", MockEvaluator(), "random", 12, out=tmp_path)
    assert main(["top", str(tmp_path), "--count", "2", "--novelty"]) == 0
    assert capsys.readouterr().out.count("Known: this is ") == 2
    assert main(["top", str(tmp_path), "--count", "2", "--novelty", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["novelty"] for row in rows] == [f"Known: this is {row['program']}." for row in rows]


def test_mistakes_are_one_sentence(capsys):
    cases = {
        ("card", "silo"): "No published unit has the name 'silo': the nearest names are silu",
        ("card", "1 / (x - 2)"): "1 / (x - 2) is not finite at x = 2;",
        ("card", "rms_norm", "--picture", "p"): "is a layer, which has no curve: leave out --picture.",
        ("novelty", "relu", "--among", "rulu"): "No published unit has the name 'rulu': the nearest names are relu",
        ("novelty", "relu", "--count", "0"): "--count must be at least 1; received 0.",
    }
    for args, message in cases.items():
        assert main(list(args)) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.startswith("actsearch: ")
        assert error.count("\n") == 1


def test_transforms(capsys, monkeypatch):
    monkeypatch.setattr(transform, "identify", lambda program: ())
    assert main(["transform", "relu", "smooth:box:1", "clip:0:6"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("min(6, max(0, relu(x - 1) + (1 + min(1, max(-1, x)))^2 / 4))\nknown as nothing")
    assert main(["transform", "relu"]) == 0
    assert "smooth:gauss" in capsys.readouterr().out
    assert main(["transform", "relu", "--json"]) == 2
    assert "transform needs a step" in capsys.readouterr().err
    assert main(["transform", "relu", "reflect", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["formula"] == "-relu(-x)"


def test_a_trained_network_is_printed_and_written(monkeypatch, capsys):
    """Ratios that are infinite are null in JSON; an attack that was not made is a dash."""
    site = SiteStatistics("layer1", 0.5, 0.1, 0.4, math.inf, 1.25)
    found = TrainedNetwork({"mse": 0.25}, (site,), 7.5, {"mse": 0.5}, None, math.inf)
    monkeypatch.setattr("actsearch.cli.card.look_inside", lambda task, program: found)
    command = ["card", "relu", "--task", "digits-mlp", "--no-measure"]
    assert main([*command, "--json"]) == 0
    trained = json.loads(capsys.readouterr().out)["trained"]
    assert trained["sites"][0]["outlier"] is None
    assert {name: trained[name] for name in ("sharpness", "int8", "fgsm", "stable_rate")} == {
        "sharpness": 7.5,
        "int8": {"mse": 0.5},
        "fgsm": None,
        "stable_rate": None,
    }
    assert main(command) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[-1] for line in lines if "(sharpness)" in line or "(FGSM)" in line] == ["7.5", "-"]
