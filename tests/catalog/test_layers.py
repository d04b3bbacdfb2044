"""Every published layer against its closed form in NumPy, and what ports of it disagree on, one test each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from flax import nnx
from scipy.special import erf

from actsearch import parse, to_function
from actsearch.catalog import CATALOG, LAYERS
from actsearch.engine import interpreter
from actsearch.nn import Layer
from actsearch.spaces.template import Template

FEATURES, GROUPS, EPSILON, MOMENTUM = 8, 4, 1e-5, 0.9
SPACE, BATCH = (1, 2), (0, 1, 2)


# The layers as their papers write them. `batch` is (mean, variance) of every channel, [features] each.


def std(x, axes):
    return np.sqrt(np.var(x, axes, keepdims=True) + EPSILON)


def rms(x, axes):
    return np.sqrt(np.mean(x**2, axes, keepdims=True) + EPSILON)


def mean(x, axes):
    return np.mean(x, axes, keepdims=True)


def grouped(statistic, x):
    split = x.reshape(*x.shape[:-1], GROUPS, -1)
    return np.broadcast_to(statistic(split, (1, 2, 4)), split.shape).reshape(x.shape)


def sigmoid(x):
    return scipy.special.expit(x)


def batch_norm(x, p, batch):
    return (x - batch[0]) / np.sqrt(batch[1] + EPSILON) * p["gamma"] + p["shift"]


def normalized(x, centre, scale, p):
    return (x - centre) / scale * p["gamma"] + p["shift"]


def evonorm(numerator, denominator, p):
    return numerator / denominator * p["gamma"] + p["shift"]


def evonorm_b(x, other, p, batch):
    return evonorm(x, np.maximum(np.sqrt(batch[1] + EPSILON), other), p)


FORMS = {
    "batch_norm_relu": lambda x, p, b: np.maximum(batch_norm(x, p, b), 0),
    "batch_norm_silu": lambda x, p, b: batch_norm(x, p, b) * sigmoid(batch_norm(x, p, b)),
    "group_norm_relu": lambda x, p, b: np.maximum(normalized(x, grouped(mean, x), grouped(std, x), p), 0),
    "layer_norm": lambda x, p, b: normalized(x, mean(x, -1), std(x, -1), p),
    "rms_norm": lambda x, p, b: x / rms(x, -1) * p["gamma"],
    "instance_norm": lambda x, p, b: normalized(x, mean(x, SPACE), std(x, SPACE), p),
    "frn_tlu": lambda x, p, b: np.maximum(evonorm(x, rms(x, SPACE), p), p["tau"]),
    "evonorm_b0": lambda x, p, b: evonorm_b(x, p["v1"] * x + std(x, SPACE), p, b),
    "evonorm_b1": lambda x, p, b: evonorm_b(x, (x + 1) * rms(x, SPACE), p, b),
    "evonorm_b2": lambda x, p, b: evonorm_b(x, rms(x, SPACE) - x, p, b),
    "evonorm_s0": lambda x, p, b: evonorm(x * sigmoid(p["v1"] * x), grouped(std, x), p),
    "evonorm_s1": lambda x, p, b: evonorm(x * sigmoid(x), grouped(std, x), p),
    "evonorm_s2": lambda x, p, b: evonorm(x * sigmoid(x), grouped(rms, x), p),
    "dyt": lambda x, p, b: np.tanh(p["alpha"] * x) * p["gamma"] + p["shift"],
    "derf": lambda x, p, b: erf(p["alpha"] * x + p["s"]) * p["gamma"] + p["shift"],
}
INITIAL = {"gamma": 1.0, "shift": 0.0, "v1": 1.0, "tau": 0.0, "alpha": 0.5, "s": 0.0}


def images(seed=0, shape=(4, 5, 3, FEATURES)):
    """Returns images whose examples and channels differ in mean and scale."""
    rng = np.random.default_rng(seed)
    size = (shape[0], 1, 1, shape[-1])
    return rng.uniform(0.5, 2.0, size) * rng.standard_normal(shape) + rng.normal(size=size)


def parameters_of(name):
    rng = np.random.default_rng(1)
    return {key: rng.normal(initial, 0.3, FEATURES) for key, initial in CATALOG[name].program.parameters}


def layer_of(name, parameters, **options):
    """Returns a layer with these parameters, in float64 where that is enabled."""
    layer = Layer(CATALOG[name].program, FEATURES, groups=GROUPS, param_dtype=jnp.result_type(float), **options)
    for key, value in parameters.items():
        layer.parameters[key][...] = jnp.asarray(value, jnp.result_type(float))
    return layer


def own_batch(x):
    return x.mean(BATCH), x.var(BATCH)


def test_every_layer_has_a_closed_form():
    assert tuple(FORMS) == LAYERS


@pytest.mark.parametrize("name", LAYERS)
def test_the_affine_part(name):
    entry = CATALOG[name]
    assert entry.notes
    assert dict(entry.program.parameters).items() <= INITIAL.items()
    assert "gamma" in dict(entry.program.parameters)


@pytest.mark.parametrize("name", LAYERS)
def test_value_in_training(name):
    x, p = images(), parameters_of(name)
    with jax.enable_x64(True):
        np.testing.assert_allclose(layer_of(name, p)(jnp.asarray(x)), FORMS[name](x, p, own_batch(x)), rtol=1e-9)


@pytest.mark.parametrize("name", LAYERS)
def test_value_in_evaluation(name):
    """After three steps the moving averages are those of Ioffe and Szegedy, started at mean 0 and variance 1."""
    p, moving = parameters_of(name), (np.zeros(FEATURES), np.ones(FEATURES))
    with jax.enable_x64(True):
        layer = layer_of(name, p)
        for seed in range(3):
            x = images(seed)
            layer(jnp.asarray(x))
            moving = [MOMENTUM * old + (1 - MOMENTUM) * new for old, new in zip(moving, own_batch(x), strict=True)]
        x = images(3)
        np.testing.assert_allclose(layer(jnp.asarray(x), True), FORMS[name](x, p, moving), rtol=1e-9)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name):
    """Along random directions, against central differences of the closed form."""
    x, p = images(), parameters_of(name)
    weights, step, rng = images(5), 1e-6, np.random.default_rng(6)

    def loss(at):
        return np.sum(weights * FORMS[name](at["x"], at, own_batch(at["x"])))

    with jax.enable_x64(True):
        graph, state, rest = nnx.split(layer_of(name, p), nnx.Param, ...)

        def ours(x, state):
            return jnp.sum(weights * nnx.merge(graph, state, rest, copy=True)(x))

        d_x, d_state = jax.grad(ours, (0, 1))(jnp.asarray(x), state)
    slopes = {"x": np.asarray(d_x)} | jax.tree.map(np.asarray, nnx.to_pure_dict(d_state)["parameters"])
    for key, slope in slopes.items():
        direction = rng.standard_normal(slope.shape)
        ends = [{"x": x, **p} for _ in range(2)]
        for sign, end in zip((1, -1), ends, strict=True):
            end[key] = end[key] + sign * step * direction
        difference = (loss(ends[0]) - loss(ends[1])) / (2 * step)
        np.testing.assert_allclose(np.sum(slope * direction), difference, rtol=1e-6, atol=1e-6, err_msg=key)


# What ports disagree on.


def test_epsilon_is_1e_5_inside_the_root():
    x = 1e-3 * np.random.default_rng(0).standard_normal((8, 4, 4, 3)).astype(np.float32)
    for epsilon, options in ((1e-5, {}), (1e-3, {"epsilon": 1e-3})):
        expected = x / np.sqrt(x.var((1, 2, 3), keepdims=True) + epsilon) * sigmoid(x)
        layer = Layer(CATALOG["evonorm_s0"].program, 3, groups=1, **options)
        np.testing.assert_allclose(layer(jnp.asarray(x)), expected, rtol=1e-4)


def test_the_papers_epsilon_of_frn_is_an_option():
    x = 1e-3 * np.random.default_rng(0).standard_normal((2, 4, 4, 3)).astype(np.float32)
    expected = np.maximum(x / np.sqrt((x**2).mean((1, 2), keepdims=True) + 1e-6), 0)
    layer = Layer(CATALOG["frn_tlu"].program, 3, epsilon=1e-6)
    np.testing.assert_allclose(layer(jnp.asarray(x)), expected, rtol=1e-4)


def test_the_running_variance_is_biased_and_moves_by_a_tenth():
    x = images(shape=(2, 1, 2, 3)).astype(np.float32)  # 4 values a channel: n / (n - 1) would be 4 / 3
    layer = Layer(CATALOG["evonorm_b0"].program, 3)
    layer(jnp.asarray(x))
    np.testing.assert_allclose(layer.statistics[0], 0.9 + 0.1 * x.var(BATCH), rtol=1e-5)


def test_the_channels_are_the_last_axis_and_the_running_variance_has_one_value_each():
    """The two faults that the author of EvoNorm found in a port."""
    x = images(shape=(2, 3, 5, 7)).astype(np.float32)
    layer = Layer(CATALOG["batch_norm_relu"].program, 7)
    layer(jnp.asarray(x))
    assert layer.statistics.shape == (2, 7)
    np.testing.assert_allclose(layer.statistics[0], 0.1 * x.mean(BATCH), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("features", "like"), [(24, "instance_std"), (37, "layer_std")])
def test_32_groups_are_lowered_until_they_divide(features, like):
    """24 channels have 24 groups of one, and 37, a prime above 32, have a single group."""
    x = jnp.asarray(images(shape=(2, 3, 3, features)), jnp.float32)
    other = parse(str(CATALOG["evonorm_s0"].program).replace("group_std", like))
    np.testing.assert_allclose(
        Layer(CATALOG["evonorm_s0"].program, features)(x), Layer(other, features)(x), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(6, FEATURES), (4, 5, FEATURES), (4, 5, 3, FEATURES)])
@pytest.mark.parametrize(("name", "flax"), [("layer_norm", nnx.LayerNorm), ("rms_norm", nnx.RMSNorm)])
def test_norms_over_features_are_those_of_flax(name, flax, shape):
    rng = np.random.default_rng(3)
    x, weights = (jnp.asarray(rng.normal(size=shape) + 0.5, jnp.float32) for _ in range(2))
    ours, theirs = layer_of(name, parameters_of(name)), flax(FEATURES, epsilon=EPSILON, rngs=nnx.Rngs(0))
    theirs.scale[...] = ours.parameters["gamma"][...]
    if name == "layer_norm":
        theirs.bias[...] = ours.parameters["shift"][...]
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-5)
    slope, expected = (nnx.grad(lambda layer: jnp.sum(weights * layer(x)))(layer) for layer in (ours, theirs))
    np.testing.assert_allclose(slope["parameters"]["gamma"][...], expected["scale"][...], rtol=1e-4, atol=1e-4)
    d_x, expected = (jax.grad(lambda x, f=f: jnp.sum(weights * f(x)))(x) for f in (ours, theirs))
    np.testing.assert_allclose(d_x, expected, rtol=1e-4, atol=1e-5)


def causal_outputs(norms, tokens):
    """Returns [batch, length, features] of a causal network of one block: attention between two norms."""
    table = jax.random.normal(jax.random.key(0), (11, FEATURES))
    attention = nnx.MultiHeadAttention(num_heads=2, in_features=FEATURES, decode=False, rngs=nnx.Rngs(1))
    first, second = norms
    x = table[tokens]
    x = x + attention(first(x), mask=nnx.make_causal_mask(tokens))
    return second(x)


def test_norms_over_features_keep_a_network_causal():
    tokens = jnp.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]])
    changed = tokens.at[:, -1].set(0)

    def difference(*programs):
        norms = [Layer(program, FEATURES) for program in programs]
        before, after = (np.asarray(causal_outputs(norms, sequence)) for sequence in (tokens, changed))
        assert np.abs(before[:, -1] - after[:, -1]).max() > 0.1, "the last token does change its own output"
        return np.abs(before[:, :-1] - after[:, :-1]).max()

    assert difference(CATALOG["layer_norm"].program, CATALOG["rms_norm"].program) == 0
    assert difference(CATALOG["rms_norm"].program, CATALOG["layer_norm"].program) == 0
    assert difference(*[parse("(x - layer_mean(x)) / layer_std(x)")] * 2) > 0.1, "the paper's set mixes positions"


def test_images_of_one_pixel():
    """An instance has no variance there: B0 keeps the batch's alone, and InstanceNorm gives its offset."""
    x = images(shape=(6, 1, 1, FEATURES))
    with jax.enable_x64(True):
        b0 = layer_of("evonorm_b0", {})(jnp.asarray(x))
        np.testing.assert_allclose(b0, x / np.maximum(np.sqrt(x.var(0) + EPSILON), x + np.sqrt(EPSILON)), rtol=1e-9)
        offset = np.arange(FEATURES, dtype=float)
        instance = layer_of("instance_norm", {"shift": offset})(jnp.asarray(x))
        np.testing.assert_array_equal(instance, np.broadcast_to(offset, x.shape))


