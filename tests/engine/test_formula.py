"""A program as a function of its own: under every transformation, in every precision, with clear errors."""

import pickle

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse, to_function
from actsearch.engine import NormSettings, specialize

SWISH = parse("x * sigmoid(beta * x)")
X = np.array([[-2.0, 0.5, 1.0], [0.0, -0.25, 3.0]])
TOLERANCE = {jnp.float64: 1e-15, jnp.float32: 1e-6, jnp.bfloat16: 2e-2}  # relative; bfloat16 keeps 8 bits


def swish(x, beta):
    return x / (1 + np.exp(-np.asarray(beta) * x))


@pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit, jax.vmap], ids=["plain", "jit", "vmap"])
def test_keeps_shape_dtype_and_value(dtype, transform):
    with jax.enable_x64(dtype == jnp.float64):
        result = transform(to_function(SWISH))(jnp.asarray(X, dtype))
        chex.assert_shape(result, X.shape)
        assert result.dtype == dtype
        np.testing.assert_allclose(np.asarray(result, np.float64), swish(X, 1.0), rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("beta", [0.5, jnp.float32(0.5), np.array([0.5]), np.array([0.5, 1.0, 2.0])])
def test_a_parameter_is_one_value_or_one_a_channel(beta):
    np.testing.assert_allclose(to_function(SWISH)(jnp.asarray(X), beta=beta), swish(X, beta), rtol=1e-5)


def test_a_parameter_left_out_has_its_initial_value():
    program = parse("param a = 0.25; max(x, a * x) + shift + v")
    np.testing.assert_allclose(to_function(program)(jnp.asarray(X)), np.maximum(X, 0.25 * X) + 1.0, rtol=1e-6)
    np.testing.assert_allclose(
        to_function(program)(jnp.asarray(X), shift=2.0), np.maximum(X, 0.25 * X) + 3.0, rtol=1e-6
    )


def test_a_function_of_no_input_has_the_shape_of_x():
    function = to_function(parse("beta"))
    np.testing.assert_array_equal(function(jnp.asarray(X), beta=np.array([1.0, 2.0, 3.0])), [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_array_equal(to_function(parse("0.5"))(jnp.asarray(X)), np.full(X.shape, 0.5))


def test_accepts_numbers_and_scalars():
    function = to_function(SWISH)
    assert float(function(2.0)) == pytest.approx(swish(2.0, 1.0))
    assert function(jnp.float32(2.0)).shape == ()


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients(compiled):
    function = to_function(SWISH)

    def loss(x, beta):
        return jnp.sum(jnp.square(function(x, beta=beta)))

    gradient = jax.grad(loss, (0, 1))
    with jax.enable_x64(True):
        beta = jnp.array([0.5, 1.0, 2.0])
        dx, dbeta = (jax.jit(gradient) if compiled else gradient)(jnp.asarray(X), beta)
        s = 1 / (1 + np.exp(-np.asarray(beta) * X))
        value = X * s
        np.testing.assert_allclose(dx, 2 * value * (s + X * s * (1 - s) * np.asarray(beta)), rtol=1e-12)
        np.testing.assert_allclose(dbeta, (2 * value * X * X * s * (1 - s)).sum(axis=0), rtol=1e-12)


def test_a_parameter_takes_the_precision_of_x():
    """Weights are kept in float32 where x is bfloat16; the result has the dtype of x."""
    assert to_function(SWISH)(jnp.asarray(X, jnp.bfloat16), beta=jnp.ones(3, jnp.float32)).dtype == jnp.bfloat16


def test_gradient_in_bfloat16_is_finite_and_of_that_type():
    slope = jax.grad(lambda x: to_function(SWISH)(x).sum())(jnp.asarray(X, jnp.bfloat16))
    assert slope.dtype == jnp.bfloat16
    assert np.isfinite(np.asarray(slope, np.float32)).all()


def test_vmap_over_parameters():
    betas = jnp.array([[0.5, 1.0, 2.0], [1.0, 1.0, 1.0]])
    result = jax.vmap(lambda beta: to_function(SWISH)(jnp.asarray(X), beta=beta))(betas)
    np.testing.assert_allclose(result, np.stack([swish(X, beta) for beta in betas]), rtol=1e-5)


def test_unknown_parameter():
    with pytest.raises(TypeError, match=r"has no parameter 'alpha'; its trainable parameters: beta\."):
        to_function(SWISH)(jnp.ones(3), alpha=1.0)
    with pytest.raises(TypeError, match=r"its trainable parameters: none\."):
        to_function(parse("relu(x)"))(jnp.ones(3), alpha=1.0)


@pytest.mark.parametrize("x", [jnp.arange(3), 2, jnp.array([True])])
def test_an_x_that_is_not_floating_point(x):
    with pytest.raises(TypeError, match=r"needs a floating-point x; received (int32|bool): write x\.astype"):
        to_function(SWISH)(x)


def test_a_parameter_with_another_number_of_channels():
    with pytest.raises(ValueError, match=r"float32\[2\].*float32\[2,3\]"):
        to_function(SWISH)(jnp.ones((2, 3)), beta=jnp.ones(2))


def test_specialize_holds_name_parameters_and_function():
    candidate = specialize(SWISH)
    assert (candidate.name, dict(candidate.parameters)) == ("x * sigmoid(beta * x)", {"beta": 1.0})
    value, moments = candidate.function(jnp.asarray(X), {"beta": 2.0}, None, NormSettings())
    np.testing.assert_allclose(value, swish(X, 2.0), rtol=1e-5)
    assert len(moments) == len(candidate.moments) == 0


def test_equal_programs_make_equal_functions():
    """Flax compares layers by their functions; hashing and equality decide what is traced again."""
    again, other = parse(str(SWISH)), parse("x * sigmoid(x)")
    for make in (to_function, lambda program: specialize(program).function):
        assert make(SWISH) == make(again) != make(other)
        assert hash(make(SWISH)) == hash(make(again))
    assert to_function(SWISH) != to_function(SWISH, epsilon=1e-3)


def test_functions_pickle():
    program = parse("x / group_std(x) * gamma")
    function, x = to_function(program, groups=2, epsilon=1e-3), jnp.asarray(np.tile(X, 2))
    copy = pickle.loads(pickle.dumps(function))
    assert copy == function
    for transform in (lambda f: f, jax.jit, lambda f: jax.grad(lambda x: f(x, gamma=2.0).sum())):
        np.testing.assert_array_equal(transform(copy)(x), transform(function)(x))
    assert pickle.loads(pickle.dumps(specialize(program))) == specialize(program)
