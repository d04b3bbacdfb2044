"""The card as a whole, and the families that run a program in a dtype, on tensors or on pairs."""

import json
import math

import pytest

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.language import INPUTS, ActsearchError
from actsearch.properties import PROPERTIES, properties, properties_by_name

RELU, SILU = parse("relu(x)"), parse("silu(x)")
PROGRAMS = {
    "activation": parse("silu(x) + shift"),
    "layer": parse("(x - batch_mean(x)) / batch_std(x) * gamma + shift"),
    "gate": parse("silu(x) * y", inputs=INPUTS),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_every_property_of_a_kind_has_a_value_and_a_definition(kind):
    card = properties(PROGRAMS[kind])
    assert [one.name for one in card.quantities] == list(properties_by_name(kind))
    assert all(one.certainty in ("exact", "quadrature", "grid", "sampled") for one in card.quantities)
    assert all(one.summary and one.family and one.error >= 0 for one in card.quantities)
    facts = json.loads(json.dumps(card.to_json(), allow_nan=False))
    assert facts["parameters"] == dict(PROGRAMS[kind].parameters)
    assert facts["properties"].keys() == properties_by_name(kind).keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOG)
def test_every_published_unit_has_a_card(name):
    card = properties(CATALOG[name].program)
    assert json.dumps(card.to_json(), allow_nan=False)
    if card.program.kind == "activation":
        assert card["lower"] <= card["upper"]
        assert card["least_slope"] <= card["lipschitz"]
        assert card["gradient_error"] < 1e-6 or card["smoothness"] < 2  # differences are rough beside a kink


def test_names_are_words_and_unique_within_a_kind():
    assert all(row.name.isidentifier() for row in PROPERTIES)
    for kind in PROGRAMS:
        rows = [row.name for row in PROPERTIES if kind in row.kinds]
        assert len(rows) == len(set(rows))


def test_what_is_not_bounded_is_text_in_json():
    assert properties(RELU, ["upper"]).to_json()["properties"]["upper"]["value"] == "inf"


def test_unknown_names_are_told_what_there_is():
    with pytest.raises(
        ActsearchError, match="silu\\(x\\) is an activation, which has no property 'causal'; write one of lower,"
    ):
        properties(SILU, ["causal"])
    with pytest.raises(ActsearchError, match="no 'lower'; write one of upper"):
        properties(SILU, ["upper"])["lower"]


def test_sparsity():
    card = properties(RELU, ["zero_values", "zero_slopes", "saturated", "few_bit_backward"])
    assert [card[name] for name in ("zero_values", "zero_slopes", "saturated")] == pytest.approx([0.5] * 3, abs=1e-9)
    assert card["few_bit_backward"]["1 bit"] < 1e-6
    shifted = properties(parse("relu(x - 1)"), ["zero_values"])["zero_values"]
    assert shifted == pytest.approx(1 - math.erfc(1 / math.sqrt(2)) / 2, abs=1e-9)
    # Of x^2 for x > 0, 1.76 x^2 beside 0 on the left: less than a cell of the grid.
    narrow = properties(parse("selu(x) * x"), ["saturated"])["saturated"]
    assert narrow == pytest.approx(0.003035, abs=1e-5)
    errors = list(properties(SILU, ["few_bit_backward"])["few_bit_backward"].values())
    assert errors == sorted(errors, reverse=True)
    assert properties(SILU, ["zero_slopes"])["zero_slopes"] == 0


def test_precision():
    card = properties(SILU, ["value_error", "slope_error", "overflow", "underflow"])
    assert 2**-11 < card["value_error"]["bfloat16"] < 2**-7
    assert card["value_error"]["float16"] < card["value_error"]["bfloat16"] / 4
    assert card["overflow"]["float32"] == "never"
    assert card["overflow"]["float8_e4m3fn"] == "x > 448"
    assert card["underflow"]["float32"].startswith("x < -8")
    assert properties(RELU, ["value_error"])["value_error"] == {"bfloat16": 0.0, "float16": 0.0}


