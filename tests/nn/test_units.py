"""The contract of every unit that is a module: value, gradient, initial values, published special cases, dtype."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.interpolate import BSpline
from scipy.special import expit, ndtr

from actsearch.catalog import MODULES
from actsearch.language import ActsearchError
from actsearch.nn import units

FEATURES = 16
ONE_SIDED = ("gdn", "igdn")
"""Whose gradient below 0 is not that of their value; see the tests of their bounds."""
ROWS = np.random.default_rng(0).normal(0, 1.5, (12, FEATURES))
X = np.concatenate([ROWS, np.outer([0, 1, -1e4, 1e4], np.ones(FEATURES))])
"""Ordinary rows, and rows at kinks and far out."""


def build(name, param_dtype=jnp.float32):
    """Returns the module, with its weights moved from where they start, in a precision."""
    features = (FEATURES, 8) if MODULES[name].weights else (FEATURES,)
    module = MODULES[name].build(*features, **OPTIONS.get(name, {}))
    rng = np.random.default_rng(1)
    sign = np.abs if name in ONE_SIDED else np.asarray
    moved = lambda leaf: jnp.asarray(sign(leaf + 0.05 * rng.standard_normal(leaf.shape)), param_dtype)  # noqa: E731
    nnx.update(module, jax.tree.map(moved, nnx.state(module, nnx.Param)))
    return module


@functools.cache
def measured(name, dtype):
    """Returns weights, cotangent, value, and gradients of x and of the weights; the cotangent is 0 on the far rows."""
    graph, state = nnx.split(build(name, dtype))
    x = jnp.asarray(X, dtype)

    @functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})  # compiled once, run once
    def run(x, state, cotangent):
        value, back = jax.vjp(lambda x, state: nnx.merge(graph, state)(x), x, state)
        return value, *back(cotangent)

    shape = jax.eval_shape(lambda x, state: nnx.merge(graph, state)(x), x, state).shape
    cotangent = np.random.default_rng(2).standard_normal(shape)
    cotangent[len(ROWS) :] = 0
    value, d_x, d_state = run(x, state, jnp.asarray(cotangent, dtype))
    return pure(state), cotangent, value, nnx.to_pure_dict(d_state) | {"x": d_x}


def pure(state):
    return jax.tree.map(lambda leaf: np.asarray(leaf, float), nnx.to_pure_dict(state))


def kept(x, k):
    order = np.argsort(-x, axis=-1, kind="stable")
    mask = np.zeros(x.shape, bool)
    np.put_along_axis(mask, order[..., :k], True, axis=-1)
    return mask


def basis(x):
    """The cubic B-splines of five intervals on +-1, by SciPy."""
    knots = -1 + 0.4 * np.arange(-3, 9)
    columns = [BSpline.basis_element(knots[i : i + 5], extrapolate=False)(x) for i in range(8)]
    return np.nan_to_num(np.stack(columns, -1))


def silu(x):
    return x * expit(x)


def rational(x, a, b, absolute):
    top = sum(a[..., i] * x**i for i in range(6))
    terms = [b[..., j - 1] * x**j for j in range(1, 5)]
    return top / (1 + (sum(map(np.abs, terms)) if absolute else np.abs(sum(terms))))


def group_rational(x, p):
    columns = np.repeat(p["denominator"], FEATURES // 8, axis=0)
    return rational(x, p["numerator"], columns, True)


def householder(x, p):
    v = p["direction"] / np.linalg.norm(p["direction"], axis=-1, keepdims=True)
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    along = (v * pairs).sum(-1, keepdims=True)
    return np.where(along > 0, pairs, pairs - 2 * v * along).reshape(x.shape)


def divisor(x, p):
    b, g = p["beta"] ** 2 - 2.0**-36, np.maximum(p["gamma"], 2.0**-18) ** 2 - 2.0**-36
    return np.sqrt(b + x**2 @ g)


def series(x, p):
    k = np.arange(1, 6)
    terms = np.cos(x[..., None] * k), np.sin(x[..., None] * k)
    return sum(np.einsum("...ik,iok->...o", *pair) for pair in zip(terms, (p["cosines"], p["sines"]))) + p["bias"]  # noqa: B905


def chebyshev(x, p):
    t = np.cos(np.arange(5) * np.arccos(np.tanh(x))[..., None])
    return np.einsum("...in,ion->...o", t, p["coefficients"])


def fan(x, p):
    angles, plain = x @ p["periodic"]["kernel"], x @ p["plain"]["kernel"] + p["plain"]["bias"]
    return np.concatenate([np.cos(angles), np.sin(angles), plain * ndtr(plain)], -1)


def kan(x, p):
    return silu(x) @ p["base"] + np.einsum("...ik,iok->...o", basis(x), p["scale"][..., None] * p["coefficients"])


def softmax(x):
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def sparsemax(x):
    """By bisection for the threshold."""
    low, high = x.min(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(100):
        middle = (low + high) / 2
        above = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.maximum(x - low, 0)


def stablemax(x):
    positive = np.where(x >= 0, x + 1, 1 / (1 - np.minimum(x, 0)))
    return positive / positive.sum(-1, keepdims=True)


def softplus_share(x):
    with np.errstate(divide="ignore"):
        return softmax(np.where(x < -40, x, np.log(np.logaddexp(np.maximum(x, -40), 0))))


def meta_acon(x, p):
    beta = expit(linear(linear(x, p["down"]), p["up"]))
    slope = (p["p1"] - p["p2"]) * x
    return slope * expit(beta * slope) + p["p2"] * x


def linear(x, p):
    return x @ p["kernel"] + p["bias"]


def layer_norm(x, p):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * p["scale"] + p["bias"]


def spatial_gate(x, p):
    u, v = np.split(x, 2, axis=-1)
    return u * (p["weights"] @ layer_norm(v, p["norm"]) + p["bias"][:, None])


def piecewise_gain(x, p):
    return x * np.take_along_axis(p["levels"], np.searchsorted([-2, -1, 0, 1, 2], x), axis=0)


def gaussian_basis(x):
    centres = np.linspace(-1, 1, 8)
    return np.exp(-(((x[..., None] - centres) / (2 / 7)) ** 2) / 2).reshape(len(x), -1)


def scaled_ws(x, p):
    weights = (p["kernel"] - p["kernel"].mean(0)) / (p["kernel"].std(0) * FEATURES**0.5)
    return x @ (weights * p["gain"]) + p["bias"]


def mu_layer(x, p):
    a = layer_norm(linear(x, p["first"]), p["norm"])
    b = layer_norm(linear(linear(x, p["down"]), p["up"]), p["other_norm"])
    return linear(a + p["alpha"] * a * b, p["last"])


def pi_net(x, p):
    first, second, third = (x @ factor for factor in p["factors"])
    return linear((third + 1) * (second + 1) * first, p["last"])


def quadratic(x, p):
    return np.maximum(linear(x, p["ordinary"]) * linear(x, p["gate"]) + linear(x**2, p["square"]), 0)


FORMS = {
    "top_k_linear": lambda x, p: np.where(kept(x, 4), x, 0),
    "top_k_relu": lambda x, p: np.where(kept(x, 4), np.maximum(x, 0), 0),
    "top_k_subtract": lambda x, p: np.maximum(x - np.sort(x, -1)[..., -4:-3], 0),
    "lwta": lambda x, p: np.where(kept(x.reshape(len(x), -1, 2), 1), x.reshape(len(x), -1, 2), 0).reshape(x.shape),
    "maxmin": lambda x, p: -np.sort(-x.reshape(*x.shape[:-1], -1, 2), -1).reshape(x.shape),
    "group_sort": lambda x, p: np.sort(x.reshape(*x.shape[:-1], -1, 2), -1).reshape(x.shape),
    "householder": householder,
    "kan_bspline": kan,
    "spline_mlp": lambda x, p: p["base"] * silu(x) + (basis(x) * p["coefficients"]).sum(-1),
    "fourier_kan": series,
    "chebyshev": chebyshev,
    "fan_layer": fan,
    "pau_a": lambda x, p: rational(x, p["numerator"], p["denominator"], True),
    "pau_b": lambda x, p: rational(x, p["numerator"], p["denominator"], False),
    "group_rational": group_rational,
    "gdn": lambda x, p: x / divisor(x, p),
    "igdn": lambda x, p: x * divisor(x, p),
    "helu": lambda x, p: np.maximum(x, 0),
    "sign_ste": lambda x, p: np.where(x < 0, -1.0, 1.0),
    "few_bit_backward": lambda x, p: x * ndtr(x),
    "softmax": lambda x, p: softmax(x),
    "sparsemax": lambda x, p: sparsemax(x),
    "stablemax": lambda x, p: stablemax(x),
    "softplus_l1": lambda x, p: softplus_share(x),
    "ash_percentile": lambda x, p: np.where(x >= np.quantile(x, 0.9, axis=-1, keepdims=True), x, 0),
    "meta_acon": meta_acon,
    "sgu": spatial_gate,
    "tmaf": piecewise_gain,
    "shifted_basis": lambda x, p: gaussian_basis(x),
    "scaled_ws": scaled_ws,
    "quadratic_neuron": quadratic,
    "mu_layer": mu_layer,
    "pi_net_ccp": pi_net,
    "nau": lambda x, p: x @ np.clip(p["weights"], -1, 1),
    "nmu": lambda x, p: np.prod(p["weights"] * x[..., None] + 1 - p["weights"], axis=-2),
    "biper": lambda x, p: np.where(np.sin(x) < 0, -1.0, 1.0),
    "xnor_scaled_sign": lambda x, p: np.where(x < 0, -1, 1) * np.abs(x).mean(-1, keepdims=True),
    "fake_quant": lambda x, p: np.round((np.clip(x, -1, 1) + 1) * 255 / 2) * 2 / 255 - 1,
}
OPTIONS = {name: {"k": 4} for name in FORMS if name.startswith("top_k")} | {"sgu": {"tokens": len(X)}}
HEAVY = ("meta_acon", "mu_layer", "pi_net_ccp", "quadratic_neuron", "scaled_ws", "sgu")
"""Those that take seconds to compile."""
UNITS = [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in FORMS]
OWN_BACKWARD = ("helu", "sign_ste", "few_bit_backward", "biper", "xnor_scaled_sign", "fake_quant")


@pytest.fixture(autouse=True)
def exact():
    with jax.enable_x64(True):
        yield


def test_every_module_has_a_closed_form():
    assert FORMS.keys() == MODULES.keys()
    assert {entry.module for entry in MODULES.values()} == set(units.__all__)


@pytest.mark.parametrize("name", UNITS)
def test_value(name):
    p, _, value, slopes = measured(name, "float64")
    np.testing.assert_allclose(value, FORMS[name](X, p), rtol=1e-9, atol=1e-9)
    assert value.dtype == jnp.float64
    assert all(np.isfinite(slope).all() for slope in jax.tree.leaves(slopes)), "far out and at kinks too"


@pytest.mark.parametrize("name", [unit for unit in UNITS if unit not in OWN_BACKWARD])
def test_gradients(name):
    """Of x and of every weight along random directions, against central differences of the closed form."""
    p, cotangent, _, slopes = measured(name, "float64")
    rng, step, rows = np.random.default_rng(3), 1e-6, len(ROWS)
    for path, slope in jax.tree.leaves_with_path(slopes):
        direction = rng.standard_normal(slope.shape)
        ends = [FORMS[name](*nudged(p, path, sign * step * direction))[:rows] for sign in (1, -1)]
        difference = np.sum(cotangent[:rows] * (ends[0] - ends[1])) / (2 * step)
        np.testing.assert_allclose(np.sum(np.asarray(slope) * direction), difference, rtol=1e-5, atol=1e-5)


def nudged(p, path, change):
    """Returns x and the weights, one of them moved."""
    keys = [part.key for part in path]
    if keys == ["x"]:
        return X + change, p
    copy = jax.tree.map(np.copy, p)
    inner = functools.reduce(dict.get, keys[:-1], copy)
    inner[keys[-1]] = inner[keys[-1]] + change
    return X, copy


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("name", FORMS)
def test_dtype_stays(name, dtype):
    module, x = build(name, dtype), jax.ShapeDtypeStruct(X.shape, dtype)
    graph, state = nnx.split(module)
    value = jax.eval_shape(lambda state, x: nnx.merge(graph, state)(x), state, x)
    assert value.dtype == dtype


@pytest.mark.parametrize("name", ["kan_bspline", "chebyshev", "pau_a", "gdn", "few_bit_backward"])
def test_half_precision_is_finite_and_near(name):
    p, _, value, slopes = measured(name, "bfloat16")
    assert all(np.isfinite(np.asarray(slope, float)).all() for slope in jax.tree.leaves(slopes))
    exact = FORMS[name](np.asarray(jnp.asarray(X, jnp.bfloat16), float), p)[: len(ROWS)]
    error = np.abs(np.asarray(value, float)[: len(ROWS)] - exact)
    assert (error <= 0.25 * (1 + np.abs(exact))).all()


# Initial values.

STARTS = {
    "householder": {"direction": (2**-0.5, -(2**-0.5))},
    "kan_bspline": {"scale": 1.0},
    "spline_mlp": {"base": 1.0},
    "fourier_kan": {"bias": 0.0},
    "pau_a": {"numerator": units.rational.NUMERATOR, "denominator": units.rational.DENOMINATOR},
    "group_rational": {"denominator": units.rational.DENOMINATOR},
    "gdn": {"beta": 1.0},
    "sgu": {"bias": 1.0},
    "tmaf": {"levels": np.repeat([[0.0], [1.0]], 3, axis=0)},
    "scaled_ws": {"gain": 1.0, "bias": 0.0},
    "quadratic_neuron": {"gate": {"kernel": 0.0, "bias": 1.0}, "square": {"kernel": 0.0, "bias": 0.0}},
    "mu_layer": {"alpha": 1.0, "first": {"bias": 1.0}, "up": {"bias": 1.0}},
}
SPREADS = {
    # name -> weight -> standard deviation
    "kan_bspline": {"base": 16**-0.5, "coefficients": 0.02},
    "spline_mlp": {"coefficients": 0.02},
    "fourier_kan": {"cosines": 80**-0.5, "sines": 80**-0.5},
    "chebyshev": {"coefficients": 1 / 80},
    "scaled_ws": {"kernel": 1.0},
    "nau": {"weights": (6 / 144 / 3) ** 0.5},
}


def fresh(name):
    return pure(nnx.state(MODULES[name].build(*((FEATURES, 128) if MODULES[name].weights else (FEATURES,))), nnx.Param))


@pytest.mark.parametrize("name", STARTS)
def test_initial_values(name):
    start = fresh(name)
    flat = {key: value for key, value in STARTS[name].items() if not isinstance(value, dict)}
    for key, inner in STARTS[name].items():
        for part, value in inner.items() if isinstance(inner, dict) else ():
            np.testing.assert_array_equal(start[key][part], value)
    for key, value in flat.items():
        np.testing.assert_allclose(start[key], np.broadcast_to(value, start[key].shape), rtol=1e-5)


@pytest.mark.parametrize("name", SPREADS)
def test_initial_spreads(name):
    start = fresh(name)
    for key, spread in SPREADS[name].items():
        assert start[key].std() == pytest.approx(spread, rel=0.2)
        assert abs(start[key].mean()) < spread / 3


def test_gamma_of_gdn_starts_as_a_tenth_of_the_identity():
    np.testing.assert_allclose(fresh("gdn")["gamma"] ** 2, 0.1 * np.eye(FEATURES), atol=1e-9)


@pytest.mark.parametrize("name", [name for name in FORMS if MODULES[name].words & {"fixed"}])
def test_fixed_units_have_no_weights(name):
    assert jax.tree.leaves(nnx.state(MODULES[name].build(FEATURES))) == []


# Special cases that the papers state.


def test_householder_starts_as_maxmin():
    np.testing.assert_allclose(
        units.Householder(FEATURES)(jnp.asarray(X, jnp.float32)), FORMS["maxmin"](X, {}), rtol=1e-5, atol=1e-6
    )


def test_maxmin_householder_and_group_sort_keep_norms():
    for name in ("maxmin", "householder", "group_sort"):
        value = build(name, jnp.float64)(jnp.asarray(X))
        np.testing.assert_allclose(np.linalg.norm(value, axis=-1), np.linalg.norm(X, axis=-1))


def test_all_of_all_is_everything():
    np.testing.assert_array_equal(units.TopK(FEATURES, k=FEATURES)(jnp.asarray(X)), X)


def test_exactly_k_of_equal_values_are_kept():
    assert int(jnp.sum(units.TopK(FEATURES, k=3)(jnp.ones(FEATURES)))) == 3


def test_splines_sum_to_one_inside_the_grid_and_are_zero_outside():
    x = np.concatenate([np.linspace(-0.999, 0.999, 99), [-2.3, 2.3, 10.0]])
    total = jax.jit(lambda x: units.splines.bspline_basis(x, 5, 3, -1.0, 1.0).sum(-1))(x)
    np.testing.assert_allclose(total, [1.0] * 99 + [0.0] * 3, atol=1e-12)


def test_the_two_pade_denominators_differ():
    x, one, b = jnp.float64(2.0), jnp.ones(1), jnp.array([0.1, -0.25])
    values = [1 / float(units.rational.rational(x, one, b, form)) for form in "AB"]
    np.testing.assert_allclose(values, [2.2, 1.8])


def test_a_rational_starts_near_the_leaky_relu():
    x = jnp.linspace(-3, 3, 61)
    start = units.Rational(61)(x)
    assert float(jnp.abs(start - jnp.where(x > 0, x, 0.01 * x)).max()) < 0.04


def test_igdn_undoes_gdn_about_0():
    x = jnp.asarray(1e-3 * ROWS)
    np.testing.assert_allclose(units.GDN(FEATURES, inverse=True)(units.GDN(FEATURES)(x)), x, rtol=1e-3)


def test_a_gradient_reaches_weights_of_gdn_at_zero():
    slope = nnx.grad(lambda module: module(jnp.asarray(X)).sum())(units.GDN(FEATURES))
    assert (np.asarray(slope["gamma"][...]) != 0).all()


def test_weights_of_gdn_below_their_bound_come_back():
    """Whatever the sign of the loss, one of the two gradients raises them, and the other leaves them alone."""
    module, at_bound, slopes = units.GDN(FEATURES), units.GDN(FEATURES), []
    module.gamma[...] = jnp.full_like(module.gamma[...], -1e-3)
    at_bound.gamma[...] = jnp.zeros_like(module.gamma[...])
    assert (module(jnp.asarray(X)) == at_bound(jnp.asarray(X))).all()
    for sign in (1, -1):
        loss = nnx.grad(lambda module, sign=sign: sign * jnp.square(module(jnp.asarray(X))).sum())
        slopes.append(np.asarray(loss(module)["gamma"][...]))
    assert (slopes[0] < 0).all()
    assert (slopes[1] == 0).all()


def slope_of(module, x):
    return jax.grad(lambda x: module(x).sum())(jnp.asarray(x)).tolist()


def test_the_gradient_of_helu_passes_below_zero():
    module = units.HeLU(4, alpha=0.05)
    assert slope_of(module, [-0.06, -0.04, 0.0, 2.0]) == [0.0, 1.0, 1.0, 1.0]
    assert slope_of(units.HeLU(2, alpha=0), [0.0, 1.0]) == [0.0, 1.0]


def test_the_gradient_of_the_sign_is_straight_through():
    module = units.SignSTE(4)
    assert slope_of(module, [-1.1, -1.0, 0.0, 5.0]) == [0.0, 1.0, 1.0, 0.0]
    assert module(jnp.zeros(4)).tolist() == [1.0] * 4


def test_positive_maps_sum_to_one_and_keep_small_shares():
    far = jnp.asarray([-1e3, -1e3 + np.log(2), -2e3])
    for form in ("softmax", "softplus", "stablemax", "sparsemax"):
        assert units.Simplex(3, form=form)(far).sum() == pytest.approx(1)
    np.testing.assert_allclose(units.Simplex(3, form="softplus")(far)[:2], [1 / 3, 2 / 3], rtol=1e-6)
    half = units.Simplex(2, form="softplus")
    np.testing.assert_allclose(half(jnp.array([-20, -20], jnp.float16)), 0.5)
    assert jnp.isfinite(jax.grad(lambda x: half(x)[0])(jnp.array([-40, -20], jnp.float16))).all()


def test_stablemax_is_smooth_at_zero_and_has_a_gradient_at_one():
    """Both pieces have the slope 1 at 0; the piece that is not used would divide by 0 at 1."""
    slopes = jax.vmap(jax.grad(lambda x: units.simplex.stablemax(jnp.stack([x, 0.0 * x]))[0]))(
        jnp.array([-1e-9, 1e-9, 1.0])
    )
    np.testing.assert_allclose(slopes, [0.25, 0.25, 1 / 9], rtol=1e-6)


def test_the_slope_of_a_square_wave_is_that_of_its_sine():
    np.testing.assert_allclose(slope_of(units.BiPer(2, omega=3.0), [0.1, 2.0]), 3 * np.cos([0.3, 6.0]), rtol=1e-6)


def test_a_scaled_sign_is_straight_through_and_scaled():
    """Of (0.5, -2): K = 1.25, and its slope is that of |x| over the number of channels, times the sum of the signs."""
    assert slope_of(units.ScaledSign(2), [0.5, -2.0]) == [1.25, 0.0]
    image = jnp.zeros((1, 3, 3, 1)).at[0, 1, 1, 0].set(9.0)
    box = [[9 / 4, 1.5, 9 / 4], [1.5, 1, 1.5], [9 / 4, 1.5, 9 / 4]]
    np.testing.assert_allclose(units.ScaledSign(1)(image)[0, :, :, 0], box)


def test_rounding_passes_the_gradient_inside_its_range():
    assert slope_of(units.FakeQuant(3), [-1.5, 0.3, 1.0]) == [0.0, 1.0, 1.0]


def test_scaled_weights_keep_the_variance():
    layer = units.ScaledWSLinear(400, 300, rngs=nnx.Rngs(0))
    assert float(layer(jax.random.normal(jax.random.key(0), (500, 400))).std()) == pytest.approx(1, abs=0.02)


def test_arithmetic_units_add_and_multiply():
    chosen = jnp.array([[1.0], [0.0], [1.0]], jnp.float32)
    for unit, expected in ((units.NAU(3, 1, rngs=nnx.Rngs(0)), 5.0), (units.NMU(3, 1, rngs=nnx.Rngs(0)), 6.0)):
        unit.weights[...] = chosen
        assert float(unit(jnp.array([2.0, 7.0, 3.0]))[0]) == expected


def test_statistics_of_images_are_over_space():
    image = jnp.arange(32.0).reshape(1, 4, 4, 2)
    assert int((units.PercentileASH(2, share=0.25)(image) > 0).sum()) == 8
    module = units.MetaACON(2, rngs=nnx.Rngs(0))
    assert not jnp.allclose(module(image)[0, 0, 0], module(image[:, 0, 0])[0])


@pytest.mark.parametrize(("bits", "error"), [(1, 0.0384), (2, 0.0080), (3, 0.0019), (4, 0.0006)])
def test_the_error_of_few_bits_is_the_published_one(bits, error):
    assert units.FewBit(FEATURES, bits=bits).error == pytest.approx(error, abs=5e-5)


def test_the_slope_of_few_bits_is_the_nearest_level():
    module = units.FewBit(FEATURES, bits=2)
    slopes = np.array(slope_of(module, X))
    assert len(np.unique(slopes)) == 4
    pieces = np.searchsorted(module.borders, X)
    np.testing.assert_allclose(slopes, np.array(module.levels)[pieces], rtol=1e-6)


def test_few_bits_of_any_function():
    module = units.FewBit(FEATURES, function=jax.nn.relu, bits=1)
    assert module.error < 1e-9
    np.testing.assert_allclose(slope_of(module, X), (X > 0).astype(float), atol=1e-6)


@pytest.mark.parametrize("name", ["maxmin", "pau_a", "few_bit_backward"])
def test_a_unit_is_a_site_of_a_network_under_jit(name):
    module, x = MODULES[name].build(FEATURES), jnp.asarray(X, jnp.float32)
    np.testing.assert_allclose(nnx.jit(lambda module, x: module(x))(module, x), module(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: units.TopK(4, k=5), "TopK needs k of 1 to 4; received 5"),
        (lambda: units.TopK(4, mode="soft"), "modes linear, relu and subtract; received 'soft'"),
        (lambda: units.MaxMin(5), "MaxMin needs features that groups of 2 fill; received 5"),
        (lambda: units.Rational(4, form="C"), "forms A and B; received 'C'"),
        (lambda: units.Simplex(4, form="max"), "forms softmax, sparsemax, stablemax, softplus; received 'max'"),
        (lambda: units.ScaledSign(4, window=2), "an odd window of at least 1; received 2"),
        (lambda: units.FakeQuant(4, low=1.0, high=1.0), "low below high; received 1.0 and 1.0"),
        (lambda: units.GaussianBasis(4, low=1.0, high=1.0), "low below high; received 1.0 and 1.0"),
        (lambda: units.KAN(4, 2, low=1.0, high=-1.0, rngs=nnx.Rngs(0)), "low below high; received 1.0 and -1.0"),
        (
            lambda: units.SplineActivation(4, low=1.0, high=0.0, rngs=nnx.Rngs(0)),
            "low below high; received 1.0 and 0.0",
        ),
        (lambda: units.PiecewiseGain(4, knots=(1.0, 2.0)), "ascending knots, 0 among them; received"),
        (lambda: units.FewBit(4, bits=9), "bits of 1 to 8; received 9"),
        (lambda: units.MaxMin(4)(jnp.ones((2, 6))), "has 4 features; received an input of shape"),
    ],
)
def test_mistakes_are_one_sentence(make, message):
    with pytest.raises(ActsearchError, match=message):
        make()


def test_whole_numbers_are_no_input():
    with pytest.raises(TypeError, match="floating-point input; received int"):
        units.MaxMin(4)(jnp.ones((2, 4), jnp.int32))
