"""What a formula is near to among published units."""

import json

import pytest

from actsearch import parse
from actsearch.catalog import CATALOG, novelty
from actsearch.language import INPUTS, ActsearchError

UNITS = {
    name: CATALOG[name] for name in ("relu", "silu", "swish", "tanh", "gelu_tanh", "layer_norm", "swiglu", "reglu")
}


def test_a_rediscovery_is_named_with_all_its_names():
    found = novelty(parse("x / (1 + exp(-x))"), UNITS)
    assert found.verdict == "Known: this is silu, swish."
    assert found.compared == 5


def test_a_scaled_unit_is_known():
    assert novelty(parse("2 * tanh(x / 2 + 1) - 3"), UNITS).verdict.startswith(
        "Known up to scale and shift: 2 tanh(0.5 x + 1)"
    )


def test_the_tanh_form_of_gelu_is_a_numerical_rediscovery():
    found = novelty(CATALOG["gelu_tanh"].program, {"gelu": CATALOG["gelu"]})
    assert found.verdict == "A numerical rediscovery of gelu: within 4.7e-04 of gelu(x) for |x| <= 5."


def test_a_negative_answer_says_over_what():
    found = novelty(parse("sin(3 * x) + x^2"), UNITS)
    assert found.verdict.startswith("Not among 5 published activations, up to scale and shift; the nearest, ")
    distances = [one.fit.distance for one in found.neighbours]
    assert distances == sorted(distances)
    assert distances[0] > 0.1


def test_gates_and_layers_are_compared_with_their_kind():
    gate = novelty(parse("y * silu(x)", inputs=INPUTS), UNITS)
    assert (gate.verdict, gate.compared) == ("Known: this is swiglu.", 2)
    layer = novelty(parse("1 + 2 * (x - feature_mean(x)) / feature_std(x)"), UNITS)
    assert layer.verdict == "Known up to scale and shift: 2 layer_norm(x) + 1."
    assert novelty(parse("x * y", inputs=INPUTS), {}).verdict.startswith("Nothing to compare with")


def test_a_constant_is_no_unit():
    assert novelty(parse("0 * x + 3"), UNITS).verdict == "A constant: 3."


def test_it_is_json():
    facts = json.loads(json.dumps(novelty(parse("x^2"), UNITS, count=2).to_json(), allow_nan=False))
    assert facts["compared"] == 5
    assert [row.keys() >= {"unit", "map", "distance", "slope_distance"} for row in facts["neighbours"]] == [True, True]


def test_a_pole_is_refused():
    with pytest.raises(ActsearchError, match="not finite at x = 0"):
        novelty(parse("1 / x"), UNITS)


def test_a_unit_that_is_not_finite_is_left_out():
    units = {name: CATALOG[name] for name in ("relu", "silu")} | {
        "log": CATALOG["relu"]._replace(name="log", program=parse("log(x)"))
    }
    found = novelty(parse("silu(x)"), units)
    assert ([one.entry.name for one in found.neighbours], found.compared) == (["silu", "relu"], 2)


def test_of_equally_near_units_the_simplest_map_comes_first():
    units = {name: CATALOG[name] for name in ("relu", "relu6", "hard_tanh", "identity")}
    assert novelty(parse("3 * x - 2"), units).verdict == "Known up to scale and shift: 3 identity(x) - 2."
