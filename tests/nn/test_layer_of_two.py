"""The layer of a gate, in NNX and in Linen: two inputs, both trained through, and clear errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from actsearch import ActsearchError, parse
from actsearch.language import INPUTS
from actsearch.nn import Layer, LinenLayer

SWISHED = parse("x * sigmoid(beta * x) * y", inputs=INPUTS)
SCALED = parse("sigmoid(x) * y / batch_std(y) * gamma", inputs=INPUTS)
RNG = np.random.default_rng(0)
X, Y = (jnp.asarray(RNG.normal(size=(6, 3)), jnp.float32) for _ in range(2))


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def linen_layer(program):
    """Returns (x, y) -> value of a Linen layer with its initial variables."""
    layer = LinenLayer(program)
    variables = layer.init(jax.random.key(0), X, Y)
    return lambda *inputs, **flags: layer.apply(variables, *inputs, **flags)


both = pytest.mark.parametrize("make", [lambda program: Layer(program, 3), linen_layer], ids=["nnx", "linen"])


@both
def test_a_gate_takes_x_and_y(make):
    np.testing.assert_allclose(make(SWISHED)(X, Y), X * sigmoid(X) * Y, rtol=1e-6)


def test_parameters_are_trained():
    layer = Layer(SWISHED, 3)
    gradient = nnx.grad(lambda layer: jnp.sum(layer(X, Y)))(layer)
    s = sigmoid(X)
    expected = (Y * X * X * s * (1 - s)).sum(axis=0)
    np.testing.assert_allclose(gradient.parameters["beta"][...], expected, rtol=1e-5, atol=1e-6)


def test_statistics_are_kept_for_evaluation():
    layer = Layer(SCALED, 3, momentum=0.5)
    value = layer(X, Y)
    y, variance = np.asarray(Y), np.var(Y, axis=0)
    np.testing.assert_allclose(value, sigmoid(X) * y / np.sqrt(variance + 1e-5), rtol=1e-5)
    np.testing.assert_allclose(layer.statistics[...], [0.5 + 0.5 * variance], rtol=1e-5)
    expected = sigmoid(X) * y / np.sqrt(0.5 + 0.5 * variance + 1e-5)
    np.testing.assert_allclose(layer(X, Y, True), expected, rtol=1e-5)
    np.testing.assert_allclose(layer(X, Y, use_running_average=True), expected, rtol=1e-5)
    layer.eval()
    np.testing.assert_allclose(layer(X[:1], Y[:1]), expected[:1], rtol=1e-5)


def test_the_flag_of_one_input_is_the_second_argument():
    """As in Flax's BatchNorm."""
    layer = Layer(parse("x / batch_std(x)"), 3, momentum=0.0)
    layer(X)
    assert int(layer.steps[...]) == 1
    layer(X, True)
    assert int(layer.steps[...]) == 1
    layer(X, False)
    assert int(layer.steps[...]) == 2


@both
@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        ("bfloat16", "bfloat16", "float32"),
        ("bfloat16", "float32", "float32"),
        ("float32", "float16", "float32"),
    ],
)
def test_dtypes_promote_with_the_parameters(make, first, second, result):
    assert make(SWISHED)(X.astype(first), Y.astype(second)).dtype == result


@pytest.mark.parametrize(("first", "second"), [("bfloat16", "bfloat16"), ("float32", "bfloat16")])
def test_a_result_of_half_precision(first, second):
    layer = Layer(SWISHED, 3, dtype=jnp.bfloat16)
    x, y = X.astype(first), Y.astype(second)
    value = layer(x, y)
    assert value.dtype == jnp.bfloat16
    a, b = (np.asarray(array, np.float64) for array in (x, y))
    np.testing.assert_allclose(np.asarray(value, np.float64), a * sigmoid(a) * b, rtol=2e-2, atol=1e-3)


@both
@pytest.mark.parametrize(
    ("program", "inputs", "message"),
    [
        (SWISHED, (X,), "takes two inputs, x and y; received x alone: pass both"),
        (parse("relu(x)"), (X, Y), r"relu\(x\) takes one input, x; received a second one: pass x alone"),
        (SWISHED, (X, Y[:1]), r"takes x and y of one shape; received \(6, 3\) and \(1, 3\)"),
        (SWISHED, (X, Y[:, :2]), r"has 3 features; received an input of shape \(6, 2\)"),
    ],
    ids=["missing", "extra", "shape", "features"],
)
def test_wrong_inputs(make, program, inputs, message):
    layer = Layer(program, 3) if make is not linen_layer else LinenLayer(program).bind({})
    with pytest.raises(ActsearchError, match=f"The layer .*{message}"):
        layer(*inputs)


def test_a_linen_network_trains_both_branches():
    class Gated(linen.Module):
        @linen.compact
        def __call__(self, x):
            return LinenLayer(SWISHED)(linen.Dense(4)(x), linen.Dense(4)(x))

    network = Gated()
    variables = network.init(jax.random.key(0), X)
    gradient = jax.grad(lambda variables: jnp.sum(network.apply(variables, X) ** 2))(variables)
    assert all(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(gradient["params"]["Dense_0"]))
    assert all(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(gradient["params"]["Dense_1"]))
    assert gradient["params"]["LinenLayer_0"]["beta"].shape == (4,)
