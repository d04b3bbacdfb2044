"""Transforms against numeric convolutions and closed forms."""

import numpy as np
import pytest

from actsearch import fingerprint, parse
from actsearch.catalog import CATALOG
from actsearch.language import ActsearchError
from actsearch.properties import TRANSFORMS, distance, jets, normal_rule, transform

RELU, LEAKY = parse("relu(x)"), parse("max(x, 0.25 * x)")
X = np.linspace(-3, 3, 25)


def values(program, x=X):
    return jets(program, x)[0]


@pytest.mark.parametrize("width", [0.5, 1.3])
def test_a_box_makes_smelu_of_relu(width):
    smelu = np.where(np.abs(X) <= width, (X + width) ** 2 / (4 * width), np.maximum(X, 0))
    assert values(transform(RELU, f"smooth:box:{width}")) == pytest.approx(smelu, abs=1e-12)


@pytest.mark.parametrize("unit", [RELU, LEAKY, parse("relu(x - 0.5) - relu(-x - 0.5) + 1")], ids=str)
@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_a_normal_density_makes_the_convolution_with_it(unit, sigma):
    found = values(transform(unit, f"smooth:gauss:{sigma}"))
    for x, value in zip(X[::4], found[::4], strict=True):
        points, weights = normal_rule(((0 - x) / sigma, (0.5 - x) / sigma, (-0.5 - x) / sigma))
        assert value == pytest.approx(values(unit, x + sigma * points) @ weights, abs=1e-9)


def test_published_units_are_transforms():
    assert distance(transform(RELU, "smooth:box"), CATALOG["smelu"].program) < 1e-9
    assert distance(transform(LEAKY, "smooth:gauss"), CATALOG["sau"].program) < 1e-9
    assert fingerprint(transform(RELU, "eafo")) == fingerprint(CATALOG["crrelu"].program)


def test_pieces_interpolate_and_keep_linear_ends():
    program = transform(parse("silu(x)"), "pieces:7")
    knots = np.linspace(-3, 3, 6)
    assert values(program, knots) == pytest.approx(values(parse("silu(x)"), knots), abs=1e-8)
    assert jets(program, np.array([-9.0, 9.0]), 1)[1] == pytest.approx([0, 1], abs=1e-8)
    assert distance(transform(RELU, "pieces:8"), RELU) == 0  # a knot lies at 0
    assert distance(transform(RELU, "pieces:2"), RELU) == 0


def test_elementary_ones():
    swish = parse("x * sigmoid(beta * x)")
    assert values(transform(swish, "reflect")) == pytest.approx(-values(swish, -X))
    assert values(transform(swish, "clip:0:1")) == pytest.approx(np.clip(values(swish), 0, 1))
    shrunk = transform(parse("x"), "soft_threshold:0.7")
    assert values(shrunk) == pytest.approx(np.sign(X) * np.maximum(np.abs(X) - 0.7, 0))


def test_an_expanded_gate():
    expanded = transform(parse("x * sigmoid(x)"), "expand:0.3", "expand:0")
    assert dict(expanded.parameters) == {"a": 0.3, "aa": 0.0}
    gate = 1 / (1 + np.exp(-X))
    assert values(expanded) == pytest.approx(X * (gate * 1.6 - 0.3))


def test_the_entropy_correction_is_trained_beside_what_is_there():
    program = transform(parse("scalar epsilon = 0.5; epsilon * x"), "eafo:0.02")
    assert program.parameters == (("epsilon", 0.5), ("epsilonepsilon", 0.02))
    assert program.shared == {"epsilon", "epsilonepsilon"}
    assert values(program) == pytest.approx(0.5 * X + 0.02 * X * np.exp(-(X**2) / 2))


def test_the_entropy_of_the_outputs_falls_along_the_correction():
    """The inverse of f = x moved along it: -int q log q of the density q of the outputs, by quadrature."""
    x = np.linspace(-9, 9, 20_001)

    def entropy(inverse):
        slope = np.gradient(inverse, x)
        density = np.exp(-(inverse**2) / 2) / np.sqrt(2 * np.pi) * slope
        return -np.trapezoid(density * np.log(np.maximum(density, 1e-300)), x)

    correction = x * np.exp(-(x**2) / 2)
    changes = [entropy(x + e * correction) - entropy(x) for e in (0.01, -0.01)]
    assert changes[0] < 0 < changes[1]


def test_every_transform_has_a_default_and_keeps_parameters():
    for name in TRANSFORMS:
        assert transform(parse("param tau = 0; max(x, tau)"), name).kind == "activation"
    assert transform(parse("beta * x"), "clip", "reflect").parameters == (("beta", 1.0),)
    assert transform(parse("param f_ = 2; f_ * x"), "clip").parameters == (("f_", 2.0),)


@pytest.mark.parametrize(
    ("formula", "step", "message"),
    [
        ("silu(x)", "smooth:box", "not piecewise linear, which this transform is for; write pieces:16 before it"),
        ("tanh(x)", "eafo", "not piecewise linear, which this transform is for"),
        ("relu(x)", "smoth", "no transform 'smoth'; write one of smooth:box, smooth:gauss, pieces"),
        ("relu(x)", "clip:a", "clip takes up to 2 numbers, as in clip:-1:1; received 'clip:a'"),
        ("relu(x)", "clip:1:-1", "clip takes a number and a larger one, as in clip:-1:1; received 1 and -1"),
        ("relu(x)", "soft_threshold:-1", "soft_threshold takes a number of at least 0; received -1"),
        ("relu(x)", "smooth:box:-1", "takes a width above 0; received -1"),
        ("relu(x)", "pieces:1", "a whole number of 2 to 128; received 1"),
        ("relu(x)", "pieces:1e7", "a whole number of 2 to 128; received 1e.07"),
        ("1 / x", "clip", "not finite at x = 0"),
    ],
)
def test_mistakes(formula, step, message):
    with pytest.raises(ActsearchError, match=message):
        transform(parse(formula), step)
