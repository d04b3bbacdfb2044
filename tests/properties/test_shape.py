"""Shape of units whose range, kinks, slopes and ends are known."""

import math

import numpy as np
import pytest

from actsearch import parse
from actsearch.language import ActsearchError, Primitive, register, unregister
from actsearch.properties import curve_of, ends, jets, properties

RELU, SILU, TANH = parse("relu(x)"), parse("silu(x)"), parse("tanh(x)")


def value(formula, name):
    return properties(parse(formula), [name])[name]


def test_derivatives_are_those_of_the_closed_form():
    x = np.linspace(-3, 3, 7)
    t = np.tanh(x)
    expected = [t, 1 - t**2, -2 * t * (1 - t**2), (1 - t**2) * (6 * t**2 - 2)]
    assert np.allclose(jets(TANH, x, 3), expected, rtol=0, atol=1e-12)
    assert jets(TANH, x.reshape(7, 1)).shape == (1, 7, 1)


def test_relu():
    card = properties(RELU, ["lower", "upper", "parity", "monotone", "convexity", "smoothness", "lipschitz", "degree"])
    values = [one.value for one in card.quantities]
    assert values == [0.0, math.inf, "neither", "weakly increasing", "convex", 0, 1.0, 1.0]
    (kink,) = curve_of(RELU).kinks
    assert kink == (0.0, 1, 0.0, 1.0, 0.0)


def test_silu():
    card = properties(
        SILU, ["lower", "lipschitz", "least_slope", "turns", "extrema", "smoothness", "convexity", "monotone"]
    )
    assert card["lower"] == pytest.approx(-0.2784645, abs=1e-7)
    assert card["lipschitz"] == pytest.approx(1.0998393, abs=1e-7)
    assert card["least_slope"] == pytest.approx(-0.0998393, abs=1e-7)
    assert card["extrema"][0] == pytest.approx((-1.2784645, -0.2784645), abs=1e-7)
    assert (card["turns"], card["smoothness"], card["convexity"], card["monotone"]) == (1, 3, "neither", "no")


@pytest.mark.parametrize(
    ("formula", "places", "order"),
    [
        ("relu(x - 0.3) - relu(x + 2)", [-2, 0.3], 1),
        ("relu(x)^2", [0], 2),
        ("x * relu(x)^2", [0], 3),
        ("x^2 * relu(x)^2", [], None),
        ("max(x, -x)", [0], 1),
        ("sin(30 * x)", [], None),
        ("tanh(100 * x)", [], None),
        ("signed_log(x)", [0], 0),
    ],
)
def test_kinks(formula, places, order):
    kinks = curve_of(parse(formula)).kinks
    assert [kink.x for kink in kinks] == pytest.approx(places, abs=1e-6)
    assert {kink.order for kink in kinks} == ({order} if places else set())


@pytest.mark.parametrize("formula", ["signed_sqrt(x)", "relu(x) * log(relu(x) + 1e-30)", "pow(max(x, -x), 0.6667)"])
def test_an_infinite_slope_is_no_jump_of_the_value(formula):
    assert [(kink.x, kink.order) for kink in curve_of(parse(formula)).kinks] == [(0.0, 1)]
    assert value(formula, "lipschitz") == math.inf


def test_a_vertical_tangent_is_a_kink_of_infinite_slopes():
    (kink,) = curve_of(parse("sqrt(max(x, -x))")).kinks
    assert (kink.x, kink.order, kink.left, kink.right) == (0.0, 1, -math.inf, math.inf)
    assert value("sqrt(max(x, -x))", "lipschitz") == math.inf


@pytest.mark.parametrize(
    ("formula", "left", "right"),
    [
        ("silu(x)", "0", "x"),
        ("tanh(x) + 2 * x", "2 x - 1", "2 x + 1"),
        ("relu(x)^2", "0", "grows as |x|^2"),
        ("sin(x)", "oscillates", "oscillates"),
        ("log(1 + x^2)", "grows as log |x|", "grows as log |x|"),
        ("exp(x)", "0", "grows faster than any power"),
        ("bessel_i0e(x)", "0", "0"),
        ("x - asinh(x)", "x", "x"),
        ("sin(asinh(x))", "oscillates", "oscillates"),
        ("sinc(x)", "0", "0"),
        ("x * exp(x) / (1 + exp(x))", "0", "x"),
        ("log_abs(x) - sinc(x)", "grows as log |x|", "grows as log |x|"),
        ("pow(1 + abs(x), 0.8) + sinc(x)", "grows as |x|^0.8", "grows as |x|^0.8"),
    ],
)
def test_ends(formula, left, right):
    assert [str(end) for end in ends(parse(formula))] == [left, right]