@pytest.mark.parametrize("name", LAYERS)
def test_an_example_does_not_depend_on_its_neighbours_in_evaluation(name):
    layer, x = layer_of(name, parameters_of(name)), jnp.asarray(images(), jnp.float32)
    layer(x)
    together = layer(x, True)
    alone = jnp.concatenate([layer(x[i : i + 1], True) for i in range(len(x))])
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_in_training_only_batch_statistics_see_the_neighbours(name):
    layer, x = layer_of(name, parameters_of(name)), jnp.asarray(images(), jnp.float32)
    same = np.allclose(layer(x)[:1], layer(x.at[1:].mul(10))[:1], rtol=1e-5, atol=1e-6)
    assert same is not bool(CATALOG[name].program.batch_reductions)


# Half precision: the formula in float64 on the same rounded numbers, rounded once.

HALVES = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
"""Relative error of one rounding."""

SIGNALS = {"ordinary": images(), "large mean": images() + 100}
NEAR_OVERFLOW = np.sign(images()) * np.random.default_rng(2).uniform(0.9, 1, images().shape) * 6e4
CASES = [(dtype, signal, x) for dtype in HALVES for signal, x in SIGNALS.items()]
CASES += [("float16", "near overflow", NEAR_OVERFLOW), ("bfloat16", "near overflow", NEAR_OVERFLOW)]


