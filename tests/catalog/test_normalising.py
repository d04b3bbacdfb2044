"""Published units with statistics that are no layer of LAYERS, against closed forms in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.special import expit
from scipy.stats import norm

from actsearch import to_function
from actsearch.catalog import CATALOG, LAYERS
from actsearch.nn import Layer
from tests.catalog.test_layers import BATCH, images, mean, own_batch, rms, std

FEATURES = 8
EXAMPLE = (1, 2, 3)


def normal(x, b):
    return (x - b[0]) / np.sqrt(b[1] + 1e-5)


def signed_log(x):
    return np.sign(x) * np.log(1 + 0.5 * np.abs(x))


def dice(x, p, b):
    share = expit(normal(x, b))
    return share * x + (1 - share) * p["alpha"] * x


def lifted(x):
    return 3 * (x - mean(x, EXAMPLE) - 2.3 * std(x, EXAMPLE))


FORMS = {
    "bhyt": lambda x, p, b: np.tanh(p["lam"] * 0.1 * x / rms(x, -1)) * p["gamma"],
    "dice": dice,
    "ash": lambda x, p, b: x * expit(lifted(x)),
    "hard_ash": lambda x, p, b: np.clip(x, 0, 2) * np.clip(lifted(x) + 3, 0, 6) / 6,
    "polynorm": lambda x, p, b: sum(p[f"w{i}"] * x ** (3 - i) / rms(x ** (3 - i), -1) for i in range(3)) + p["b"],
    "rela_gated": lambda x, p, b: x / rms(x, -1) * p["gamma"] * expit(p["w"] * x),
    "statistical_top_k": lambda x, p, b: np.maximum(x - (mean(x, -1) + std(x, -1) * norm.ppf(1 - 0.08)), 0),
    "abrelu": lambda x, p, b: np.maximum(0, x - p["beta"] * mean(x, EXAMPLE)),
    "turbulent": lambda x, p, b: signed_log(x) + np.sin(x) * np.exp(-(normal(x, b) ** 2) / 2),
    "prenorm_exp": lambda x, p, b: np.exp((x - mean(x, -1)) / std(x, -1) * p["gamma"] + p["shift"]),
}
STARTS = {
    "bhyt": {"lam": 2, "gamma": 1},
    "dice": {"alpha": 0},
    "polynorm": {"w0": 1 / 3, "w1": 1 / 3, "w2": 1 / 3, "b": 0},
    "rela_gated": {"gamma": 1, "w": 1},
    "abrelu": {"beta": 1},
    "prenorm_exp": {"gamma": 1, "shift": 0},
}
SHARED = {"bhyt": {"lam"}, "polynorm": {"w0", "w1", "w2", "b"}, "abrelu": {"beta"}}


def moved(name):
    rng = np.random.default_rng(1)
    program = CATALOG[name].program
    return {
        key: rng.normal(initial, 0.3, () if key in program.shared else FEATURES) for key, initial in program.parameters
    }


def layer_of(name, parameters):
    layer = Layer(CATALOG[name].program, FEATURES, param_dtype=jnp.result_type(float), momentum=0.0)
    for key, value in parameters.items():
        layer.parameters[key][...] = jnp.asarray(value, jnp.result_type(float))
    return layer


def test_every_unit_with_statistics_has_a_closed_form():
    assert {*FORMS, *LAYERS} >= {name for name, entry in CATALOG.items() if entry.program.reductions}
    assert not {*FORMS} & {*LAYERS}


@pytest.mark.parametrize("name", FORMS)
def test_initial_values(name):
    program = CATALOG[name].program
    assert dict(program.parameters) == pytest.approx(STARTS.get(name, {}))
    assert program.shared == SHARED.get(name, set())


@pytest.mark.parametrize("name", FORMS)
def test_value_in_training_and_evaluation(name):
    x, p = images(), moved(name)
    expected = FORMS[name](x, p, own_batch(x))
    with jax.enable_x64(True):
        layer = layer_of(name, p)
        np.testing.assert_allclose(layer(jnp.asarray(x)), expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(layer(jnp.asarray(x), True), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FORMS)
def test_gradients(name):
    """Along random directions, against central differences of the closed form."""
    x, p, weights, step, rng = images(), moved(name), images(5), 1e-6, np.random.default_rng(6)

    def loss(x, p):
        return np.sum(weights * FORMS[name](x, p, own_batch(x)))

    with jax.enable_x64(True):
        graph, state, rest = nnx.split(layer_of(name, p), nnx.Param, ...)
        ours = lambda x, state: jnp.sum(weights * nnx.merge(graph, state, rest, copy=True)(x))  # noqa: E731
        d_x, d_state = jax.tree.map(np.asarray, jax.grad(ours, (0, 1))(jnp.asarray(x), state))
    direction = rng.standard_normal(x.shape)
    difference = (loss(x + step * direction, p) - loss(x - step * direction, p)) / (2 * step)
    np.testing.assert_allclose(np.sum(d_x * direction), difference, rtol=1e-5, atol=1e-5)
    for key, slope in nnx.to_pure_dict(d_state).get("parameters", {}).items():
        direction = rng.standard_normal(np.shape(slope))
        after, before = (loss(x, p | {key: p[key] + sign * step * direction}) for sign in (1, -1))
        np.testing.assert_allclose(np.sum(slope * direction), (after - before) / (2 * step), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", FORMS)
def test_half_precision(name):
    """Computed in float32 and rounded last, as every unit with statistics; the slope is finite."""
    x = jnp.asarray(images(), jnp.bfloat16)
    exact, p = np.asarray(x, float), dict(CATALOG[name].program.parameters)
    value, back = jax.vjp(to_function(CATALOG[name].program), x)
    assert value.dtype == jnp.bfloat16
    np.testing.assert_allclose(
        np.asarray(value, float), FORMS[name](exact, p, own_batch(exact)), rtol=2.0**-7, atol=1e-3
    )
    assert np.isfinite(np.asarray(back(jnp.ones_like(value))[0], float)).all()


def test_eight_of_a_hundred_normal_features_are_kept():
    x = np.random.default_rng(0).standard_normal((64, 2048)).astype(np.float32)
    kept = np.asarray(Layer(CATALOG["statistical_top_k"].program, 2048)(x)) > 0
    assert kept.mean() == pytest.approx(0.08, abs=0.003)


def test_polynorm_does_not_see_the_scale():
    x = jnp.asarray(images(), jnp.float32)
    layer = Layer(CATALOG["polynorm"].program, FEATURES, epsilon=0.0)
    np.testing.assert_allclose(layer(3 * x), layer(x), rtol=1e-4, atol=1e-5)


def test_dice_keeps_the_batch_out_of_evaluation():
    layer = Layer(CATALOG["dice"].program, FEATURES)
    x = jnp.asarray(images(), jnp.float32)
    layer(x)
    np.testing.assert_allclose(layer(x[:1], True), layer(x, True)[:1], rtol=1e-6)
    assert layer.statistics.shape == (2, FEATURES)
    assert len(BATCH) == x.ndim - 1
