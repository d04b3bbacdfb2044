"""Sharpness against Hessians that are known, and small changes of a network whose effect is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch.evaluation.perturbation import fgsm, int8
from actsearch.evaluation.sharpness import sharpness

EIGENVALUES = [
    ([5.0, 1.0, 0.5], 5.0),
    ([4.0, -9.0, 1.0], 4.0),  # the largest magnitude is not the largest
    ([-1.0, -7.0, -3.0], -1.0),
    ([0.0, 0.0, 0.0], 0.0),
]


@pytest.mark.parametrize(("values", "expected"), EIGENVALUES, ids=str)
def test_the_sharpness_of_a_quadratic_is_its_largest_eigenvalue(values, expected):
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    matrix = jnp.array(turn @ np.diag(values) @ turn.T, jnp.float32)

    def loss(parameters):
        vector = jnp.concatenate([parameters["a"], parameters["b"][None]])
        return 0.5 * vector @ matrix @ vector + vector.sum()

    found = jax.jit(lambda own: sharpness(loss, own))({"a": jnp.array([0.3, -2.0]), "b": jnp.array(1.0)})
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_the_sharpness_of_a_network_is_that_of_its_whole_hessian():
    keys = jax.random.split(jax.random.key(1), 3)
    inputs, targets = jax.random.normal(keys[0], (32, 3)), jax.random.normal(keys[1], (32,))

    def loss(flat):
        return jnp.mean((jnp.tanh(inputs @ flat[:9].reshape(3, 3)) @ flat[9:] - targets) ** 2)

    flat = jax.random.normal(keys[2], (12,))
    assert sharpness(loss, flat) == pytest.approx(float(jnp.linalg.eigvalsh(jax.hessian(loss)(flat))[-1]), rel=1e-3)


def test_the_attack_costs_a_linear_classifier_its_margin():
    """Each margin w.x falls by the step times |w|_1: the accuracy after it is known."""
    weights = jnp.array([1.0, -2.0])
    inputs = jax.random.normal(jax.random.key(0), (200, 2))
    labels = jnp.sign(inputs @ weights)

    def loss(x):
        return jnp.mean(jax.nn.softplus(-labels * (x @ weights)))

    moved = fgsm(jax.grad(loss), inputs, 0.2)
    step = 0.2 * jnp.std(inputs)
    np.testing.assert_allclose(moved @ weights, inputs @ weights - labels * step * 3, rtol=1e-4, atol=1e-5)


def test_pixels_become_floats_before_the_attack():
    moved = fgsm(jax.grad(jnp.sum), np.array([0, 2], np.uint8), 1.0)
    assert moved.tolist() == [1.0, 3.0]


def test_eight_bits_keep_what_they_can_hold():
    rounded = int8(jnp.linspace(-3, 5, 1_000))
    assert len(np.unique(rounded)) <= 255
    assert jnp.max(jnp.abs(rounded - jnp.linspace(-3, 5, 1_000))) <= 5 / 127 / 2 + 1e-6
    integers = jnp.arange(-127.0, 128.0)
    assert (int8(integers) == integers).all()
    assert int8(jnp.zeros(3, jnp.bfloat16)).dtype == jnp.bfloat16


def test_weights_of_one_large_outlier_are_lost():
    """What per-tensor scales are known for: beside an outlier everything below half a step becomes 0."""
    weights = jnp.array([0.3, -0.3, 100.0])
    assert int8(weights).tolist() == [0.0, 0.0, 100.0]


def test_parameters_of_a_module_are_rounded_leaf_by_leaf():
    layer = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    state = jax.tree.map(int8, nnx.state(layer, nnx.Param))
    assert not jnp.array_equal(state["kernel"][...], layer.kernel[...])
    np.testing.assert_allclose(state["kernel"][...], layer.kernel[...], atol=0.01)
