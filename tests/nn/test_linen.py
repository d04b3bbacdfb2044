"""The Linen layer is the NNX layer: same values, gradients and running statistics, and the same errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx

from actsearch import parse
from actsearch.catalog import CATALOG, LAYERS
from actsearch.nn import Layer, LinenLayer

FEATURES, STEPS = 6, 2
OPTIONS = {"groups": 2, "epsilon": 1e-3, "momentum": 0.7}
PROGRAMS = {name: CATALOG[name].program for name in LAYERS} | {
    "nested": parse("x / batch_std(instance_mean(x)) - batch_mean(batch_std(x) * x)"),
    "elementwise": parse("x * sigmoid(beta * x)"),
    "shared": parse("scalar alpha = 0.5; tanh(alpha * x) / batch_std(x) * gamma + shift"),
}
BATCH_NORM = PROGRAMS["batch_norm_relu"]


def images(seed, features=FEATURES):
    return jnp.asarray(np.random.default_rng(seed).normal(1.0, 2.0, (4, 3, 2, features)), jnp.float32)


def pair(program):
    """Returns an NNX layer and a Linen layer with its variables, with equal random parameters."""
    ours, linen = Layer(program, FEATURES, **OPTIONS), LinenLayer(program, **OPTIONS)
    variables = linen.init(jax.random.key(0), images(0))
    rng = np.random.default_rng(1)
    for key, param in ours.parameters.items():
        np.testing.assert_array_equal(variables["params"][key], param[...])
        param[...] += jnp.asarray(rng.normal(0, 0.3, param.shape), jnp.float32)
        variables["params"][key] = param[...]
    return ours, linen, variables


def gradients(ours, linen, variables, x):
    graph, state, rest = nnx.split(ours, nnx.Param, ...)

    def of_nnx(x, state):
        return jnp.sum(jnp.cos(nnx.merge(graph, state, rest, copy=True)(x)))

    def of_linen(x, params):
        return jnp.sum(jnp.cos(linen.apply({**variables, "params": params}, x, mutable=["batch_stats"])[0]))

    d_x, d_state = jax.grad(of_nnx, (0, 1))(x, state)
    return (d_x, nnx.to_pure_dict(d_state).get("parameters", {})), jax.grad(of_linen, (0, 1))(
        x, variables.get("params", {})
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_equals_the_nnx_layer(name):
    ours, linen, variables = pair(PROGRAMS[name])
    for step in range(STEPS):
        x = images(step)
        mine, its = gradients(ours, linen, variables, x)
        jax.tree.map(np.testing.assert_array_equal, mine, its)
        y, changed = linen.apply(variables, x, mutable=["batch_stats"])
        np.testing.assert_array_equal(ours(x), y)
        variables |= changed
        if ours.statistics is not None:
            np.testing.assert_array_equal(ours.statistics[...], variables["batch_stats"]["statistics"])
            assert int(variables["batch_stats"]["steps"]) == int(ours.steps[...]) == step + 1
    assert ("batch_stats" in variables) is (ours.statistics is not None)
    x = images(STEPS)
    np.testing.assert_array_equal(ours(x, True), linen.apply(variables, x, use_running_average=True))


def test_init_leaves_the_statistics_at_their_start():
    variables = LinenLayer(BATCH_NORM).init(jax.random.key(0), images(0))
    np.testing.assert_array_equal(variables["batch_stats"]["statistics"], [[0.0] * FEATURES, [1.0] * FEATURES])
    assert variables["batch_stats"]["steps"] == 0
    LinenLayer(BATCH_NORM).init(jax.random.key(0), images(0), use_running_average=True)


def test_takes_what_becomes_an_array():
    layer, x = LinenLayer(BATCH_NORM), np.random.default_rng(0).normal(size=(5, FEATURES))
    expected, variables = layer.init_with_output(jax.random.key(0), jnp.asarray(x, jnp.float32))
    for given in (x, x.tolist()):
        np.testing.assert_array_equal(layer.init_with_output(jax.random.key(0), given)[0], expected)
        np.testing.assert_array_equal(layer.apply(variables, given, mutable=["batch_stats"])[0], expected)


@pytest.mark.parametrize("dtype", [None, jnp.float16, jnp.float32])
@pytest.mark.parametrize("param_dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("input_dtype", [jnp.bfloat16, jnp.float32])
def test_dtypes_are_those_of_flax(dtype, param_dtype, input_dtype):
    x, dtypes = images(0).astype(input_dtype), {"dtype": dtype, "param_dtype": param_dtype}
    flax = nn.BatchNorm(use_running_average=False, **dtypes)
    y, variables = LinenLayer(BATCH_NORM, **dtypes).init_with_output(jax.random.key(0), x)
    expected, theirs = flax.init_with_output(jax.random.key(0), x)
    assert y.dtype == expected.dtype
    assert variables["params"]["gamma"].dtype == theirs["params"]["scale"].dtype
    assert variables["batch_stats"]["statistics"].dtype == theirs["batch_stats"]["mean"].dtype
    changed = LinenLayer(BATCH_NORM, **dtypes).apply(variables, x, mutable=["batch_stats"])[1]
    assert changed["batch_stats"]["statistics"].dtype == jnp.float32


@pytest.mark.parametrize("across", [False, True])
def test_masks_and_mapped_axes_are_those_of_flax(across):
    mask = jnp.asarray(np.random.default_rng(2).random((4, 3, 2, 1)) < 0.6)
    axis = {"axis_name": "batch"} if across else {}
    program = parse("param beta = 0; (x - batch_mean(x)) / batch_std(x) * gamma + beta")
    ours = LinenLayer(program, momentum=0.9, **axis)
    flax = nn.BatchNorm(use_running_average=False, momentum=0.9, use_fast_variance=False, **axis)

    def outputs(layer):
        variables = layer.init(jax.random.key(0), images(0))
        apply = lambda x, mask: layer.apply(variables, x, mask=mask, mutable=["batch_stats"])  # noqa: E731
        if not across:
            return apply(images(0), mask)
        return jax.vmap(apply, axis_name="batch")(images(0)[:, None], mask[:, None])

    (y, state), (expected, theirs) = outputs(ours), outputs(flax)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    moments = state["batch_stats"]["statistics"]
    np.testing.assert_allclose(moments[..., 0, :], theirs["batch_stats"]["mean"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(moments[..., 1, :], theirs["batch_stats"]["var"], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "x", "message"),
    [
        ({"groups": 0}, images(0), r"relu.* needs groups of at least 1; received 0: 32 is usual"),
        ({"epsilon": -1.0}, images(0), r"relu.* needs a finite epsilon of at least 0; received -1.0: 1e-05 is usual"),
        ({"momentum": 1.0}, images(0), r"relu.* needs a momentum from 0 .*; received 1.0: 0.9 is usual"),
        ({}, jnp.ones(FEATURES), r"relu.* cannot take an input of shape \(6,\): .*x\[None\]"),
        ({}, jnp.ones(()), r"relu.* received an input of shape \(\)"),
        ({}, jnp.ones((2, 3, 3, 0)), r"relu.* needs num_features of at least 1; received 0"),
    ],
)
def test_errors_are_those_of_the_nnx_layer(options, x, message):
    with pytest.raises(ValueError, match=message):
        LinenLayer(BATCH_NORM, **options).init(jax.random.key(0), x)


def test_refuses_whole_numbers():
    with pytest.raises(TypeError, match=r"relu.* needs a floating-point input; received int32 of shape \(2, 3\)"):
        LinenLayer(BATCH_NORM).init(jax.random.key(0), jnp.ones((2, 3), int))


def test_refuses_an_evaluation_before_any_training():
    layer = LinenLayer(BATCH_NORM)
    variables = layer.init(jax.random.key(0), images(0))
    with pytest.raises(
        ValueError, match=r"relu.* no batch statistics .*shape \(4, 3, 2, 6\).*use_running_average=False"
    ):
        layer.apply(variables, images(0), use_running_average=True)


@pytest.mark.parametrize(
    ("collection", "message"),
    [
        ("params", r"relu.* needs parameter gamma of shape \(6,\); received \(5,\): .*train this one anew"),
        ("batch_stats", r"relu.* needs statistics of shape \(2, 6\); received \(2, 5\): .*train this one anew"),
    ],
)
def test_refuses_variables_of_another_layer(collection, message):
    layer = LinenLayer(BATCH_NORM)
    variables, others = (layer.init(jax.random.key(0), images(0, features)) for features in (FEATURES, 5))
    with pytest.raises(ValueError, match=message):
        layer.apply({**variables, collection: others[collection]}, images(0), mutable=["batch_stats"])