def assert_rounded_once(actual, expected, program, dtype):
    """Layers with statistics are rounded last; the others round each of up to eight steps."""
    error = HALVES[dtype] * (1.01 if program.reductions else 8)
    smallest = 1e-4 if program.reductions else error
    assert actual.dtype == dtype
    np.testing.assert_allclose(np.asarray(actual, float), expected, rtol=error, atol=smallest)


@pytest.mark.parametrize(("dtype", "signal", "x"), CASES, ids=[f"{dtype}-{signal}" for dtype, signal, _ in CASES])
@pytest.mark.parametrize("name", LAYERS)
def test_half_precision(name, dtype, signal, x):
    x, p, program = jnp.asarray(x, dtype), parameters_of(name), CATALOG[name].program
    p = {key: np.asarray(value, np.float32).astype(float) for key, value in p.items()}
    exact = np.asarray(x, float)
    layer = layer_of(name, p, dtype=dtype, momentum=0.0)
    moments = own_batch(exact)
    assert_rounded_once(layer(x), FORMS[name](exact, p, moments), program, dtype)
    assert_rounded_once(layer(x, True), FORMS[name](exact, p, moments), program, dtype)
    function = to_function(program, groups=GROUPS)
    slope = jax.grad(lambda x: function(x, **p).astype(jnp.float32).sum())(x)
    assert slope.dtype == dtype
    assert np.isfinite(np.asarray(slope, float)).all()


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", LAYERS)
def test_both_engines_round_alike(name, dtype):
    program, x = CATALOG[name].program, jnp.asarray(images() + 100, dtype)
    template = Template.bank([program])
    value, moments = interpreter(template)(
        jnp.zeros(0, jnp.int32), x, tuple(jnp.full(8, v) for _, v in template.parameters)
    )
    assert value.dtype == dtype
    np.testing.assert_allclose(
        np.asarray(value, float), np.asarray(to_function(program)(x), float), rtol=2 * HALVES[dtype], atol=1e-5
    )
    assert moments.dtype == jnp.float32


@pytest.mark.parametrize("dtype", HALVES)
def test_batch_norm_at_a_large_mean_is_as_exact_as_flaxs(dtype):
    x = jnp.asarray(np.random.default_rng(0).normal(100, 1, (64, 16, 16, 3)), dtype)
    flax = nnx.BatchNorm(3, epsilon=EPSILON, dtype=dtype, use_fast_variance=False, rngs=nnx.Rngs(0))(x)
    plain = to_function(parse("(x - batch_mean(x)) / batch_std(x)"))(x)
    affine = Layer(parse("(x - batch_mean(x)) / batch_std(x) * gamma + shift"), 3, dtype=dtype)(x)
    means = [np.abs(np.asarray(y, float).mean(BATCH)).max() for y in (flax, plain, affine)]
    assert max(means[1:]) <= 1.01 * means[0] + 1e-6
    for y in (plain, affine):
        np.testing.assert_allclose(np.asarray(y, float), np.asarray(flax, float), rtol=2 * HALVES[dtype], atol=1e-4)
