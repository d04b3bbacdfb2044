"""Every published layer against its closed form in NumPy, and what ports of it disagree on, one test each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.special import erf

from actsearch import fingerprint, parse
from actsearch.catalog import BASELINES, CATALOG, LAYER_BASELINES, LAYERS, PUBLISHED
from actsearch.nn import Layer

FEATURES, GROUPS, EPSILON, MOMENTUM = 8, 4, 1e-5, 0.9
SPACE, IMAGE, BATCH = (1, 2), (1, 2, 3), (0, 1, 2)


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
    return 1 / (1 + np.exp(-x))


def batch_norm(x, p, batch):
    return (x - batch[0]) / np.sqrt(batch[1] + EPSILON) * p["gamma"] + p["beta"]


def normalized(x, centre, scale, p):
    return (x - centre) / scale * p["gamma"] + p["beta"]


def evonorm(numerator, denominator, p):
    return numerator / denominator * p["gamma"] + p["beta"]


def evonorm_b(x, other, p, batch):
    return evonorm(x, np.maximum(np.sqrt(batch[1] + EPSILON), other), p)


FORMS = {
    "batch_norm_relu": lambda x, p, b: np.maximum(batch_norm(x, p, b), 0),
    "batch_norm_silu": lambda x, p, b: batch_norm(x, p, b) * sigmoid(batch_norm(x, p, b)),
    "group_norm_relu": lambda x, p, b: np.maximum(normalized(x, grouped(mean, x), grouped(std, x), p), 0),
    "layer_norm": lambda x, p, b: normalized(x, mean(x, IMAGE), std(x, IMAGE), p),
    "rms_norm": lambda x, p, b: x / rms(x, IMAGE) * p["gamma"],
    "instance_norm": lambda x, p, b: normalized(x, mean(x, SPACE), std(x, SPACE), p),
    "frn_tlu": lambda x, p, b: np.maximum(evonorm(x, rms(x, SPACE), p), p["tau"]),
    "evonorm_b0": lambda x, p, b: evonorm_b(x, p["v1"] * x + std(x, SPACE), p, b),
    "evonorm_b1": lambda x, p, b: evonorm_b(x, (x + 1) * rms(x, SPACE), p, b),
    "evonorm_b2": lambda x, p, b: evonorm_b(x, rms(x, SPACE) - x, p, b),
    "evonorm_s0": lambda x, p, b: evonorm(x * sigmoid(p["v1"] * x), grouped(std, x), p),
    "evonorm_s1": lambda x, p, b: evonorm(x * sigmoid(x), grouped(std, x), p),
    "evonorm_s2": lambda x, p, b: evonorm(x * sigmoid(x), grouped(rms, x), p),
    "dyt": lambda x, p, b: np.tanh(p["alpha"] * x) * p["gamma"] + p["beta"],
    "derf": lambda x, p, b: erf(p["alpha"] * x + p["s"]) * p["gamma"] + p["beta"],
}
INITIAL = {"gamma": 1.0, "beta": 0.0, "v1": 1.0, "tau": 0.0, "alpha": 0.5, "s": 0.0}


def images(seed=0, shape=(4, 5, 3, FEATURES)):
    """Returns images whose examples and channels differ in mean and scale."""
    rng = np.random.default_rng(seed)
    size = (shape[0], 1, 1, shape[-1])
    return rng.uniform(0.5, 2.0, size) * rng.standard_normal(shape) + rng.normal(size=size)


def parameters_of(name):
    rng = np.random.default_rng(1)
    return {key: rng.normal(initial, 0.3, FEATURES) for key, initial in CATALOG[name].program.parameters}


def layer_of(name, parameters):
    layer = Layer(CATALOG[name].program, FEATURES, groups=GROUPS)
    for key, value in parameters.items():
        layer.parameters[key][...] = jnp.asarray(value)
    return layer


def own_batch(x):
    return x.mean(BATCH), x.var(BATCH)


def test_every_layer_has_a_closed_form():
    assert tuple(FORMS) == LAYERS
    assert {*LAYER_BASELINES} <= {*LAYERS}
    assert not {*LAYERS} & {*BASELINES, *PUBLISHED}
    assert len({fingerprint(CATALOG[name].program) for name in LAYERS}) == len(LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_entries_are_well_formed(name):
    entry = CATALOG[name]
    assert entry.name == name
    assert entry.paper
    assert entry.notes
    assert parse(str(entry.program)) == entry.program
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


def test_layer_norm_of_an_image_is_not_flaxs():
    x = jnp.asarray(images(), jnp.float32)
    ours, flax = Layer(CATALOG["layer_norm"].program, FEATURES), nnx.LayerNorm(FEATURES, epsilon=1e-5, rngs=nnx.Rngs(0))
    over_space_too = nnx.LayerNorm(
        FEATURES, epsilon=1e-5, reduction_axes=(1, 2, 3), feature_axes=-1, rngs=nnx.Rngs(0), use_fast_variance=False
    )
    np.testing.assert_allclose(ours(x), over_space_too(x), rtol=1e-4, atol=1e-5)
    assert np.abs(ours(x) - flax(x)).max() > 0.1


def test_images_of_one_pixel():
    """An instance has no variance there: B0 keeps the batch's alone, and InstanceNorm gives its offset."""
    x = images(shape=(6, 1, 1, FEATURES))
    with jax.enable_x64(True):
        b0 = layer_of("evonorm_b0", {})(jnp.asarray(x))
        np.testing.assert_allclose(b0, x / np.maximum(np.sqrt(x.var(0) + EPSILON), x + np.sqrt(EPSILON)), rtol=1e-9)
        offset = np.arange(FEATURES, dtype=float)
        instance = layer_of("instance_norm", {"beta": offset})(jnp.asarray(x))
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
