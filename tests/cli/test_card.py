"""`actsearch card` and `actsearch novelty` as a stranger meets them."""

import json

import pytest

from actsearch.catalog import CATALOG
from actsearch.cli import card, main


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Replaces the search of the whole catalog, which has tests of its own and takes seconds."""
    names = ("relu", "rms_norm")
    entries = {CATALOG[name].program: (CATALOG[name],) for name in names}
    monkeypatch.setattr(card, "identify", lambda program: entries.get(program, ()))


def test_a_card_of_a_formula(capsys, tmp_path):
    assert main(["card", "relu(x)", "--no-measure", "--picture", str(tmp_path / "card.png")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("relu(x), an activation; known as relu.\n")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for start in ("he gain 1.41421 quadrature", "lipschitz 1 grid", "kinks x = 0: slope 0 | 1 grid"):
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
    assert json.loads(capsys.readouterr().out)["cost_relative_to_relu"]["flops"] > 1


def test_novelty(capsys):
    assert main(["novelty", "-silu(2 * x)", "--among", "silu", "relu"]) == 0
    out = capsys.readouterr().out
    assert "-silu(2 x)" in out
    assert out.endswith("Known up to scale and shift: -silu(2 x).\n")
    assert main(["novelty", "relu(x) * beta", "--among", "relu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "Known: this is relu."


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
