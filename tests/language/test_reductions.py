"""The contract of every reduction: value and slope as NumPy has them, in every rank and precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.language import PRIMITIVES
from actsearch.language.reductions import (
    EPSILON,
    EVONORM_INDEX_SETS,
    GROUPS,
    INDEX_SETS,
    STATISTICS,
    Reduction,
    ShapeError,
    group_count,
    moment,
    reduce,
    spread,
)

REDUCTIONS = {name: row.reduction for name, row in PRIMITIVES.items() if row.reduction}
NAMES = list(REDUCTIONS)
SHAPES = [(4, 6), (3, 5, 6), (3, 4, 2, 6), (2, 2, 3, 2, 6)]
CASES = [
    (name, shape) for name in NAMES for shape in SHAPES if len(shape) > 2 or REDUCTIONS[name].index_set != "instance"
]


def tensor(shape, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    size = (shape[0], *(1 for _ in shape[1:-1]), shape[-1])
    return jnp.asarray(rng.uniform(0.5, 2, size) * rng.normal(size=shape) + rng.normal(size=size), dtype)


def reference(name, x, epsilon=EPSILON):
    """A statistic in float64; groups, of which there are two, are layers of their own."""
    index_set, statistic = REDUCTIONS[name]
    if index_set == "group":
        halves = np.split(x, 2, axis=-1)
        return np.concatenate([reference(Reduction("layer", statistic).name, half, epsilon) for half in halves], -1)
    space = tuple(range(1, x.ndim - 1))
    axes = {"batch": (0, *space), "instance": space, "layer": (*space, x.ndim - 1), "feature": (-1,)}[index_set]
    mean = x.mean(axes, keepdims=True)
    centred = {"mean": None, "rms": x, "std": x - mean}[statistic]
    value = mean if centred is None else np.sqrt((centred**2).mean(axes, keepdims=True) + epsilon)
    return np.broadcast_to(value, x.shape)


def test_every_statistic_has_its_row():
    assert [f"{index_set}_{statistic}" for index_set in INDEX_SETS for statistic in STATISTICS] == NAMES
    assert EVONORM_INDEX_SETS == ("batch", "instance", "layer", "group")
    assert all(reduction.name == name for name, reduction in REDUCTIONS.items())


@pytest.mark.parametrize("epsilon", [EPSILON, 1e-3])
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_values(name, shape, epsilon):
    with jax.enable_x64(True):
        x = tensor(shape)
        value = PRIMITIVES[name].function(x, groups=2, epsilon=epsilon)
        np.testing.assert_allclose(value, reference(name, np.asarray(x), epsilon), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_slopes(name, shape):
    """The slope of a weighted sum along a random direction, against a central difference of the reference."""
    rng, step = np.random.default_rng(1), 1e-6
    weights, direction = rng.normal(size=shape), rng.normal(size=shape)
    with jax.enable_x64(True):
        x = tensor(shape)
        slope = np.asarray(jax.grad(lambda x: jnp.sum(weights * PRIMITIVES[name].function(x, groups=2)))(x))
        x = np.asarray(x)
    ends = [np.sum(weights * reference(name, x + sign * step * direction)) for sign in (1, -1)]
    np.testing.assert_allclose(np.sum(slope * direction), (ends[0] - ends[1]) / (2 * step), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_tensor_has_finite_slopes(name):
    """The root of epsilon alone is differentiated there."""
    for fill in (0.0, 3.0):
        slope = jax.grad(lambda x: reduce(REDUCTIONS[name], x, groups=2).sum())(jnp.full((3, 4, 2, 4), fill))
        assert np.isfinite(slope).all()
        if REDUCTIONS[name].statistic == "std":
            np.testing.assert_allclose(slope, 0, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_parity_is_exact(name, dtype):
    with jax.enable_x64(dtype == "float64"):
        x = tensor((3, 4, 2, 4), dtype)
        value, mirrored = reduce(REDUCTIONS[name], x, groups=2), reduce(REDUCTIONS[name], -x, groups=2)
        expected = {"even": value, "odd": -value}[PRIMITIVES[name].parity]
        np.testing.assert_array_equal(mirrored, expected)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
@pytest.mark.parametrize("name", NAMES)
def test_shape_and_dtype_stay_under_every_transformation(name, dtype):
    function = PRIMITIVES[name].function
    slope = jax.grad(lambda x: function(x).sum())
    with jax.enable_x64(dtype == "float64"):
        x = jax.ShapeDtypeStruct((2, 3, 4, 6), dtype)
        results = [jax.eval_shape(f, x) for f in (function, jax.jit(function), slope, jax.vmap(function))]
        assert {(result.shape, result.dtype.name) for result in results} == {(x.shape, dtype)}


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_has_float32_statistics(name):
    x = tensor((3, 16, 16, 4), "bfloat16")
    exact = reference(name, np.asarray(x, np.float64))
    found = moment(REDUCTIONS[name], x, groups=2)
    assert found.dtype == jnp.float32
    wide = spread(REDUCTIONS[name], found, x.astype(jnp.float32))
    np.testing.assert_allclose(wide, exact, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(reduce(REDUCTIONS[name], x, groups=2), wide.astype(jnp.bfloat16))


def test_squares_do_not_overflow_in_float16():
    assert reduce(Reduction("layer", "rms"), jnp.full((1, 4), 300.0, jnp.float16))[0, 0] == 300


@pytest.mark.parametrize("name", [name for name in NAMES if REDUCTIONS[name].statistic == "std"])
def test_a_large_mean_costs_no_digits(name):
    x = jnp.float32(1e3) + tensor((4, 8, 8, 4), "float32") / 2
    exact = reference(name, np.asarray(x, np.float64))
    naive = jnp.sqrt(jnp.mean(jnp.square(x)) - jnp.square(jnp.mean(x)))
    overall = np.asarray(x, np.float64).std()
    np.testing.assert_allclose(reduce(REDUCTIONS[name], x, groups=2), exact, rtol=2e-5)
    assert abs(naive / overall - 1) > 1e-3, "the difference of means of squares, which this is not"


@given(st.integers(1, 4096), st.integers(1, 128))
def test_group_count(features, groups):
    count = group_count(features, groups)
    assert features % count == 0
    assert 1 <= count <= min(features, groups)
    assert not any(features % more == 0 for more in range(count + 1, min(features, groups) + 1))
    assert group_count(features) == group_count(features, GROUPS)


def test_groups_are_neighbouring_channels():
    np.testing.assert_array_equal(
        reduce(Reduction("group", "mean"), jnp.array([[1.0, 3.0, 10.0, 30.0]]), groups=2), [[2, 2, 20, 20]]
    )


@pytest.mark.parametrize("statistic", ["mean", "rms", "std"])
def test_an_instance_needs_space(statistic):
    with pytest.raises(ShapeError, match=rf"instance_{statistic} .*there are none: use batch_.* shape \(6, 4\)"):
        reduce(Reduction("instance", statistic), jnp.ones((6, 4)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("shape", "message"), [((), "at least two axes.*: add one"), ((0, 2, 3), "empty"), ((2, 2, 0), "empty")]
)
def test_refuses_a_shape_without_the_statistic(name, shape, message):
    with pytest.raises(ShapeError, match=f"{name} .*{message}.*received shape"):
        reduce(REDUCTIONS[name], jnp.ones(shape))


@pytest.mark.parametrize("name", NAMES)
def test_features_alone_need_no_batch(name):
    if REDUCTIONS[name].index_set == "feature":
        x = tensor((4, 6), "float32")
        np.testing.assert_allclose(reduce(REDUCTIONS[name], x[0]), reduce(REDUCTIONS[name], x)[0], rtol=1e-6)
    else:
        with pytest.raises(ShapeError, match=f"{name} .*at least two axes: add one for the batch"):
            reduce(REDUCTIONS[name], jnp.ones(3))


@pytest.mark.parametrize("name", [name for name in NAMES if REDUCTIONS[name].over_batch])
def test_a_mask_leaves_positions_out(name):
    x, mask = tensor((5, 4, 6), "float32"), np.random.default_rng(3).random((5, 4)) < 0.5
    kept = jnp.asarray(np.asarray(x)[mask])
    expected = moment(REDUCTIONS[name], kept)
    np.testing.assert_allclose(moment(REDUCTIONS[name], x, mask=mask[..., None]), expected, rtol=1e-5, atol=1e-6)
    whole = moment(REDUCTIONS[name], x, mask=np.ones((5, 4, 1), bool))
    np.testing.assert_allclose(whole, moment(REDUCTIONS[name], x), rtol=1e-6)