@pytest.mark.parametrize(
    ("formula", "name", "expected"),
    [
        ("x^2", "parity", "even"),
        ("tanh(x)", "parity", "odd"),
        ("sigmoid(x)", "parity", "odd about (0, 0.5)"),
        ("x^2", "degree", 2.0),
        ("tanh(x)", "degree", None),
        ("tanh(x)", "monotone", "increasing"),
        ("relu(x)^2", "least_slope", 0.0),
        ("relu(x)^2", "lipschitz", math.inf),
        ("x^2", "least_slope", -math.inf),
        ("x * sin(x)", "upper", math.inf),
        ("exp(x) * sin(x)", "lower", -math.inf),
        ("sinh(x) / cosh(x)", "upper", 1.0),
        ("sin(x^2)", "upper", 1.0),
        ("sin(asinh(x))", "lower", -1.0),
        ("bessel_i1e(x)", "upper", 0.2190920),
        ("x + sin(x)^2", "lipschitz", 2.0),
        ("x - asinh(x)", "lipschitz", 1.0),
        ("x + asinh(x)", "least_slope", 1.0),
        ("x + sign(x)", "least_slope", 1.0),
        ("-step(x)", "least_slope", -math.inf),
        ("step(x)", "monotone", "weakly increasing"),
        ("min(cosh(x^3), 2)", "lower", 1.0),
        ("min(1, cosh(x))", "lipschitz", 0.0),
        ("min(abs(x), atan(x))", "lipschitz", 1.0),
        ("x - 2 * sign(x)", "monotone", "no"),
        ("-exp(x)", "upper", 0.0),
        ("2 * x - 1", "convexity", "linear"),
        ("exp(x)", "convexity", "convex"),
        ("min(x, 1)", "convexity", "concave"),
        ("tanh(1e6 * x)", "monotone", "weakly increasing"),
        ("tanh(1e6 * x)", "lipschitz", 1e6),
        ("tanh(1e6 * x)", "convexity", "neither"),
        ("1e8 * x", "convexity", "linear"),
    ],
)
def test_values(formula, name, expected):
    found = value(formula, name)
    assert found == (pytest.approx(expected, abs=1e-6) if isinstance(expected, float) else expected)


def test_a_gradient_that_is_wrong_is_found():
    import jax
    import jax.numpy as jnp

    @jax.custom_jvp
    def doubled(x):
        return jnp.tanh(x)

    doubled.defjvp(lambda primals, tangents: (jnp.tanh(primals[0]), 2 * tangents[0]))
    register(Primitive("wrong_gradient", 1, doubled))
    try:
        assert value("wrong_gradient(x)", "gradient_error") > 0.3
    finally:
        unregister("wrong_gradient")
    assert value("tanh(x)", "gradient_error") < 1e-9


def test_the_gradient_at_a_kink():
    assert value("relu(x)", "gradient_at_kinks") == "between the slopes"
    # Both have slope 0 at 0, so that a PReLU written so has it too, between 0.25 and 1.
    assert value("relu(x) + 0.25 * minzero(x)", "gradient_at_kinks") == "outside the two slopes at x = 0"
    assert value("relu(x) - relu(-x)", "gradient_at_kinks") == "no kink"
    assert value("relu(x) - relu(-x) + 0 * sqrt(max(x, -x))", "gradient_at_kinks") == "no kink"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("1 / x", "not finite at x = 0;"),
        ("1 / (x - 3.3)", "pole at x = 3.3;"),
        ("safe_div(tanh(x), x)", "pole at x = -1.00.e-07;"),
        ("log(x)", "not finite at x = -20 and elsewhere up to x = 0"),
        ("x / batch_std(x)", "is a whole layer; this needs an activation"),
    ],
)
def test_what_has_no_curve(formula, message):
    with pytest.raises(ActsearchError, match=message):
        curve_of(parse(formula))