def test_exp_overflows_where_the_dtype_ends():
    card = properties(parse("exp(x)"), ["overflow"])
    found = {name: float(text.removeprefix("x > ")) for name, text in card["overflow"].items()}
    largest = {"float32": 3.4028e38, "float16": 65504, "float8_e5m2": 57344, "float8_e4m3fn": 448}
    assert {name: found[name] for name in largest} == pytest.approx(
        {name: math.log(most) for name, most in largest.items()}, rel=1e-2
    )


@pytest.mark.parametrize(
    ("unit", "invariant", "batch", "causal"),
    [
        ("layer_norm", {"scale", "shift", "example_scale", "example_shift"}, "no", "yes"),
        ("rms_norm", {"scale", "example_scale"}, "no", "yes"),
        ("batch_norm_relu", {"scale", "shift", "channel_scale", "channel_shift"}, "yes", "no"),
        (
            "instance_norm",
            {"scale", "shift", "example_scale", "example_shift", "channel_scale", "channel_shift"},
            "no",
            "no",
        ),
    ],
)
def test_layers(unit, invariant, batch, causal):
    card = properties(CATALOG[unit].program)
    answers = {
        name for name in properties_by_name("layer") if name.endswith(("scale", "shift")) and card[name] == "invariant"
    }
    assert answers == invariant
    assert card["depends_on_batch"].startswith(batch)
    assert card["causal"].startswith(causal)


def test_scales_over_depth():
    names = ["output_over_depth", "gradient_over_depth"]
    norm = properties(CATALOG["layer_norm"].program, names)
    assert norm["output_over_depth"] == pytest.approx(1, abs=1e-3)  # whatever the weights
    halved = properties(parse("0.5 * x + 0 * feature_mean(x)"), names)
    assert halved["output_over_depth"] == pytest.approx(0.5**8, rel=0.9)
    assert halved["gradient_over_depth"] == pytest.approx(0.5**8, rel=0.9)


def test_a_layer_of_degree_1():
    assert properties(parse("relu(x - feature_mean(x))"), ["scale"])["scale"] == "homogeneous of degree 1"
    assert properties(parse("x + 0 * batch_mean(x)"), ["shift"])["shift"] == "equivariant"


def test_gates():
    card = properties(PROGRAMS["gate"])
    moment = properties(SILU, ["second_moment"])["second_moment"]
    assert card["second_moment"] == pytest.approx(moment, abs=1e-6)  # that of y is 1
    assert (card["linear_in_x"], card["linear_in_y"]) == ("no", "yes")
    assert properties(CATALOG["bilinear"].program, ["linear_in_x"])["linear_in_x"] == "yes"


def test_moments_of_gates_tell_their_errors():
    (exact,) = properties(parse("x * y", inputs=INPUTS), ["second_moment"]).quantities
    assert exact.value == pytest.approx(1, abs=1e-12)
    assert exact.error < 1e-9
    (pole,) = properties(parse("safe_div(x, y)", inputs=INPUTS), ["second_moment"]).quantities
    assert pole.error > 0.1 * pole.value
    assert properties(parse("sqrt(x) * y", inputs=INPUTS), ["mean"])["mean"] is None


@pytest.mark.filterwarnings("error")
def test_constants_beyond_float16_warn_of_nothing():
    assert properties(parse("x + 1e5"), ["value_error"])["value_error"]["float16"] == math.inf


def test_a_gate_with_statistics_has_its_cost_alone():
    gate = parse("y * batch_mean(x)", inputs=INPUTS)
    with pytest.raises(
        ActsearchError, match="takes statistics of them; this needs a gate without: leave out batch_mea"
    ):
        properties(gate)
    assert properties(gate, ["operations"])["operations"] == 2


def test_cost():
    card = properties(
        parse("x * sigmoid(beta * x) + x^2"), ["primitives", "operations", "transcendentals", "parameters"]
    )
    assert card["primitives"] == {"mul": 2, "sigmoid": 1, "square": 1, "add": 1}
    assert (card["operations"], card["transcendentals"], card["parameters"]) == (5, 1, 1)
    cheap = parse("clip(softsign(x), -step(x), sign(x))")
    assert properties(cheap, ["transcendentals"])["transcendentals"] == 0
